"""Simulation of the payment window: what a customer does there, and the result."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, get_args

from attrs import field, frozen

from portone_emulator.document.choices import check_choice
from portone_emulator.errors import PG_FAILURE, EmulatedAPIError, invalid
from portone_emulator.payments import payments, promotions
from portone_emulator.payments.amounts import Amount, new_amount
from portone_emulator.payments.customers import to_customer
from portone_emulator.payments.methods import PayMethod, sample
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.records import Payment, Registration
from portone_emulator.state.state import Decline, Key, State, channel_group
from portone_emulator.webhooks.events import notify_payment

CheckoutOutcome: TypeAlias = Literal[
    "ready", "authenticated", "paid", "failed", "virtual_account", "pay_pending"
]
"""How a customer leaves the payment window.

`ready` leaves the window open. `authenticated` gives the shop a payment token for `confirmPayment`.
"""

ACCOUNT_VALIDITY = timedelta(days=7)
_DECLINED = Decline("DECLINED", "the customer's card was declined")


@frozen
class CheckoutResult:
    """What the shop's page receives when the window closes.

    Attributes:
        payment_id: the payment ID.
        tx_id: the transaction ID, of this attempt to pay.
        payment_token: what `confirmPayment` takes; only after `authenticated`.
        code: `FAILURE_TYPE_PG`; only on failure.
        message: why the payment failed; only on failure.
        pg_code: the payment company's own code, if it failed.
        pg_message: the payment company's own message, if it failed.
    """

    payment_id: str
    tx_id: str
    payment_token: str | None = None
    code: str | None = None
    message: str | None = None
    pg_code: str | None = None
    pg_message: str | None = None


@frozen(kw_only=True)
class Order:
    """The parameters with which the shop's page opens the window."""

    amount: int | None
    tax_free: int | None
    vat: int | None
    currency: str
    order_name: str
    method: PayMethod
    customer: JsonObject
    channel_key: str | None
    channel_group_id: str | None = None
    custom_data: str | None
    promotion_id: str | None = None
    is_escrow: bool = False
    notice_urls: tuple[str, ...] = ()
    method_details: JsonObject = field(factory=dict)
    account_expires_at: datetime | None = None
    products: tuple[JsonObject, ...] = ()
    country: str | None = None
    is_cultural_expense: bool | None = None


def simulate(state: State, key: Key, outcome: CheckoutOutcome, order: Order) -> CheckoutResult:
    """Open the payment window and leave it with an outcome.

    Raises:
        EmulatedAPIError: ALREADY_PAID; INFORMATION_MISMATCH if the order differs from
            `preRegisterPayment`.
        ValueError: the outcome, the method or the currency is unknown.
    """
    check_choice("outcome", outcome, get_args(CheckoutOutcome))
    check_choice("method", order.method, get_args(PayMethod))
    check_choice("currency", order.currency, state.document.enum("Currency"))
    amount = amount_to_pay(state, key, order.amount, order.tax_free, order.vat, order.currency)
    method: PayMethod = "virtual_account" if outcome == "virtual_account" else order.method
    details = order.method_details if method == order.method else {}
    fields = omit_none(
        orderName=order.order_name,
        currency=order.currency,
        customData=order.custom_data,
        customer=to_customer(order.customer, "customer"),
        channel=state.window_channel(order.channel_key, order.channel_group_id),
        channelGroup=channel_group(order.channel_group_id),
        method=sample(method, state.ids.digits(8)) | details,
        origin={"platformType": "PC", "ipAddress": "127.0.0.1"},
        escrow={"status": "BEFORE_REGISTERED"} if order.is_escrow else None,
        promotionId=order.promotion_id,
        noticeUrls=list(order.notice_urls) or None,
        products=list(order.products) or None,
        country=order.country,
        isCulturalExpense=order.is_cultural_expense,
    )
    amount = promotions.discounted(state, order.promotion_id, amount)
    payment = payments.open_transaction(state, key, amount, fields)
    notify_payment(state, payment, "READY")
    payments.refresh(state, payment)
    return _leave(state, payment, outcome, order.account_expires_at)


def amount_to_pay(
    state: State, key: Key, total: int | None, tax_free: int | None, vat: int | None, currency: str
) -> Amount:
    """Return the amount with which a payment window can be opened.

    Raises:
        EmulatedAPIError: ALREADY_PAID; INVALID_REQUEST if there is no amount; INFORMATION_MISMATCH
            if it differs from what was pre-registered; the errors of `new_amount`.
    """
    registration = state.registrations.get(key, Registration(None, None, None))
    total = registration.total if total is None else total
    tax_free = registration.tax_free if tax_free is None else tax_free
    if total is None:
        raise invalid("amount", "is required: no amount was pre-registered")
    _check_registered(registration, Registration(total, tax_free or 0, currency))
    payments.check_unpaid(state, key)
    return new_amount(total, tax_free, vat)


def leave(state: State, key: Key, outcome: CheckoutOutcome) -> CheckoutResult:
    """Leave a window that is open, with an outcome.

    Raises:
        EmulatedAPIError: PAYMENT_NOT_FOUND; INVALID_REQUEST if the payment is not READY.
        ValueError: the outcome is unknown.
    """
    check_choice("outcome", outcome, get_args(CheckoutOutcome))
    payment = payments.find(state, key)
    if payment.latest.status != "READY":
        raise invalid("payment", f"must be READY, is {payment.latest.status}")
    return _leave(state, payment, outcome)


def _leave(
    state: State,
    payment: Payment,
    outcome: CheckoutOutcome,
    account_expires_at: datetime | None = None,
) -> CheckoutResult:
    transaction = payment.latest
    match outcome:
        case "paid":
            payments.settle(state, payment)
        case "virtual_account":
            expires_at = account_expires_at or state.clock.now() + ACCOUNT_VALIDITY
            payments.issue_account(state, payment, {"bank": "SHINHAN"}, expires_at)
        case "pay_pending":
            payments.change_status(state, payment, "PAY_PENDING", pgTxId=state.ids.uuid())
        case "authenticated":
            transaction.payment_token = f"payment-token-{state.ids.uuid()}"
            payments.refresh(state, payment)
        case "failed":
            payments.fail(state, payment, _DECLINED)
            return CheckoutResult(
                payment.id,
                transaction.id,
                code=PG_FAILURE,
                message=_DECLINED.pg_message,
                pg_code=_DECLINED.pg_code,
                pg_message=_DECLINED.pg_message,
            )
        case "ready":
            pass
    return CheckoutResult(payment.id, transaction.id, payment_token=transaction.payment_token)


def _check_registered(registered: Registration, opened: Registration) -> None:
    pairs = {
        "amount": (registered.total, opened.total),
        "tax_free": (registered.tax_free, opened.tax_free),
        "currency": (registered.currency, opened.currency),
    }
    for name, (expected, actual) in pairs.items():
        if expected is not None and expected != actual:
            raise EmulatedAPIError(
                "INFORMATION_MISMATCH", f"{name} differs from the pre-registered value"
            )
