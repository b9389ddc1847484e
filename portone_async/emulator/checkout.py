"""Simulation of the payment window: what a customer does there, and the result."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias

from attrs import frozen

from portone_async.emulator import payments, promotions
from portone_async.emulator.amounts import amount_of
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.methods import Method, sample
from portone_async.emulator.notices import notify_payment
from portone_async.emulator.people import customer as customer_of
from portone_async.emulator.records import Payment, Registration
from portone_async.emulator.state import Decline, Key, State
from portone_async.emulator.wire import JsonObject, present

Outcome: TypeAlias = Literal[
    "ready", "authenticated", "paid", "failed", "virtual_account", "pay_pending"
]
"""How a customer leaves the payment window.

`ready` leaves the window open. `authenticated` gives the shop a payment token for `confirmPayment`.
"""

ACCOUNT_VALIDITY = timedelta(days=7)
_DECLINED = Decline("DECLINED", "the customer's card was declined")


@frozen
class Checkout:
    """What the shop's page receives when the window closes; `code` and `message` only on failure."""

    payment_id: str
    tx_id: str
    payment_token: str | None = None
    code: str | None = None
    message: str | None = None


@frozen(kw_only=True)
class Order:
    """The parameters with which the shop's page opens the window."""

    amount: int | None
    tax_free: int | None
    vat: int | None
    currency: str
    order_name: str
    method: Method
    customer: JsonObject
    channel_key: str
    custom_data: str | None
    promotion_id: str | None = None
    is_escrow: bool = False
    notice_urls: tuple[str, ...] = ()


def play(state: State, key: Key, outcome: Outcome, order: Order) -> Checkout:
    """Open the payment window and leave it with an outcome.

    Raises:
        Refusal: ALREADY_PAID; INFORMATION_MISMATCH if the order differs from `preRegisterPayment`.
    """
    registration = state.registrations.get(key, Registration(None, None, None))
    total = registration.total if order.amount is None else order.amount
    tax_free = registration.tax_free if order.tax_free is None else order.tax_free
    if total is None:
        raise invalid("amount", "is required: no amount was pre-registered")
    _check_registered(registration, Registration(total, tax_free or 0, order.currency))
    method: Method = "virtual_account" if outcome == "virtual_account" else order.method
    wire = present(
        orderName=order.order_name,
        currency=order.currency,
        customData=order.custom_data,
        customer=customer_of(order.customer, "customer"),
        channel=state.channel(order.channel_key),
        method=sample(method, state.ids.digits(8)),
        origin={"platformType": "PC", "ipAddress": "127.0.0.1"},
        escrow={"status": "BEFORE_REGISTERED"} if order.is_escrow else None,
        promotionId=order.promotion_id,
        noticeUrls=list(order.notice_urls) or None,
    )
    payments.check_unpaid(state, key)
    amount = promotions.discounted(state, order.promotion_id, amount_of(total, tax_free, order.vat))
    payment = payments.open_transaction(state, key, amount, wire)
    notify_payment(state, payment, "READY")
    payments.refresh(state, payment)
    return _leave(state, payment, outcome)


def leave(state: State, key: Key, outcome: Outcome) -> Checkout:
    """Leave a window that is open, with an outcome.

    Raises:
        Refusal: PAYMENT_NOT_FOUND; INVALID_REQUEST if the payment is not READY.
    """
    payment = payments.find(state, key)
    if payment.latest.status != "READY":
        raise invalid("payment", f"must be READY, is {payment.latest.status}")
    return _leave(state, payment, outcome)


def _leave(state: State, payment: Payment, outcome: Outcome) -> Checkout:
    transaction = payment.latest
    match outcome:
        case "paid":
            payments.settle(state, payment)
        case "virtual_account":
            expires_at = state.clock.now() + ACCOUNT_VALIDITY
            payments.issue_account(state, payment, {"bank": "SHINHAN"}, expires_at)
        case "pay_pending":
            payments.change_status(state, payment, "PAY_PENDING", pgTxId=state.ids.uuid())
        case "authenticated":
            transaction.payment_token = f"payment-token-{state.ids.uuid()}"
        case "failed":
            payments.fail(state, payment, _DECLINED)
            return Checkout(
                payment.id, transaction.id, code="PG_PROVIDER", message=_DECLINED.pg_message
            )
        case "ready":
            pass
    return Checkout(payment.id, transaction.id, payment_token=transaction.payment_token)


def _check_registered(registered: Registration, opened: Registration) -> None:
    pairs = {
        "amount": (registered.total, opened.total),
        "tax_free": (registered.tax_free, opened.tax_free),
        "currency": (registered.currency, opened.currency),
    }
    for name, (expected, actual) in pairs.items():
        if expected is not None and expected != actual:
            raise Refusal("INFORMATION_MISMATCH", f"{name} differs from the pre-registered value")
