const form = document.getElementById("filter");
const text = document.getElementById("text");
const groups = [...document.querySelectorAll("details.group")];
const rows = [...document.querySelectorAll(".row")];
const chosen = (name) => new Set([...form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value));

function apply() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const effects = chosen("effect");
  const stable = chosen("stable");
  let shown = 0;
  for (const section of document.querySelectorAll("main section")) {
    const wanted = effects.has(section.dataset.effect) && stable.has(section.dataset.stable);
    let inSection = 0;
    for (const group of section.querySelectorAll("details.group")) {
      let inGroup = 0;
      for (const row of group.querySelectorAll(".row")) {
        const content = row.textContent.toLowerCase();
        row.hidden = !wanted || !words.every((word) => content.includes(word));
        inGroup += row.hidden ? 0 : 1;
      }
      group.hidden = inGroup === 0;
      group.querySelector(".count").textContent = inGroup;
      if (words.length && inGroup) group.open = true;
      inSection += inGroup;
    }
    section.hidden = inSection === 0;
    shown += inSection;
  }
  document.getElementById("none").hidden = shown > 0;
  document.getElementById("shown").textContent = `${shown} of ${rows.length} rows`;
}

form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(apply));
document.getElementById("open").addEventListener("click", () => groups.forEach((group) => { group.open = true; }));
document.getElementById("close").addEventListener("click", () => groups.forEach((group) => { group.open = false; }));
apply();
