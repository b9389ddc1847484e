// Shows an order's changes on its open page. Without scripts, the page reloads itself.
const live = document.getElementById("live");
const address = document.body.dataset.live;
if (live && address) {
  const events = new EventSource(address);
  events.onmessage = (event) => {
    live.innerHTML = JSON.parse(event.data); // written by our own views.py, which escapes
  };
}
