import assert from "node:assert/strict";
import { Platform } from "@portone/server-sdk";
import { control, refused, shop } from "./shop.js";

const { platform } = shop;
const { partner: partners, policy: policies, transfer: transfers } = platform;
const TOMORROW = "2026-08-04T00:00:00Z";
const YEAR = { from: "2026-01-01", until: "2026-12-31" };
export const BRN = "1234567890";
const PARTNER = {
  name: "a farm",
  contact: { name: "Lee Bada", email: "bada@example.com", phoneNumber: "01098765432" },
  account: { bank: "SHINHAN", currency: "KRW", number: "110123456789", holder: "Lee Bada" },
  defaultContractId: "contract",
  tags: ["fruit"],
};
const business = {
  companyName: "a farm",
  businessRegistrationNumber: BRN,
  representativeName: "Lee Bada",
};

export async function contracts(): Promise<void> {
  const contract = {
    id: "contract",
    name: "ten percent",
    platformFee: { fixedRate: 10_000 },
    settlementCycle: {
      lagDays: 2,
      datePolicy: "HOLIDAY_BEFORE",
      method: { monthly: { daysOfMonth: [31] } },
    },
    platformFeeVatPayer: "PARTNER",
    subtractPaymentVatAmount: false,
  };
  const id = "contract";
  await policies.createPlatformContract(contract);
  await refused(
    policies.createPlatformContract(contract),
    Platform.Policy.CreatePlatformContractError,
    "PLATFORM_CONTRACT_ALREADY_EXISTS",
  );
  await policies.updatePlatformContract({ id, memo: "as agreed" });
  assert.equal((await policies.getPlatformContract({ id })).memo, "as agreed");
  assert.equal((await policies.getPlatformContracts()).page.totalCount, 1);
  await policies.archivePlatformContract({ id });
  await refused(
    policies.updatePlatformContract({ id, memo: "too late" }),
    Platform.Policy.UpdatePlatformContractError,
    "PLATFORM_ARCHIVED_CONTRACT",
  );
  await policies.recoverPlatformContract({ id });
  const later = { id, update: { name: "nine percent" }, appliedAt: TOMORROW };
  await platform.scheduleContract(later);
  await refused(
    platform.scheduleContract(later),
    Platform.ScheduleContractError,
    "PLATFORM_CONTRACT_SCHEDULE_ALREADY_EXISTS",
  );
  await platform.rescheduleContract({ ...later, update: { name: "eight percent" } });
  assert.equal((await platform.getPlatformContractSchedule({ id })).name, "eight percent");
  await platform.cancelPlatformContractSchedule({ id });
}

export async function feePolicies(): Promise<void> {
  const id = "marketing";
  const fee = { fixedAmount: 300 };
  await policies.createPlatformAdditionalFeePolicy({ id, name: id, fee, vatPayer: "MERCHANT" });
  await policies.updatePlatformAdditionalFeePolicy({ id, memo: "as agreed" });
  const policy = await policies.getPlatformAdditionalFeePolicy({ id });
  assert("amount" in policy.fee);
  assert.equal(policy.fee.amount, 300);
  assert.equal((await policies.getPlatformAdditionalFeePolicies()).items.length, 1);
  await policies.archivePlatformAdditionalFeePolicy({ id });
  await policies.recoverPlatformAdditionalFeePolicy({ id });
  const later = { id, update: { name: "advertising" }, appliedAt: TOMORROW };
  await platform.scheduleAdditionalFeePolicy(later);
  await platform.rescheduleAdditionalFeePolicy(later);
  await platform.getPlatformAdditionalFeePolicySchedule({ id });
  await platform.cancelPlatformAdditionalFeePolicySchedule({ id });
  await refused(
    policies.getPlatformAdditionalFeePolicy({ id: "none" }),
    Platform.Policy.GetPlatformAdditionalFeePolicyError,
    "PLATFORM_ADDITIONAL_FEE_POLICY_NOT_FOUND",
  );
}

export async function sharePolicies(): Promise<void> {
  const id = "coupon";
  await policies.createPlatformDiscountSharePolicy({ id, name: id, partnerShareRate: 50_000 });
  await policies.updatePlatformDiscountSharePolicy({ id, partnerShareRate: 40_000 });
  assert.equal((await policies.getPlatformDiscountSharePolicy({ id })).partnerShareRate, 40_000);
  assert.equal((await policies.getPlatformDiscountSharePolicies()).items.length, 1);
  const options = await platform.getPlatformDiscountSharePolicyFilterOptions();
  assert.deepEqual(options.partnerShareRates, [40_000]);
  await policies.archivePlatformDiscountSharePolicy({ id });
  await policies.recoverPlatformDiscountSharePolicy({ id });
  const later = { id, update: { name: "voucher" }, appliedAt: TOMORROW };
  await platform.scheduleDiscountSharePolicy(later);
  await platform.rescheduleDiscountSharePolicy(later);
  await platform.getPlatformDiscountSharePolicySchedule({ id });
  await platform.cancelPlatformDiscountSharePolicySchedule({ id });
}

