"""Payouts: the money that partners get for their settlements."""

from __future__ import annotations

from collections import Counter
from typing import Literal, TypeAlias

from attrs import frozen

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments.amounts import included_vat
from portone_emulator.platform import filters, settlements
from portone_emulator.platform.counts import count_by_status, count_selected, sum_by_status
from portone_emulator.platform.filters import select
from portone_emulator.platform.records import error_about, graphql_id, is_for_test, records
from portone_emulator.platform.setting import current_setting
from portone_emulator.state.index import ARRIVAL
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State

PayoutOutcome: TypeAlias = Literal["succeeded", "failed"]
"""How payouts through the payout agency end."""

_INCOME_TAX_PERCENT = 3
_BANK_ACCOUNT_ID = "bank-account-emulator"
_BANK_ACCOUNT: JsonObject = {
    "bank": "SHINHAN",
    "accountNumber": "110000000000",
    "holder": "emulator",
    "provider": "MOCK",
}
_PAYOUT_COUNTS = {
    status: status.lower()
    for status in (
        "CONFIRMED",
        "PREPARED",
        "CANCELLED",
        "STOPPED",
        "PROCESSING",
        "SUCCEEDED",
        "FAILED",
        "SCHEDULED",
    )
}
_BULK_PAYOUT_COUNTS = {
    "PREPARING": "preparing",
    "PREPARED": "prepared",
    "ONGOING": "ongoing",
    "POST_PROCESS_PENDING": "postProcessPending",
    "CANCELLED": "cancelled",
    "COMPLETED": "completed",
}
_TRANSFER_COUNTS = {
    "PREPARED": "prepared",
    "SCHEDULED": "scheduled",
    "CANCELLED": "cancelled",
    "STOPPED": "stopped",
    "PROCESSING": "processing",
    "ASYNC_PROCESSING": "asyncProcessing",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
}
_BULK_TRANSFER_COUNTS = {
    status: status.lower() for status in ("PREPARED", "SCHEDULED", "ONGOING", "COMPLETED")
}


@frozen(kw_only=True)
class BulkPayout:
    """What is to be paid out together, and how that ends."""

    id: str
    name: str
    method: Literal["DIRECT", "AGENCY"]
    outcome: PayoutOutcome
    settlements: list[JsonObject]
    test: bool


def _complete(state: State, request: ParsedRequest) -> JsonObject:
    """Book payouts that the merchant made itself."""
    test, body = is_for_test(request), request.body
    ids: list[str] = body["partnerSettlementIds"]
    if not ids:
        raise EmulatedAPIError(
            "PLATFORM_NO_SELECTED_PARTNER_SETTLEMENTS", "partnerSettlementIds is empty"
        )
    if any(count > 1 for count in Counter(ids).values()):
        raise EmulatedAPIError("PLATFORM_DUPLICATED_PARTNER_SETTLEMENT_IDS", "an ID repeats")
    bulk_payout = BulkPayout(
        id=body["bulkPayoutId"],
        name=body.get("name", body["bulkPayoutId"]),
        method="DIRECT",
        outcome="succeeded",
        settlements=settlements.find_all(state, ids, test=test),
        test=test,
    )
    payouts = pay_out(state, bulk_payout)
    return {
        "bulkPayoutId": bulk_payout.id,
        "bulkPayoutGraphqlId": graphql_id("bulkPayout", bulk_payout.id),
        "partnerSettlementCount": len(ids),
        "payoutCount": len(payouts),
    }


def pay_through_agency(
    state: State, settlement_ids: list[str], outcome: PayoutOutcome, *, test: bool
) -> str:
    """Pay settlements, all that can be if none is named, and return the bulk payout's ID.

    Raises:
        EmulatedAPIError: PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND, or they cannot be paid.
    """
    settlements.settle(state, test=test)
    if not settlement_ids:
        payable = select(
            state, "partnerSettlement", {"statuses": [*settlements.PAYABLE]}, test=test
        )
        settlement_ids = payable.keys(ARRIVAL, is_ascending=True)
    bulk_payout_id = f"bulk-payout-{state.ids.uuid()}"
    bulk_payout = BulkPayout(
        id=bulk_payout_id,
        name=bulk_payout_id,
        method="AGENCY",
        outcome=outcome,
        settlements=settlements.find_all(state, settlement_ids, test=test),
        test=test,
    )
    payouts = pay_out(state, bulk_payout)
    _transfer_money(state, bulk_payout, payouts)
    return bulk_payout_id


