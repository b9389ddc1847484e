import assert from "node:assert/strict";
import { Auth, IdentityVerification, Payment } from "@portone/server-sdk";
import { BUYER, CARD, CHANNEL } from "./payments.js";
import { control, refused, shop } from "./shop.js";

const { billingKey: keys, cashReceipt, paymentSchedule: schedules } = shop.payment;
const MONTH = { orderName: "a month", amount: { total: 9_900 }, currency: "KRW", customer: BUYER };

export async function billingKeys(): Promise<void> {
  const card = { credential: CARD };
  const issued = await keys.issueBillingKey({
    method: { card },
    channelKey: CHANNEL,
    customer: BUYER,
  });
  const { billingKey } = issued.billingKeyInfo;
  assert.equal((await keys.getBillingKeyInfo({ billingKey })).status, "ISSUED");
  const found = await keys.getBillingKeyInfos({ filter: { customerId: "buyer-1" } });
  assert.equal(found.page.totalCount, 1);
  await shop.payment.payWithBillingKey({ paymentId: "charged", billingKey, ...MONTH });
  await control("decline");
  await refused(
    shop.payment.payWithBillingKey({ paymentId: "overdrawn", billingKey, ...MONTH }),
    Payment.PayWithBillingKeyError,
    "PG_PROVIDER",
  );
  await scheduled(billingKey);
  await keys.deleteBillingKey({ billingKey, reason: "unsubscribed" });
  assert.equal((await keys.getBillingKeyInfo({ billingKey })).status, "DELETED");
  await refused(
    keys.deleteBillingKey({ billingKey }),
    Payment.BillingKey.DeleteBillingKeyError,
    "BILLING_KEY_ALREADY_DELETED",
  );
  await refused(
    shop.payment.payWithBillingKey({ paymentId: "late", billingKey, ...MONTH }),
    Payment.PayWithBillingKeyError,
    "BILLING_KEY_ALREADY_DELETED",
  );
}

async function scheduled(billingKey: string): Promise<void> {
  const plan = { payment: { billingKey, ...MONTH }, timeToPay: "2026-08-01T00:00:00Z" };
  const august = await schedules.createPaymentSchedule({ paymentId: "august", ...plan });
  const never = await schedules.createPaymentSchedule({ paymentId: "never", ...plan });
  await refused(
    schedules.createPaymentSchedule({ paymentId: "never", ...plan }),
    Payment.PaymentSchedule.CreatePaymentScheduleError,
    "PAYMENT_SCHEDULE_ALREADY_EXISTS",
  );
  const revoked = [never.schedule.id];
  const { revokedScheduleIds } = await schedules.revokePaymentSchedules({ scheduleIds: revoked });
  assert.deepEqual(revokedScheduleIds, revoked);
  const paymentScheduleId = august.schedule.id;
  assert.equal((await schedules.getPaymentSchedule({ paymentScheduleId })).status, "SCHEDULED");
  await control("advance", { days: 30 });
  assert.equal((await schedules.getPaymentSchedule({ paymentScheduleId })).status, "SUCCEEDED");
  const paid = await shop.payment.getPayment({ paymentId: "august" });
  assert(paid.status === "PAID");
  assert.equal(paid.scheduleId, paymentScheduleId);
  assert.equal((await schedules.getPaymentSchedules({ filter: { billingKey } })).items.length, 2);
  await refused(
    schedules.getPaymentSchedule({ paymentScheduleId: "none" }),
    Payment.PaymentSchedule.GetPaymentScheduleError,
    "PAYMENT_SCHEDULE_NOT_FOUND",
  );
}

export async function billingKeyWindows(): Promise<void> {
  await control("issue-billing-key", { customerId: "buyer-2" });
  await control("issue-billing-key", { customerId: "buyer-2", outcome: "failed" });
  const confirm = { customerId: "buyer-3", outcome: "authenticated" };
  const { billingIssueToken } = await control("issue-billing-key", confirm);
  const confirmed = await keys.confirmBillingKey({ billingIssueToken });
  assert(confirmed.billingKey);
  await refused(
    keys.confirmBillingKey({ billingIssueToken: "none" }),
    Payment.BillingKey.ConfirmBillingKeyError,
    "BILLING_KEY_NOT_FOUND",
  );
  const both = { outcome: "authenticated", paymentId: "first", totalAmount: 9_900, orderName: "a month" };
  const token = await control("issue-billing-key-and-pay", both);
  await keys.confirmBillingKeyIssueAndPay({
    billingIssueToken: token.billingIssueToken,
    paymentId: "first",
    totalAmount: 9_900,
    currency: "KRW",
  });
  assert.equal((await shop.payment.getPayment({ paymentId: "first" })).status, "PAID");
}

