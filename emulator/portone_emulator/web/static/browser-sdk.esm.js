// The drop-in as a module, as PortOne's browser-sdk.esm.js: it loads the script beside it.
const script = document.createElement("script");
script.src = new URL("browser-sdk.js", import.meta.url);
await new Promise((resolve, reject) => {
  script.addEventListener("load", resolve);
  script.addEventListener("error", () => reject(new Error(`cannot load ${script.src}`)));
  document.head.append(script);
});

const { PortOne } = window;
export default PortOne;
export const {
  requestPayment,
  requestIssueBillingKey,
  requestIssueBillingKeyAndPay,
  requestIdentityVerification,
  loadPaymentUI,
  loadIssueBillingKeyUI,
  updateLoadPaymentUIRequest,
  updateLoadIssueBillingKeyUIRequest,
} = PortOne;