def pay_out(state: State, bulk_payout: BulkPayout) -> list[JsonObject]:
    """Make one payout for each partner and currency.

    Raises:
        EmulatedAPIError: PLATFORM_BULK_PAYOUT_ID_ALREADY_EXISTS,
            PLATFORM_NON_PAYABLE_PARTNER_SETTLEMENTS; PLATFORM_CURRENCY_NOT_SUPPORTED, which
            PortOne's document has for a negative sum.
    """
    test = bulk_payout.test
    bulk_payouts = records(state, "bulkPayout", test=test)
    if bulk_payout.id in bulk_payouts:
        raise EmulatedAPIError("PLATFORM_BULK_PAYOUT_ID_ALREADY_EXISTS", "the ID is taken")
    unpayable = [
        each["id"] for each in bulk_payout.settlements if each["status"] not in settlements.PAYABLE
    ]
    if unpayable:
        raise error_about(
            "PLATFORM_NON_PAYABLE_PARTNER_SETTLEMENTS",
            "partner settlements are paid out",
            "partnerSettlement",
            unpayable,
        )
    groups: dict[tuple[str, str], list[JsonObject]] = {}
    for settlement in bulk_payout.settlements:
        key = settlement["partner"]["id"], settlement["settlementCurrency"]
        groups.setdefault(key, []).append(settlement)
    payouts = [_new_payout(state, bulk_payout, group) for group in groups.values()]
    if any(payout["settlementAmount"] < 0 for payout in payouts):
        raise EmulatedAPIError("PLATFORM_CURRENCY_NOT_SUPPORTED", "a partner's sum is negative")
    for payout, group in zip(payouts, groups.values(), strict=True):
        records(state, "payout", test=test)[payout["id"]] = payout
        status = "PAID_OUT" if bulk_payout.outcome == "succeeded" else "PAYOUT_FAILED"
        for settlement in group:
            settlements.change(
                state,
                settlement,
                test=test,
                status=status,
                payoutId=payout["id"],
                bulkPayoutId=bulk_payout.id,
            )
    bulk_payouts[bulk_payout.id] = _bulk_payout_record(state, bulk_payout, payouts)
    return payouts


def _new_payout(state: State, bulk_payout: BulkPayout, group: list[JsonObject]) -> JsonObject:
    partner: JsonObject = group[-1]["partner"]
    setting = current_setting(state, test=bulk_payout.test)
    total = sum(_signed(each, "settlement") for each in group)
    tax_free = sum(_signed(each, "settlementTaxFree") for each in group)
    is_net = setting["settlementAmountType"] == "NET"
    taxable = total - tax_free
    vat = taxable // 10 if is_net else included_vat(taxable)
    supply = taxable if is_net else taxable - vat
    is_withheld = partner["type"]["type"] == "WHT_PAYER"
    income_tax = (supply + tax_free) * _INCOME_TAX_PERCENT // 100 if is_withheld else 0
    local_tax = income_tax // 10
    withheld = income_tax + local_tax if setting["deductWht"] else 0
    payout_id = f"payout-{state.ids.uuid()}"
    now = state.now()
    return omit_none(
        id=payout_id,
        graphqlId=graphql_id("payout", payout_id),
        bulkPayoutId=bulk_payout.id,
        bulkPayoutGraphqlId=graphql_id("bulkPayout", bulk_payout.id),
        method=bulk_payout.method,
        status=bulk_payout.outcome.upper(),
        statusUpdatedAt=now,
        failReason="failed by the test" if bulk_payout.outcome == "failed" else None,
        partner=partner,
        account=state.document.pick("PlatformPayoutAccount", partner["account"]),
        currency=group[-1]["settlementCurrency"],
        settlementAmount=total,
        settlementTaxFreeAmount=tax_free,
        supplyAmount=supply,
        taxFreeAmount=tax_free,
        vatAmount=vat,
        incomeTaxAmount=income_tax,
        localIncomeTaxAmount=local_tax,
        amount=supply + vat + tax_free - withheld,
        deductWht=setting["deductWht"],
        settlementAmountType=setting["settlementAmountType"],
        settlementStatement={"status": "UNSENT"},
        taxInvoiceStatus="NONE",
        depositMemo=setting.get("defaultDepositMemo"),
        withdrawalMemo=setting.get("defaultWithdrawalMemo"),
        createdAt=now,
    )


def _signed(settlement: JsonObject, name: str) -> int:
    """Return an amount of a settlement: what cancellations come to is owed by the partner."""
    amount = settlement["amount"]
    if settlement["type"] == "MANUAL":
        return amount if name == "settlement" else settlement["taxFreeAmount"]
    return -amount[name] if settlement["type"] == "ORDER_CANCEL" else amount[name]


