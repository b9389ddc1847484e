// An order's page follows the order. Without this script the page loads itself again.
const live = document.getElementById("live");
const address = document.body.dataset.live;
if (live && address) {
  const events = new EventSource(address);
  events.onmessage = (event) => {
    live.innerHTML = JSON.parse(event.data); // written by our own views.py, which escapes
  };
}
