import assert from "node:assert/strict";
import { Payment } from "@portone/server-sdk";
import { control, refused, shop } from "./shop.js";

const { payment } = shop;
export const CHANNEL = "channel-key-1";
export const CARD = { number: "4111111111111111", expiryYear: "30", expiryMonth: "12" };
export const BUYER = {
  id: "buyer-1",
  name: { full: "Kim Haneul" },
  email: "haneul@example.com",
  phoneNumber: "01012345678",
  address: { addressLine1: "1 Teheran-ro", addressLine2: "2nd floor", country: "KR" },
  zipcode: "06234",
};
const BOOK = { id: "book-1", name: "a book", amount: 10_000, quantity: 1 };
const ORDER = {
  channelKey: CHANNEL,
  orderName: "a book",
  amount: { total: 10_000 },
  currency: "KRW",
  customer: BUYER,
  products: [BOOK],
};

export async function windowPayments(): Promise<void> {
  await payment.preRegisterPayment({ paymentId: "window", totalAmount: 10_000, currency: "KRW" });
  await control("checkout", { paymentId: "window", totalAmount: 10_000, outcome: "ready" });
  assert.equal((await payment.getPayment({ paymentId: "window" })).status, "READY");
  await control("leave", { paymentId: "window", outcome: "failed" });
  const failed = await payment.getPayment({ paymentId: "window" });
  assert(failed.status === "FAILED" && failed.failure.pgCode);
  await control("checkout", { paymentId: "window", totalAmount: 10_000, customer: BUYER });
  const paid = await payment.getPayment({ paymentId: "window" });
  assert(paid.status === "PAID");
  assert.equal(paid.amount.paid, 10_000);
  assert.equal(paid.customer.id, "buyer-1");

  const reason = "changed mind";
  await payment.cancelPayment({ paymentId: "window", reason, amount: 4_000 });
  const partly = await payment.getPayment({ paymentId: "window" });
  assert.equal(partly.status, "PARTIAL_CANCELLED");
  await refused(
    payment.cancelPayment({ paymentId: "window", reason, amount: 6_001 }),
    Payment.CancelPaymentError,
    "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT",
  );
  const rest = { paymentId: "window", reason, currentCancellableAmount: 6_000 };
  const { cancellation } = await payment.cancelPayment(rest);
  assert(cancellation.status === "SUCCEEDED");
  assert.equal(cancellation.totalAmount, 6_000);
  assert.equal((await payment.getPayment({ paymentId: "window" })).status, "CANCELLED");
  await refused(
    payment.cancelPayment({ paymentId: "window", reason }),
    Payment.CancelPaymentError,
    "PAYMENT_ALREADY_CANCELLED",
  );
  const { items } = await payment.getPaymentTransactions({ paymentId: "window" });
  assert.equal(items.length, 2);
}

export async function confirmedPayments(): Promise<void> {
  const order = { paymentId: "confirmed", totalAmount: 10_000, outcome: "authenticated" };
  const { paymentToken, txId } = await control("checkout", order);
  await refused(
    payment.confirmPayment({ paymentId: "confirmed", paymentToken, totalAmount: 1 }),
    Payment.ConfirmPaymentError,
    "INFORMATION_MISMATCH",
  );
  await payment.confirmPayment({ paymentId: "confirmed", paymentToken, txId, totalAmount: 10_000 });
  await payment.capturePayment({ paymentId: "confirmed" });
  const item = {
    storeBusinessRegistrationNumber: "1234567890",
    storeName: "a stall",
    totalAmount: 10_000,
    currency: "KRW",
  };
  await payment.registerStoreReceipt({ paymentId: "confirmed", items: [item] });
  await refused(
    payment.registerStoreReceipt({ paymentId: "nowhere", items: [item] }),
    Payment.RegisterStoreReceiptError,
    "PAYMENT_NOT_FOUND",
  );
}

export async function instantPayments(): Promise<void> {
  const card = { ...ORDER, method: { card: { credential: CARD, installmentMonth: 3 } } };
  await payment.payInstantly({ paymentId: "instant", ...card });
  await refused(
    payment.payInstantly({ paymentId: "instant", ...card }),
    Payment.PayInstantlyError,
    "ALREADY_PAID",
  );
  await control("decline", { pgCode: "42", pgMessage: "the card is lost" });
  const declined = await refused(
    payment.payInstantly({ paymentId: "declined", ...card }),
    Payment.PayInstantlyError,
    "PG_PROVIDER",
  );
  assert(declined.data.type === "PG_PROVIDER");
  assert.equal(declined.data.pgCode, "42");
  await refused(
    payment.payInstantly({ paymentId: "nothing", ...card, amount: { total: -1 } }),
    Payment.PayInstantlyError,
    "INVALID_REQUEST",
  );
  await refused(
    payment.getPayment({ paymentId: "none/such ✓" }),
    Payment.GetPaymentError,
    "PAYMENT_NOT_FOUND",
  );
}

