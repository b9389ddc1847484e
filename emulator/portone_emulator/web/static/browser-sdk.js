// A drop-in for PortOne's browser SDK (V2): the same functions, over the emulator's windows.
//
// It runs in the shop's page, which is of another origin than the emulator. It asks the emulator
// whether the window opens, shows it in a frame, a popup or instead of the page, and receives the
// result by message, from that window only.
(() => {
  "use strict";

  // A module has no `currentScript`.
  const { src } = document.currentScript ?? document.querySelector("script[src*='/v2/browser-sdk.js']");
  const EMULATOR = new URL(src).origin;
  const TEXTS = navigator.language.startsWith("ko")
    ? { title: "포트원 에뮬레이터", close: "닫기" }
    : { title: "PortOne emulator", close: "Close" };
  const POPUP = { width: 480, height: 720 };
  const CLOSED_POLL_MS = 200; // there is no event for a popup that was closed
  const LEAVE_TIMEOUT_MS = 5000;

  // Messages between this script and a window's script (window.js).
  const OPENED = "portone-emulator:opened";
  const RESULT = "portone-emulator:result";
  const LEAVE = "portone-emulator:leave";

  const PAYMENT = {
    path: "/checkout/",
    transactionType: "PAYMENT",
    error: "PaymentError",
    repeated: ["paymentId"],
  };
  const ISSUE = {
    path: "/issue-billing-key/",
    transactionType: "ISSUE_BILLING_KEY",
    error: "IssueBillingKeyError",
    repeated: [],
  };
  const ISSUE_AND_PAY = {
    path: "/issue-billing-key-and-pay/",
    transactionType: "ISSUE_BILLING_KEY_AND_PAY",
    error: "IssueBillingKeyAndPayError",
    repeated: ["paymentId"],
  };
  const IDENTITY = {
    path: "/identity-verification/",
    transactionType: "IDENTITY_VERIFICATION",
    error: "IdentityVerificationError",
    repeated: ["identityVerificationId"],
  };

  // An error as PortOne's SDK throws it; its `isPaymentError` and the like recognise it.
  function sdkError(name, fields) {
    return Object.assign(new Error(fields.message), { __portOneErrorType: name }, fields);
  }

  async function run(kind, request) {
    const type = windowType(kind, request);
    const address = new URL(kind.path, EMULATOR);
    address.searchParams.set("request", JSON.stringify(request));
    if (type === "REDIRECTION") address.searchParams.set("redirect", request.redirectUrl);
    else address.searchParams.set("shopOrigin", location.origin);

    // Opened before anything is awaited: later, the browser would block it.
    const popup = type === "POPUP" ? openPopup() : null;
    try {
      await check(kind, address);
    } catch (error) {
      popup?.close();
      throw error;
    }
    if (type === "REDIRECTION") return goTo(address);

    const shown = { kind, request, address };
    const result = await (popup ? showPopup(popup, shown) : showFrame(shown));
    if (!request.forceRedirect || !request.redirectUrl) return result;
    const redirect = new URL(request.redirectUrl);
    for (const [name, value] of Object.entries(result)) redirect.searchParams.append(name, value);
    return goTo(redirect);
  }

  function windowType(kind, request) {
    const refuse = (message) => {
      throw sdkError(kind.error, {
        transactionType: kind.transactionType,
        code: "BadRequest",
        message,
      });
    };
    if (typeof request !== "object" || request === null) refuse("the request must be an object");
    const mobile = isMobile();
    const chosen = request.windowType?.[mobile ? "mobile" : "pc"];
    const type = chosen ?? (mobile ? "REDIRECTION" : "IFRAME");
    if (!["IFRAME", "POPUP", "REDIRECTION"].includes(type)) {
      refuse(`windowType ${type} is not emulated`);
    }
    if (type === "REDIRECTION" && !request.redirectUrl) {
      refuse("redirectUrl is required: the window is shown instead of the page");
    }
    return type;
  }

  function isMobile() {
    const { userAgent, maxTouchPoints } = navigator;
    const isIPad = /Macintosh/.test(userAgent) && maxTouchPoints > 1;
    return isIPad || /Android|iPhone|iPad|iPod|Mobile/.test(userAgent);
  }

  // Errors before a window opens reject the promise; once it is open, its result has a `code`.
  async function check(kind, address) {
    const fields = { transactionType: kind.transactionType };
    let response, body;
    try {
      response = await fetch(address, { headers: { Accept: "application/json" } });
      body = await response.json();
    } catch (error) {
      const message = `the emulator at ${EMULATOR} does not respond: ${error.message}`;
      throw sdkError(kind.error, { ...fields, code: "UnknownError", message });
    }
    if (!response.ok) throw sdkError(kind.error, { ...fields, ...body });
    for (const name of body.unknownFields) {
      console.warn(`PortOne emulator: ${kind.transactionType} has no field ${name}; it is ignored`);
    }
  }

  // The page is left, so the promise has nothing more to say.
  function goTo(address) {
    location.assign(address);
    return new Promise(() => {});
  }

  function openPopup() {
    const left = screenX + (outerWidth - POPUP.width) / 2;
    const top = screenY + (outerHeight - POPUP.height) / 2;
    const { width, height } = POPUP;
    return window.open("", "", `popup,width=${width},height=${height},left=${left},top=${top}`);
  }

  function showPopup(popup, shown) {
    if (!popup.closed) popup.location.replace(shown.address);
    return new Promise((resolve) => {
      const finish = (result) => {
        clearInterval(timer);
        stop();
        popup.close();
        resolve(result);
      };
      const stop = listen(() => popup, (type, data) => type === RESULT && finish(data.result));
      const timer = setInterval(() => {
        if (!popup.closed) return;
        clearInterval(timer);
        // A closed window cannot tell the emulator that the customer left: one out of sight does.
        showFrame(shown, { isLeft: true }).then(finish);
      }, CLOSED_POLL_MS);
    });
  }

  // A modal dialog over the page. `isLeft` keeps it out of sight, and leaves it as soon as it is there.
  function showFrame({ kind, request, address }, { isLeft = false } = {}) {
    return new Promise((resolve) => {
      const { dialog, frame, close } = frameDialog(request.iframe?.dim !== false);
      let isOpened = false;
      let timer = null;

      const finish = (result) => {
        clearTimeout(timer);
        stop();
        dialog.removeEventListener("close", leave);
        dialog.close(); // gives the focus back
        dialog.remove();
        resolve(result);
      };
      const stop = listen(() => frame.contentWindow, (type, data) => {
        if (type === RESULT) finish(data.result);
        if (type !== OPENED) return;
        isOpened = true;
        if (isLeft) leave();
      });
      const leave = () => {
        isLeft = true;
        timer ??= setTimeout(() => finish(leftResult(kind, request)), LEAVE_TIMEOUT_MS);
        if (isOpened) frame.contentWindow.postMessage({ type: LEAVE }, EMULATOR);
      };

      dialog.addEventListener("cancel", (event) => {
        event.preventDefault(); // the window closes the dialog, once it has a result
        leave();
      });
      dialog.addEventListener("close", leave); // some browsers close it at the second Escape
      close.addEventListener("click", leave);
      frame.src = address;
      document.body.append(dialog);
      if (isLeft) leave();
      else dialog.showModal();
    });
  }

  function frameDialog(isDim) {
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    const close = document.createElement("button");
    dialog.setAttribute("aria-label", TEXTS.title);
    frame.title = TEXTS.title;
    close.type = "button";
    close.textContent = "✕";
    close.setAttribute("aria-label", TEXTS.close);
    Object.assign(dialog.style, {
      boxSizing: "border-box", width: "100vw", height: "100vh", maxWidth: "none", maxHeight: "none",
      margin: 0, padding: "1rem", border: 0,
      background: isDim ? "rgb(0 0 0 / 50%)" : "transparent",
    });
    Object.assign(frame.style, {
      display: "block", width: "min(30rem, 100%)", height: "100%", margin: "0 auto", border: 0,
      borderRadius: "0.75rem",
    });
    Object.assign(close.style, {
      position: "absolute", top: "0.5rem", right: "0.5rem", width: "2.75rem", height: "2.75rem",
      border: 0, borderRadius: "50%", background: "#fff", color: "#222", font: "1rem sans-serif",
      cursor: "pointer",
    });
    dialog.append(frame, close);
    return { dialog, frame, close };
  }

  // If the window does not respond. What became of the request is then unknown: ask the API.
  function leftResult(kind, request) {
    const repeated = kind.repeated.map((name) => [name, request[name]]);
    return {
      ...Object.fromEntries(repeated),
      code: "UnknownError",
      message: "the customer left the window, and the emulator did not respond",
      transactionType: kind.transactionType,
    };
  }

  // Calls back for the messages of one window of the emulator, until the returned function is called.
  function listen(getWindow, onMessage) {
    const receive = (event) => {
      if (event.origin === EMULATOR && event.source === getWindow()) {
        onMessage(event.data?.type, event.data);
      }
    };
    addEventListener("message", receive);
    return () => removeEventListener("message", receive);
  }

  // PayPal's buttons inside the shop's page: the emulator has nothing like them.
  const notEmulated = (name, error) => async () => {
    throw sdkError(error, { code: "UnknownError", message: `${name} is not emulated` });
  };

  window.PortOne = {
    requestPayment: (request) => run(PAYMENT, request),
    requestIssueBillingKey: (request) => run(ISSUE, request),
    requestIssueBillingKeyAndPay: (request) => run(ISSUE_AND_PAY, request),
    requestIdentityVerification: (request) => run(IDENTITY, request),
    loadPaymentUI: notEmulated("loadPaymentUI", "LoadPaymentUIError"),
    loadIssueBillingKeyUI: notEmulated("loadIssueBillingKeyUI", "LoadIssueBillingKeyUIError"),
    updateLoadPaymentUIRequest: notEmulated("updateLoadPaymentUIRequest", "LoadPaymentUIError"),
    updateLoadIssueBillingKeyUIRequest: notEmulated(
      "updateLoadIssueBillingKeyUIRequest",
      "LoadIssueBillingKeyUIError"
    ),
  };
})();
