"""Handlers of the cash-receipt operations."""

from __future__ import annotations

from portone_async.emulator import listing, payments
from portone_async.emulator.amounts import Amount
from portone_async.emulator.charges import requested_amount
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.handlers import Handler
from portone_async.emulator.listing import equal, one_of
from portone_async.emulator.state import Key, State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject

_TIMES = {
    "ISSUED_AT": "issuedAt",
    "CANCELLED_AT": "cancelledAt",
    "STATUS_UPDATED_AT": "statusUpdatedAt",
}


def _issue(state: State, given: Input) -> JsonObject:
    body = given.body
    key = (state.store(body.get("storeId")), body["paymentId"])
    channel = state.channel(body["channelKey"])
    amount = _amount(body["amount"])
    before = state.cash_receipts.get(key)
    if before is not None and before["status"] == "ISSUED":
        raise Refusal("CASH_RECEIPT_ALREADY_ISSUED", "the payment already has a cash receipt")
    now = state.now()
    number = state.ids.digits(9)
    receipt: JsonObject = {
        "status": "ISSUED",
        "merchantId": state.settings.merchant_id,
        "storeId": key[0],
        "paymentId": key[1],
        "channel": channel,
        "amount": amount.total,
        "taxFreeAmount": amount.tax_free,
        "vatAmount": amount.vat,
        "currency": body["currency"],
        "orderName": body["orderName"],
        "isManual": True,
        "type": body["type"],
        "pgReceiptId": state.ids.uuid(),
        "issueNumber": number,
        "url": f"https://receipts.invalid/cash/{number}",
        "issuedAt": now,
        "statusUpdatedAt": now,
    }
    _keep(state, key, receipt)
    return {"cashReceipt": {name: receipt[name] for name in ("issueNumber", "url", "pgReceiptId")}}


def _amount(given: JsonObject) -> Amount:
    try:
        return requested_amount(given)
    except Refusal as refusal:
        # `issueCashReceipt` does not list SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT.
        raise invalid("body.amount", refusal.message) from None


def _keep(state: State, key: Key, receipt: JsonObject) -> None:
    """Store a receipt, and show it in its payment if the emulator has that payment."""
    state.cash_receipts[key] = receipt
    payment = state.payments.get(key)
    if payment is not None:
        shown = {"totalAmount": receipt["amount"], **receipt}
        schema = state.document.variants("PaymentCashReceipt")[receipt["status"]]
        payment.latest.wire["cashReceipt"] = state.document.pick(schema, shown)
        payments.refresh(state, payment)


def _find(state: State, given: Input) -> tuple[Key, JsonObject]:
    key = (state.store(given.query.get("storeId")), given.path["paymentId"])
    receipt = state.cash_receipts.get(key)
    if receipt is None:
        raise Refusal("CASH_RECEIPT_NOT_FOUND", "the payment has no cash receipt")
    return key, receipt


def _get(state: State, given: Input) -> JsonObject:
    return _find(state, given)[1]


def _cancel(state: State, given: Input) -> JsonObject:
    key, receipt = _find(state, given)
    if receipt["status"] != "ISSUED":
        raise Refusal("CASH_RECEIPT_NOT_ISSUED", "the cash receipt is cancelled")
    now = state.now()
    changes = {"status": "CANCELLED", "cancelledAt": now, "statusUpdatedAt": now}
    _keep(state, key, receipt | changes)
    return {"cancelledAmount": receipt["amount"], "cancelledAt": now}


def _list(state: State, given: Input) -> JsonObject:
    filters: JsonObject = given.body.get("filter", {})
    sort: JsonObject = given.body.get("sort", {})
    if "storeId" in filters:
        state.store(filters["storeId"])
    range_field = _TIMES[filters.get("timeRangeField", "ISSUED_AT")]
    sort_field = _TIMES[sort.get("by", "ISSUED_AT")]
    in_range = listing.in_range(
        (receipt for receipt in state.cash_receipts.values() if _passes(receipt, filters)),
        filters,
        lambda receipt: receipt.get(range_field),
        state.clock.now(),
    )
    found = listing.ordered(in_range, lambda receipt: receipt.get(sort_field), sort.get("order"))
    items, page = listing.page(found, given.body)
    return {"items": items, "page": page}


def _passes(receipt: JsonObject, filters: JsonObject) -> bool:
    channel: JsonObject = receipt["channel"]
    return (
        equal(filters.get("storeId"), receipt["storeId"])
        and equal(filters.get("paymentId"), receipt["paymentId"])
        and equal(filters.get("isTest"), channel["type"] == "TEST")
        and equal(filters.get("orderName"), receipt["orderName"])
        and equal(filters.get("isManual"), receipt["isManual"])
        and equal(filters.get("pgReceiptId"), receipt["pgReceiptId"])
        and equal(filters.get("pgMerchantId"), channel["pgMerchantId"])
        and equal(filters.get("version"), "V2")
        and one_of(filters.get("statuses"), receipt["status"])
        and one_of(filters.get("pgProviders"), channel["pgProvider"])
        and one_of(filters.get("pgCompanies"), channel["pgProvider"])
        and one_of(filters.get("types"), receipt["type"])
    )


HANDLERS: dict[str, Handler] = {
    "issueCashReceipt": _issue,
    "getCashReceiptByPaymentId": _get,
    "cancelCashReceiptByPaymentId": _cancel,
    "getCashReceipts": _list,
}
