// Tells the shop's page the result of a window that it shows in a frame or a popup, closes a window
// on Escape, and submits a choice only once. A window that the shop redirects to also works without.
"use strict";

const main = document.querySelector("main");
const form = main.querySelector("form");
const shopOrigin = main.dataset.shopOrigin;
const shop = window.opener ?? (window.parent === window ? null : window.parent);
let isSubmitted = false;

// Delivered only to a page of the origin that the emulator allowed.
function tell(message) {
  if (shop && shopOrigin) shop.postMessage(message, shopOrigin);
}

function leave() {
  if (form) form.requestSubmit(form.querySelector("button[value=leave]"));
}

if (form) {
  form.addEventListener("submit", (event) => {
    // A second choice must not hide the result of the first, which may have been carried out.
    if (isSubmitted) event.preventDefault();
    isSubmitted = true;
  });
  addEventListener("pageshow", (event) => (isSubmitted &&= !event.persisted)); // by the back button
  addEventListener("keydown", (event) => event.key === "Escape" && leave());
  addEventListener("message", (event) => {
    const isFromShop = event.source === shop && event.origin === shopOrigin;
    if (isFromShop && event.data?.type === "portone-emulator:leave") leave();
  });
  form.querySelector("button").focus();
  tell({ type: "portone-emulator:opened" });
} else {
  tell({ type: "portone-emulator:result", result: JSON.parse(main.dataset.result) });
}