export async function partnersAndSettings(): Promise<void> {
  const id = "farm";
  await partners.createPlatformPartner({ id, ...PARTNER, type: { business } });
  await refused(
    partners.createPlatformPartner({ id, ...PARTNER, type: { business } }),
    Platform.Partner.CreatePlatformPartnerError,
    "PLATFORM_PARTNER_ID_ALREADY_EXISTS",
  );
  const whtPayer = { birthdate: "1990-01-01" };
  const people = [
    { id: "picker", ...PARTNER, type: { whtPayer } },
    { id: "driver", ...PARTNER, type: { nonWhtPayer: {} } },
  ];
  await partners.createPlatformPartners({ partners: people });
  const found = await partners.getPlatformPartners({ filter: { types: ["WHT_PAYER"] } });
  assert.deepEqual(found.items.map((item) => item.id), ["picker"]);
  await partners.updatePlatformPartner({ id, memo: "as agreed" });
  const partner = await partners.getPlatformPartner({ id });
  assert("companyName" in partner.type && "holder" in partner.account);
  assert.equal(partner.account.number, PARTNER.account.number);
  await partners.archivePlatformPartner({ id: "driver" });
  await refused(
    partners.updatePlatformPartner({ id: "driver", memo: "too late" }),
    Platform.Partner.UpdatePlatformPartnerError,
    "PLATFORM_ARCHIVED_PARTNER",
  );
  await partners.recoverPlatformPartner({ id: "driver" });
  const later = { id, update: { name: "a bigger farm" }, appliedAt: TOMORROW };
  await platform.schedulePartner(later);
  await platform.reschedulePartner(later);
  assert.equal((await platform.getPlatformPartnerSchedule({ id })).name, "a bigger farm");
  await platform.cancelPlatformPartnerSchedule({ id });
  await platform.schedulePlatformPartners({
    filter: { ids: ["picker"] },
    update: { memo: "seasonal" },
    appliedAt: TOMORROW,
  });
  assert.deepEqual((await platform.getPlatformPartnerFilterOptions()).tags, ["fruit"]);
  await refused(
    partners.getPlatformPartner({ id: "none" }),
    Platform.Partner.GetPlatformPartnerError,
    "PLATFORM_PARTNER_NOT_FOUND",
  );

  const memo = { defaultDepositMemo: "thanks" };
  const { setting } = await platform.updatePlatformSetting(memo);
  assert.deepEqual(await platform.getPlatformSetting(), setting);
  const { bank, number: accountNumber } = PARTNER.account;
  await platform.account.getPlatformAccountHolder({ bank, accountNumber });
  await platform.company.getPlatformCompanyState({ businessRegistrationNumber: BRN });
  await platform.company.getB2bBusinessInfos({ brnList: [BRN] });
}

export async function settlement(): Promise<void> {
  const paymentId = "order";
  await control("checkout", { paymentId, totalAmount: 10_000 });
  const request = {
    partnerId: "farm",
    paymentId,
    orderDetail: { orderAmount: 10_000 },
    discounts: [],
    additionalFees: [],
  };
  const order = await transfers.createPlatformOrderTransfer(request);
  await refused(
    transfers.createPlatformOrderTransfer({ ...request, partnerId: "none" }),
    Platform.Transfer.CreatePlatformOrderTransferError,
    "PLATFORM_PARTNER_NOT_FOUND",
  );
  assert.equal(order.transfer.amount.settlement, 8_900);
  const cancel = { paymentId, reason: "returned", amount: 5_000 };
  const { cancellation } = await shop.payment.cancelPayment(cancel);
  assert("id" in cancellation);
  const back = await transfers.createPlatformOrderCancelTransfer({
    transferId: order.transfer.id,
    cancellationId: cancellation.id,
    orderDetail: { orderAmount: 5_000 },
    discounts: [],
  });
  assert.equal(back.transfer.amount.settlement, 4_450);
  const manual = { partnerId: "farm", settlementAmount: 500, settlementDate: "2026-08-31" };
  const { transfer } = await transfers.createPlatformManualTransfer(manual);
  const found = await transfers.getPlatformTransfer({ id: transfer.id });
  assert.deepEqual(found, transfer);
  const mistaken = await transfers.createPlatformManualTransfer(manual);
  await transfers.deletePlatformTransfer({ id: mistaken.transfer.id });
  await refused(
    transfers.getPlatformTransfer({ id: mistaken.transfer.id }),
    Platform.Transfer.GetPlatformTransferError,
    "PLATFORM_TRANSFER_NOT_FOUND",
  );
  const listed = await transfers.getPlatformTransferSummaries({
    filter: { settlementDateRange: YEAR },
  });
  assert.equal(listed.page.totalCount, 3);
  const sheet = await transfers.downloadPlatformTransferSheet({ fields: ["TRANSFER_ID"] });
  assert(sheet.includes(transfer.id));

  await control("advance", { days: 60 });
  const filter = { partnerIds: ["farm"] };
  const settlements = await platform.partnerSettlement.getPlatformPartnerSettlements({ filter });
  assert.equal(settlements.items.length, 3);
  const { bulkPayoutId } = await control("pay-partners");
  const payouts = await platform.payout.getPlatformPayouts({
    filter: { criteria: { bulkPayoutId } },
  });
  assert.equal(payouts.items.length, 1);
  await platform.bulkPayout.getPlatformBulkPayouts({ filter: { statuses: ["COMPLETED"] } });
  assert.equal((await platform.accountTransfer.getPlatformAccountTransfers()).items.length, 1);
  await platform.bulkAccountTransfer.getPlatformBulkAccountTransfers();
}

export async function reconciliation(): Promise<void> {
  const report = { dateRange: YEAR };
  await shop.reconciliation.getPaymentReconciliationSettlementVatReport(report);
  await shop.reconciliation.getPaymentReconciliationTransactionVatReport(report);
  await shop.pgSpecific.getKakaopayPaymentOrder({ pgTxId: "T1234", channelKey: "channel-key-1" });
}
