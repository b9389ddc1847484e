// Updates the page, and submits the forms in the background. The page also works without it.
"use strict";

const INTERVAL_MS = 500;
const MAX_INTERVAL_MS = 2000;
const live = document.getElementById("live");
const notice = document.getElementById("notice");
let etag = null;
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
  const started = performance.now();
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const response = await fetch(live.dataset.url, { headers, cache: "no-store" });
    const now = response.headers.get("Emulator-Now");
    if (now) document.getElementById("now").textContent = now;
    if (response.status === 200) {
      etag = response.headers.get("ETag");
      show(parse(await response.text()));
    }
    document.body.classList.remove("gone");
  } catch {
    document.body.classList.add("gone");
    say(notice.dataset.gone, true);
  }
  clearTimeout(timer);
  // A page that takes long to make is asked for less often.
  const pause = Math.min(Math.max(INTERVAL_MS, 4 * (performance.now() - started)), MAX_INTERVAL_MS);
  timer = setTimeout(() => document.hidden || refresh(), pause);
}

function say(text, isProblem) {
  notice.textContent = text;
  notice.classList.toggle("problem", isProblem);
}

async function send(event) {
  const form = event.target;
  const button = event.submitter;
  event.preventDefault();
  if (button && button.dataset.confirm && !confirm(button.dataset.confirm)) return;
  const body = new URLSearchParams(new FormData(form, button));
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const result = await response.json();
    const sent = button ? `${button.getAttribute("aria-label") || button.textContent}: ` : "";
    say(response.ok ? sent + notice.dataset.done : result.message, !response.ok);
    if (response.ok && form.elements.paymentId && form.elements.orderName) next(form.elements.paymentId);
  } catch {
    say(notice.dataset.gone, true);
  }
  await refresh();
}

// Suggest the next ID: order-1, order-2, ...
function next(field) {
  field.value = field.value.replace(/\d+$/, (digits) => String(Number(digits) + 1));
}

// Open the section that a link of the page leads to.
function reveal(event) {
  const link = event.target.closest("a[href^='#']");
  const details = link && document.querySelector(`${link.getAttribute("href")} > details`);
  if (details) details.open = true;
}

// On a phone, only the payments are open at first.
function fold() {
  for (const details of live.querySelectorAll("section:not(#payments) > details")) details.open = false;
}

if (live) {
  if (matchMedia("(max-width: 44rem)").matches) fold();
  document.addEventListener("click", reveal);
  document.addEventListener("submit", send);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  refresh();
}
