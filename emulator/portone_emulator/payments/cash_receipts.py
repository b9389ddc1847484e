"""Handlers of the cash-receipt operations."""

from __future__ import annotations

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.amounts import Amount
from portone_emulator.payments.charges import requested_amount
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import Key, State


def _issue(state: State, request: ParsedRequest) -> JsonObject:
    body = request.body
    key = (state.store(body.get("storeId")), body["paymentId"])
    channel = state.channel(body["channelKey"])
    amount = _amount(body["amount"])
    existing = state.cash_receipts.get(key)
    if existing is not None and existing["status"] == "ISSUED":
        raise EmulatedAPIError(
            "CASH_RECEIPT_ALREADY_ISSUED", "the payment already has a cash receipt"
        )
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
    _store(state, key, receipt)
    return {"cashReceipt": {name: receipt[name] for name in ("issueNumber", "url", "pgReceiptId")}}


def _amount(amount_input: JsonObject) -> Amount:
    try:
        return requested_amount(amount_input)
    except EmulatedAPIError as error:
        # `issueCashReceipt` does not list SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT.
        raise invalid("body.amount", error.message) from None


def _store(state: State, key: Key, receipt: JsonObject) -> None:
    """Store a receipt, and show it in its payment if the emulator has that payment."""
    state.cash_receipts[key] = receipt
    payment = state.payments.get(key)
    if payment is not None:
        shown = {"totalAmount": receipt["amount"], **receipt}
        schema = state.document.variants("PaymentCashReceipt")[receipt["status"]]
        payment.latest.fields["cashReceipt"] = state.document.pick(schema, shown)
        payments.refresh(state, payment)


def _find(state: State, request: ParsedRequest) -> tuple[Key, JsonObject]:
    key = (state.store(request.query.get("storeId")), request.path["paymentId"])
    receipt = state.cash_receipts.get(key)
    if receipt is None:
        raise EmulatedAPIError("CASH_RECEIPT_NOT_FOUND", "the payment has no cash receipt")
    return key, receipt


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return _find(state, request)[1]


def _cancel(state: State, request: ParsedRequest) -> JsonObject:
    key, receipt = _find(state, request)
    if receipt["status"] != "ISSUED":
        raise EmulatedAPIError("CASH_RECEIPT_NOT_ISSUED", "the cash receipt is cancelled")
    now = state.now()
    changes = {"status": "CANCELLED", "cancelledAt": now, "statusUpdatedAt": now}
    _store(state, key, receipt | changes)
    return {"cancelledAmount": receipt["amount"], "cancelledAt": now}


def _list(state: State, request: ParsedRequest) -> JsonObject:
    items, page = listing.page_in_time(state, state.cash_receipts, request.body, time="ISSUED_AT")
    return {"items": items, "page": page}


HANDLERS: dict[str, Handler] = {
    "issueCashReceipt": _issue,
    "getCashReceiptByPaymentId": _get,
    "cancelCashReceiptByPaymentId": _cancel,
    "getCashReceipts": _list,
}