export async function pendingChanges(): Promise<void> {
  await control("checkout", { paymentId: "pending", totalAmount: 10_000, outcome: "pay_pending" });
  assert.equal((await payment.getPayment({ paymentId: "pending" })).status, "PAY_PENDING");
  await control("approve", { paymentId: "pending" });
  await control("pend-cancellations", { times: 2 });
  const reason = "sold out";
  const stopped = await payment.cancelPayment({ paymentId: "pending", reason, amount: 1_000 });
  assert(stopped.cancellation.status === "REQUESTED");
  const cancellation = { paymentId: "pending", cancellationId: stopped.cancellation.id };
  await payment.stopPaymentCancellation(cancellation);
  await refused(
    payment.stopPaymentCancellation(cancellation),
    Payment.StopPaymentCancellationError,
    "PAYMENT_CANCELLATION_NOT_PENDING",
  );
  await payment.cancelPayment({ paymentId: "pending", reason });
  await control("complete-cancellation", { paymentId: "pending" });
  assert.equal((await payment.getPayment({ paymentId: "pending" })).status, "CANCELLED");
}

export async function virtualAccounts(): Promise<void> {
  const virtualAccount = {
    bank: "SHINHAN",
    expiry: { validHours: 24 },
    option: { type: "NORMAL" },
    cashReceipt: { type: "PERSONAL", customerIdentityNumber: "01012345678" },
  };
  for (const paymentId of ["deposited", "closed"]) {
    await payment.payInstantly({ paymentId, ...ORDER, method: { virtualAccount } });
    const issued = await payment.getPayment({ paymentId });
    assert.equal(issued.status, "VIRTUAL_ACCOUNT_ISSUED");
  }
  await control("deposit", { paymentId: "deposited" });
  assert.equal((await payment.getPayment({ paymentId: "deposited" })).status, "PAID");
  await payment.closeVirtualAccount({ paymentId: "closed" });
  await refused(
    payment.closeVirtualAccount({ paymentId: "deposited" }),
    Payment.CloseVirtualAccountError,
    "PAYMENT_NOT_WAITING_FOR_DEPOSIT",
  );
  const refundAccount = { bank: "SHINHAN", number: "110123456789", holderName: "Kim Haneul" };
  await payment.cancelPayment({ paymentId: "deposited", reason: "returned", refundAccount });
}

export async function escrow(): Promise<void> {
  const paymentId = "escrow";
  await control("checkout", { paymentId, totalAmount: 10_000, isEscrow: true });
  const logistics = { company: "CJ", invoiceNumber: "12345", sentAt: "2026-07-03T10:00:00Z" };
  const receiver = { name: "Kim Haneul", phoneNumber: "01012345678", zipcode: "06234" };
  await payment.applyEscrowLogistics({ paymentId, logistics, receiver, products: [BOOK] });
  await payment.modifyEscrowLogistics({ paymentId, logistics: { ...logistics, company: "LOGEN" } });
  await control("escrow", { paymentId, event: "DELIVERED" });
  await payment.confirmEscrow({ paymentId, fromStore: true });
  const confirmed = await payment.getPayment({ paymentId });
  assert(confirmed.status === "PAID");
  assert.equal(confirmed.escrow?.status, "CONFIRMED");
}

export async function promotions(): Promise<void> {
  const promotionId = "spring";
  assert.equal((await payment.promotion.getPromotion({ promotionId })).type, "CARD");
  await control("checkout", { paymentId: "cheaper", totalAmount: 10_000, promotionId });
  const cheaper = await payment.getPayment({ paymentId: "cheaper" });
  assert(cheaper.status === "PAID");
  assert.equal(cheaper.amount.discount, 1_000);
  await refused(
    payment.promotion.getPromotion({ promotionId: "autumn" }),
    Payment.Promotion.GetPromotionError,
    "PROMOTION_NOT_FOUND",
  );
  await payment.additionalFeature.getPgCardPromotions({ channelKey: CHANNEL, amount: 10_000 });
}

export async function lists(): Promise<void> {
  const everything = await payment.getPayments({ page: { number: 0, size: 100 } });
  assert.equal(everything.items.length, everything.page.totalCount);
  const paid = await payment.getPayments({ filter: { status: ["PAID"], sortOrder: "ASC" } });
  assert(paid.items.length < everything.items.length);
  assert(paid.items.every(({ status }) => status === "PAID"));
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items } = await payment.getAllPaymentsByCursor({ cursor, size: 3 });
    if (items.length === 0) break;
    seen.push(...items.map((item) => ("id" in item.payment ? item.payment.id : "")));
    cursor = items.at(-1)?.cursor;
  }
  const ids = everything.items.map((item) => ("id" in item ? item.id : ""));
  assert.deepEqual(seen.toSorted(), ids.toSorted());
  assert.equal((await payment.getAllPaymentEventsByCursor({ size: 3 })).items.length, 3);
}