def _bulk_payout_record(
    state: State, bulk_payout: BulkPayout, payouts: list[JsonObject]
) -> JsonObject:
    now = state.now()
    values = [(payout["status"], payout["amount"]) for payout in payouts]
    return {
        "id": bulk_payout.id,
        "graphqlId": graphql_id("bulkPayout", bulk_payout.id),
        "name": bulk_payout.name,
        "creatorId": state.settings.merchant_id,
        "method": bulk_payout.method,
        "status": "COMPLETED",
        "statusUpdatedAt": now,
        "createdAt": now,
        "updatedAt": now,
        "totalPayoutAmount": sum(amount for _, amount in values),
        "totalSettlementAmount": sum(payout["settlementAmount"] for payout in payouts),
        "payoutStats": {
            "count": count_by_status(payouts, _PAYOUT_COUNTS),
            "amount": sum_by_status(values, _PAYOUT_COUNTS),
        },
    }


def _transfer_money(state: State, bulk_payout: BulkPayout, payouts: list[JsonObject]) -> None:
    """Make the bank transfers of payouts through the agency."""
    test, now = bulk_payout.test, state.now()
    bulk_id = f"bulk-account-transfer-{state.ids.uuid()}"
    transfers = [_withdrawal(state, bulk_id, payout, test=test) for payout in payouts]
    made = records(state, "accountTransfer", test=test)
    for each in transfers:
        made[each["id"]] = each
    values = [(each["status"], each["amount"]) for each in transfers]
    records(state, "bulkAccountTransfer", test=test)[bulk_id] = {
        "id": bulk_id,
        "graphqlId": graphql_id("bulkAccountTransfer", bulk_id),
        "creatorId": state.settings.merchant_id,
        "bankAccountId": _BANK_ACCOUNT_ID,
        "bankAccountGraphqlId": graphql_id("bankAccount", _BANK_ACCOUNT_ID),
        "status": "COMPLETED",
        "statusUpdatedAt": now,
        "createdAt": now,
        "updatedAt": now,
        "totalAmount": sum(amount for _, amount in values),
        "stats": {
            "count": count_by_status(transfers, _TRANSFER_COUNTS),
            "amount": sum_by_status(values, _TRANSFER_COUNTS),
        },
    }


def _withdrawal(state: State, bulk_id: str, payout: JsonObject, *, test: bool) -> JsonObject:
    now = state.now()
    is_done = payout["status"] == "SUCCEEDED"
    return omit_none(
        type="WITHDRAWAL",
        withdrawalType="PARTNER_PAYOUT",
        id=f"account-transfer-{state.ids.uuid()}",
        isForTest=test,
        status=payout["status"],
        statusUpdatedAt=now,
        createdAt=now,
        updatedAt=now,
        tradedAt=now if is_done else None,
        failReason=payout.get("failReason"),
        amount=payout["amount"],
        currency=payout["currency"],
        bankAccount=_BANK_ACCOUNT,
        bankAccountId=_BANK_ACCOUNT_ID,
        bankAccountGraphqlId=graphql_id("bankAccount", _BANK_ACCOUNT_ID),
        bulkAccountTransferId=bulk_id,
        bulkAccountTransferGraphqlId=graphql_id("bulkAccountTransfer", bulk_id),
        bulkPayoutId=payout["bulkPayoutId"],
        bulkPayoutGraphqlId=payout["bulkPayoutGraphqlId"],
        payoutId=payout["id"],
        payoutGraphqlId=payout["graphqlId"],
        partnerId=payout["partner"]["id"],
        partnerGraphqlId=payout["partner"]["graphqlId"],
        depositBank=payout["account"]["bank"],
        depositAccountNumber=payout["account"]["number"],
        depositAccountHolder=payout["account"]["holder"],
        depositMemo=payout.get("depositMemo"),
        withdrawalMemo=payout.get("withdrawalMemo"),
    )


@frozen
class _List:
    """A list operation: the kind of its records, and the names of its statistics."""

    kind: str
    counts: dict[str, str]

    def __call__(self, state: State, request: ParsedRequest) -> JsonObject:
        test = is_for_test(request)
        found = select(state, self.kind, request.body.get("filter", {}), test=test)
        items, page = filters.page(state, self.kind, found, request.body, test=test)
        return {"items": items, "page": page, "counts": count_selected(found, self.counts)}


HANDLERS: dict[str, Handler] = {
    "completePlatformPayoutByPartnerSettlementIds": _complete,
    "getPlatformPayouts": _List("payout", _PAYOUT_COUNTS),
    "getPlatformBulkPayouts": _List("bulkPayout", _BULK_PAYOUT_COUNTS),
    "getPlatformAccountTransfers": _List("accountTransfer", _TRANSFER_COUNTS),
    "getPlatformBulkAccountTransfers": _List("bulkAccountTransfer", _BULK_TRANSFER_COUNTS),
}
