"""Handlers of the operations on one payment."""

from __future__ import annotations

from datetime import datetime, timedelta

from portone_async.emulator import payments
from portone_async.emulator.charges import pay_with_billing_key, requested, requested_amount
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.handlers import Handler
from portone_async.emulator.methods import card
from portone_async.emulator.people import exactly_one
from portone_async.emulator.records import Payment, Registration
from portone_async.emulator.state import Key, State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject, moment, present


def payment_key(state: State, given: Input) -> Key:
    """Return the key of the payment that a request names."""
    store_id = given.body.get("storeId", given.query.get("storeId"))
    return state.store(store_id), given.path["paymentId"]


def _pre_register(state: State, given: Input) -> JsonObject:
    key = payment_key(state, given)
    payments.check_unpaid(state, key)
    body = given.body
    for name in ("totalAmount", "taxFreeAmount"):
        if body.get(name, 0) < 0:
            raise invalid(f"body.{name}", "must not be negative")
    state.registrations[key] = Registration(
        body.get("totalAmount"), body.get("taxFreeAmount"), body.get("currency")
    )
    return {}


def _get(state: State, given: Input) -> JsonObject:
    return payments.find(state, payment_key(state, given)).view


def _transactions(state: State, given: Input) -> JsonObject:
    payment = payments.find(state, payment_key(state, given))
    views = [
        payments.transaction_view(state, payment, transaction)
        for transaction in payment.transactions
    ]
    return {"items": views}


def _pay_instantly(state: State, given: Input) -> JsonObject:
    key = payment_key(state, given)
    body = given.body
    method: JsonObject = body["method"]
    exactly_one(method, ("card", "virtualAccount"), "body.method")
    account: JsonObject = method.get("virtualAccount", {})
    expires_at = _expiry(state, account["expiry"]) if account else None
    channel = state.channel(body.get("channelKey"), body.get("channelGroupId"))
    amount = requested_amount(body["amount"])
    wire = requested(body, channel)
    payments.check_not_scheduled(state, key)
    if expires_at is not None:
        payment = payments.open_transaction(state, key, amount, wire)
        issued = present(
            bank=account["bank"],
            accountType=account["option"]["type"],
            remitteeName=account.get("remitteeName"),
            accountNumber=account["option"].get("fixed", {}).get("accountNumber"),
        )
        payments.issue_account(state, payment, issued, expires_at)
        return {"payment": {"pgTxId": payment.view["pgTxId"], "paidAt": state.now()}}
    wire["method"] = card(
        method["card"]["credential"]["number"],
        state.ids.digits(8),
        method["card"].get("installmentMonth", 0),
    )
    payment = payments.open_transaction(state, key, amount, wire)
    payments.charge(state, payment)
    return {"payment": _summary(payment)}


def _pay_with_billing_key(state: State, given: Input) -> JsonObject:
    key = payment_key(state, given)
    payments.check_not_scheduled(state, key)
    payment = pay_with_billing_key(state, key, given.body)
    return {"payment": _summary(payment)}


def _capture(state: State, given: Input) -> JsonObject:
    payments.check_paid(payments.find(state, payment_key(state, given)))
    return {}


def _confirm(state: State, given: Input) -> JsonObject:
    key = payment_key(state, given)
    payment = payments.find(state, key)
    payments.check_unpaid(state, key)
    transaction = payment.latest
    body = given.body
    if transaction.payment_token is None or body["paymentToken"] != transaction.payment_token:
        raise Refusal("INVALID_PAYMENT_TOKEN", "paymentToken does not belong to this payment")
    facts = {
        "txId": transaction.id,
        "currency": transaction.wire["currency"],
        "totalAmount": transaction.amount.total,
        "taxFreeAmount": transaction.amount.tax_free,
        "isTest": True,
    }
    for name, fact in facts.items():
        if name in body and body[name] != fact:
            raise Refusal("INFORMATION_MISMATCH", f"{name} differs from the payment's")
    payments.charge(state, payment)
    return _summary(payment)


def _close_account(state: State, given: Input) -> JsonObject:
    payment = payments.find(state, payment_key(state, given))
    return {"closedAt": payments.close_account(state, payment)}


def _register_store_receipt(state: State, given: Input) -> JsonObject:
    payment = payments.find(state, payment_key(state, given))
    if not given.body["items"]:
        raise invalid("body.items", "must not be empty")
    payments.check_paid(payment)
    return {"receiptUrl": payment.view["receiptUrl"]}


def _summary(payment: Payment) -> JsonObject:
    return {"pgTxId": payment.view["pgTxId"], "paidAt": payment.view["paidAt"]}


def _expiry(state: State, expiry: JsonObject) -> datetime:
    where = "body.method.virtualAccount.expiry"
    exactly_one(expiry, ("validHours", "dueDate"), where)
    now = state.clock.now()
    if "dueDate" in expiry:
        expires_at = moment(expiry["dueDate"])
    else:
        try:
            expires_at = now + timedelta(hours=expiry["validHours"])
        except OverflowError:
            raise invalid(f"{where}.validHours", "is too large") from None
    if expires_at <= now:
        raise invalid(where, "must be in the future")
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
