"""Handlers of the operations on one payment."""

from __future__ import annotations

from datetime import datetime, timedelta

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.charges import pay_with_billing_key, requested, requested_amount
from portone_emulator.payments.customers import check_exactly_one
from portone_emulator.payments.methods import card
from portone_emulator.state.json_values import JsonObject, omit_none, parse_datetime
from portone_emulator.state.records import Payment, Registration
from portone_emulator.state.state import Key, State


def payment_key(state: State, request: ParsedRequest) -> Key:
    """Return the key of the payment that a request names."""
    store_id = request.body.get("storeId", request.query.get("storeId"))
    return state.store(store_id), request.path["paymentId"]


def _pre_register(state: State, request: ParsedRequest) -> JsonObject:
    key = payment_key(state, request)
    payments.check_unpaid(state, key)
    body = request.body
    for name in ("totalAmount", "taxFreeAmount"):
        if body.get(name, 0) < 0:
            raise invalid(f"body.{name}", "must not be negative")
    state.registrations[key] = Registration(
        body.get("totalAmount"), body.get("taxFreeAmount"), body.get("currency")
    )
    return {}


def _get(state: State, request: ParsedRequest) -> JsonObject:
    return payments.find(state, payment_key(state, request)).view


def _transactions(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    views = [
        payments.transaction_view(state, payment, transaction)
        for transaction in payment.transactions
    ]
    return {"items": views}


def _pay_instantly(state: State, request: ParsedRequest) -> JsonObject:
    key = payment_key(state, request)
    body = request.body
    method: JsonObject = body["method"]
    check_exactly_one(method, ("card", "virtualAccount"), "body.method")
    account: JsonObject = method.get("virtualAccount", {})
    expires_at = _expiry(state, account["expiry"]) if account else None
    channel = state.channel(body.get("channelKey"), body.get("channelGroupId"))
    amount = requested_amount(body["amount"])
    fields = requested(body, channel)
    payments.check_not_scheduled(state, key)
    if expires_at is not None:
        payment = payments.open_transaction(state, key, amount, fields)
        issued = omit_none(
            bank=account["bank"],
            accountType=account["option"]["type"],
            remitteeName=account.get("remitteeName"),
            accountNumber=account["option"].get("fixed", {}).get("accountNumber"),
        )
        payments.issue_account(state, payment, issued, expires_at)
        return {"payment": {"pgTxId": payment.view["pgTxId"], "paidAt": state.now()}}
    fields["method"] = card(
        method["card"]["credential"]["number"],
        state.ids.digits(8),
        method["card"].get("installmentMonth", 0),
    )
    payment = payments.open_transaction(state, key, amount, fields)
    payments.charge(state, payment)
    return {"payment": _summary(payment)}


def _pay_with_billing_key(state: State, request: ParsedRequest) -> JsonObject:
    key = payment_key(state, request)
    payments.check_not_scheduled(state, key)
    payment = pay_with_billing_key(state, key, request.body)
    return {"payment": _summary(payment)}


def _capture(state: State, request: ParsedRequest) -> JsonObject:
    payments.check_paid(payments.find(state, payment_key(state, request)))
    return {}


def _confirm(state: State, request: ParsedRequest) -> JsonObject:
    key = payment_key(state, request)
    payment = payments.find(state, key)
    payments.check_unpaid(state, key)
    transaction = payment.latest
    body = request.body
    if transaction.payment_token is None or body["paymentToken"] != transaction.payment_token:
        raise EmulatedAPIError(
            "INVALID_PAYMENT_TOKEN", "paymentToken does not belong to this payment"
        )
    expected = {
        "txId": transaction.id,
        "currency": transaction.fields["currency"],
        "totalAmount": transaction.amount.total,
        "taxFreeAmount": transaction.amount.tax_free,
        "isTest": True,
    }
    for name, value in expected.items():
        if name in body and body[name] != value:
            raise EmulatedAPIError("INFORMATION_MISMATCH", f"{name} differs from the payment's")
    payments.charge(state, payment)
    return _summary(payment)


def _close_account(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    return {"closedAt": payments.close_account(state, payment)}


def _register_store_receipt(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    if not request.body["items"]:
        raise invalid("body.items", "must not be empty")
    payments.check_paid(payment)
    return {"receiptUrl": payment.view["receiptUrl"]}


def _summary(payment: Payment) -> JsonObject:
    return {"pgTxId": payment.view["pgTxId"], "paidAt": payment.view["paidAt"]}


def _expiry(state: State, expiry: JsonObject) -> datetime:
    location = "body.method.virtualAccount.expiry"
    check_exactly_one(expiry, ("validHours", "dueDate"), location)
    now = state.clock.now()
    if "dueDate" in expiry:
        expires_at = parse_datetime(expiry["dueDate"])
    else:
        try:
            expires_at = now + timedelta(hours=expiry["validHours"])
        except OverflowError:
            raise invalid(f"{location}.validHours", "is too large") from None
    if expires_at <= now:
        raise invalid(location, "must be in the future")
    return expires_at


HANDLERS: dict[str, Handler] = {
    "preRegisterPayment": _pre_register,
    "getPayment": _get,
    "getPaymentTransactions": _transactions,
    "payInstantly": _pay_instantly,
    "payWithBillingKey": _pay_with_billing_key,
    "capturePayment": _capture,
    "confirmPayment": _confirm,
    "closeVirtualAccount": _close_account,
    "registerStoreReceipt": _register_store_receipt,
}
