// The page also works without this script, which updates the tables and submits forms in the background.
"use strict";

const EVERY = 500;
const live = document.getElementById("live");
const notice = document.getElementById("notice");
let tag = null;
let timer = null;

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").getElementById("live");
}

// Replace changed sections, keeping the focus and opened details.
function show(fresh) {
  for (const section of fresh.children) {
    const shown = document.getElementById(section.id);
    const focused = shown.contains(document.activeElement) && document.activeElement.dataset.key;
    const opened = new Set(
      Array.from(shown.querySelectorAll("details[open] > summary"), (each) => each.dataset.key)
    );
    for (const summary of section.querySelectorAll("summary")) {
      summary.parentElement.open = opened.has(summary.dataset.key);
    }
    if (shown.innerHTML === section.innerHTML) continue;
    shown.replaceChildren(...section.childNodes);
    if (!focused) continue;
    const again = Array.from(shown.querySelectorAll("[data-key]"), (each) => each)
      .find((each) => each.dataset.key === focused);
    (again || shown).focus();
  }
}

async function refresh() {
  clearTimeout(timer);
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const reply = await fetch("/_emulator/live", { headers, cache: "no-store" });
    const now = reply.headers.get("Emulator-Now");
    if (now) document.getElementById("now").textContent = now;
    if (reply.status === 200) {
      tag = reply.headers.get("ETag");
      show(parse(await reply.text()));
    }
    document.body.classList.remove("gone");
  } catch {
    document.body.classList.add("gone");
    say("The emulator does not respond.", true);
  }
  clearTimeout(timer);
  timer = setTimeout(() => document.hidden || refresh(), EVERY);
}

function say(text, isProblem) {
  notice.textContent = text;
  notice.classList.toggle("problem", isProblem);
}

async function send(event) {
  const form = event.target;
  const button = event.submitter;
  event.preventDefault();
  if (form.action.endsWith("/reset") && !confirm("Discard all state?")) return;
  const body = new URLSearchParams(new FormData(form, button));
  try {
    const reply = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const answer = await reply.json();
    const done = button ? button.getAttribute("aria-label") || button.textContent : "Done";
    say(reply.ok ? `${done}: done` : answer.message, !reply.ok);
    if (reply.ok && form.elements.paymentId && form.elements.orderName) next(form.elements.paymentId);
  } catch {
    say("The emulator does not respond.", true);
  }
  await refresh();
}

// Suggest the next id: order-1, order-2, ...
function next(field) {
  field.value = field.value.replace(/\d+$/, (digits) => String(Number(digits) + 1));
}

if (live) {
  document.addEventListener("submit", send);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  refresh();
}