export async function cashReceipts(): Promise<void> {
  const paymentId = "cash";
  await control("checkout", { paymentId, totalAmount: 10_000, payMethod: "TRANSFER" });
  await refused(
    cashReceipt.getCashReceiptByPaymentId({ paymentId }),
    Payment.CashReceipt.GetCashReceiptError,
    "CASH_RECEIPT_NOT_FOUND",
  );
  const request = {
    paymentId,
    channelKey: CHANNEL,
    type: "PERSONAL",
    orderName: "a book",
    currency: "KRW",
    amount: { total: 10_000 },
    customer: { identityNumber: "01012345678", name: "Kim Haneul" },
  };
  const issued = await cashReceipt.issueCashReceipt(request);
  const found = await cashReceipt.getCashReceiptByPaymentId({ paymentId });
  assert(found.status === "ISSUED");
  assert.equal(found.issueNumber, issued.cashReceipt.issueNumber);
  await refused(
    cashReceipt.issueCashReceipt(request),
    Payment.CashReceipt.IssueCashReceiptError,
    "CASH_RECEIPT_ALREADY_ISSUED",
  );
  assert.equal((await cashReceipt.getCashReceipts()).page.totalCount, 1);
  await cashReceipt.cancelCashReceiptByPaymentId({ paymentId });
  assert.equal((await cashReceipt.getCashReceiptByPaymentId({ paymentId })).status, "CANCELLED");
}

export async function identityVerifications(): Promise<void> {
  const { identityVerification } = shop;
  const identityVerificationId = "person";
  await refused(
    identityVerification.getIdentityVerification({ identityVerificationId }),
    IdentityVerification.GetIdentityVerificationError,
    "IDENTITY_VERIFICATION_NOT_FOUND",
  );
  await identityVerification.sendIdentityVerification({
    identityVerificationId,
    channelKey: CHANNEL,
    customer: {
      name: "Kim Haneul",
      phoneNumber: "01012345678",
      identityNumber: "9001012",
      ipAddress: "127.0.0.1",
    },
    operator: "SKT",
    method: "SMS",
  });
  await identityVerification.resendIdentityVerification({ identityVerificationId });
  await control("expect-otp", { identityVerificationId, otp: "123456" });
  await refused(
    identityVerification.confirmIdentityVerification({ identityVerificationId, otp: "654321" }),
    IdentityVerification.ConfirmIdentityVerificationError,
    "PG_PROVIDER",
  );
  await identityVerification.confirmIdentityVerification({ identityVerificationId, otp: "123456" });
  const person = await identityVerification.getIdentityVerification({ identityVerificationId });
  assert(person.status === "VERIFIED");
  assert.equal(person.verifiedCustomer.birthDate, "1990-01-01");
  assert.equal((await identityVerification.getIdentityVerifications()).page.totalCount, 1);
}

export async function tokens(): Promise<void> {
  const { auth } = shop;
  const apiSecret = process.env.API_SECRET ?? "";
  const { refreshToken } = await auth.loginViaApiSecret({ apiSecret });
  await auth.refreshToken({ refreshToken });
  await refused(auth.refreshToken({ refreshToken }), Auth.RefreshTokenError, "UNAUTHORIZED");
  await refused(
    auth.loginViaApiSecret({ apiSecret: "wrong" }),
    Auth.LoginViaApiSecretError,
    "UNAUTHORIZED",
  );
}

export async function resentWebhooks(): Promise<void> {
  await shop.payment.resendWebhook({ paymentId: "window" });
  await refused(
    shop.payment.resendWebhook({ paymentId: "window", webhookId: "none" }),
    Payment.ResendWebhookError,
    "WEBHOOK_NOT_FOUND",
  );
}
