"""Simulation of the billing-key window, in which a customer registers a card."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from attrs import field, frozen

from portone_emulator.billing.billing_keys import new_billing_key_info
from portone_emulator.document.choices import check_choice
from portone_emulator.errors import PG_FAILURE, EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.amounts import new_amount
from portone_emulator.payments.charges import open_with_billing_key, pay_with_billing_key
from portone_emulator.payments.methods import PayMethod
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.records import Payment, PendingBillingKey
from portone_emulator.state.state import Decline, State, channel_group
from portone_emulator.webhooks.events import notify_billing_key, notify_payment

IssueOutcome: TypeAlias = Literal["ready", "authenticated", "issued", "failed"]
"""How a customer leaves the billing-key window.

`ready` leaves the window open. `authenticated` gives the shop a token for `confirmBillingKey`, or for
`confirmBillingKeyIssueAndPay` if there is a payment.
"""


METHODS: Final[tuple[PayMethod, ...]] = ("card", "mobile", "easy_pay", "transfer")
"""What can be registered as a billing key."""
NEEDS_CONFIRMATION: Final = "NEEDS_CONFIRMATION"
_DECLINED = Decline("DECLINED", "the card company declined")


@frozen
class IssueResult:
    """What the shop's page receives when the window closes.

    Attributes:
        billing_key: the billing key, which is issued after `issued` only, then even if the payment
            failed; `NEEDS_CONFIRMATION` after `authenticated`.
        billing_issue_token: what `confirmBillingKey` or `confirmBillingKeyIssueAndPay` takes; only
            after `authenticated`.
        code: `FAILURE_TYPE_PG`; only on failure.
        message: why no billing key was issued, or nothing was paid; only on failure.
        pg_code: the payment company's own code, if it failed.
        pg_message: the payment company's own message, if it failed.
        payment_id: the payment ID; only if there is a payment.
        tx_id: the transaction ID, of this attempt to pay; `NEEDS_CONFIRMATION` after
            `authenticated`; only if there is a payment.
    """

    billing_key: str
    billing_issue_token: str | None = None
    code: str | None = None
    message: str | None = None
    pg_code: str | None = None
    pg_message: str | None = None
    payment_id: str | None = None
    tx_id: str | None = None


@frozen(kw_only=True)
class IssueOrder:
    """The parameters with which the shop's page opens the window.

    `payment` is what to pay at once: the amount in the fields that `confirm` checks, and other
    fields of `payWithBillingKey`.
    """

    customer: JsonObject
    channel_key: str | None
    channel_group_id: str | None = None
    method: PayMethod = "card"
    method_details: JsonObject = field(factory=dict)
    issue_fields: JsonObject = field(factory=dict)
    """The fields of `BillingKeyInfo` that the shop chooses: `issueId`, `issueName`, `customData`."""
    notice_urls: tuple[str, ...] = ()
    payment: JsonObject | None = None


def simulate(state: State, store_id: str, outcome: IssueOutcome, order: IssueOrder) -> IssueResult:
    """Open the billing-key window and leave it with an outcome.

    The billing key stays issued if the payment company declines the payment.

    Raises:
        EmulatedAPIError: ALREADY_PAID or the errors of `new_amount`, for a payment.
        ValueError: the outcome, the method or the payment's currency is unknown.
    """
    check_choice("outcome", outcome, get_args(IssueOutcome))
    check_choice("method", order.method, METHODS)
    payment = order.payment
    if payment is not None:
        check_payment(state, store_id, payment)
    payment_id = None if payment is None else payment["paymentId"]
    pending = PendingBillingKey(_new_info(state, store_id, order), payment, order.notice_urls)
    _notify(state, "READY", pending)
    if outcome == "authenticated":
        token = f"billing-issue-token-{state.ids.uuid()}"
        state.pending_billing_keys[token] = pending
        tx_id = None if payment is None else NEEDS_CONFIRMATION
        return IssueResult(NEEDS_CONFIRMATION, token, payment_id=payment_id, tx_id=tx_id)
    attempt = None if payment is None else _open_payment(state, pending.info, payment)
    declined = None
    if outcome == "issued":
        _issue(state, pending)
        declined = None if attempt is None else _charge(state, attempt)
    elif outcome == "failed":
        declined = _DECLINED
        _notify(state, "FAILED", pending)
        if attempt is not None:
            payments.fail(state, attempt, declined)
    return IssueResult(
        pending.info["billingKey"],
        payment_id=payment_id,
        tx_id=None if attempt is None else attempt.latest.id,
        **({} if declined is None else _failure(declined)),
    )


def _failure(declined: Decline) -> dict[str, str]:
    return {
        "code": PG_FAILURE,
        "message": declined.pg_message,
        "pg_code": declined.pg_code,
        "pg_message": declined.pg_message,
    }


def _open_payment(state: State, info: JsonObject, payment: JsonObject) -> Payment:
    """Start the attempt to pay, as the payment window does."""
    key = info["storeId"], payment["paymentId"]
    attempt = open_with_billing_key(state, key, info, _charge_body(info, payment))
    notify_payment(state, attempt, "READY")
    payments.refresh(state, attempt)
    return attempt


def _charge(state: State, attempt: Payment) -> Decline | None:
    """Pay with the new billing key; return the payment company's decline if there is one."""
    try:
        payments.charge(state, attempt)
    except EmulatedAPIError as error:
        return Decline(str(error.fields["pgCode"]), str(error.fields["pgMessage"]))
    return None


def check_payment(state: State, store_id: str, payment: JsonObject) -> None:
    """Check that a payment can be made at once.

    Raises:
        EmulatedAPIError: ALREADY_PAID or the errors of `new_amount`.
        ValueError: the currency is unknown.
    """
    check_choice("currency", payment["currency"], state.document.enum("Currency"))
    new_amount(payment["totalAmount"], payment.get("taxFreeAmount"), payment.get("vatAmount"))
    payments.check_unpaid(state, (store_id, payment["paymentId"]))


def _new_info(state: State, store_id: str, order: IssueOrder) -> JsonObject:
    channel = state.window_channel(order.channel_key, order.channel_group_id)
    info = new_billing_key_info(state, store_id, channel, order.customer, order.method)
    method: JsonObject = info["methods"][0]
    return {
        **info,
        **omit_none(channelGroup=channel_group(order.channel_group_id)),
        **order.issue_fields,
        "methods": [method | order.method_details],
    }


def _notify(state: State, status: str, pending: PendingBillingKey) -> None:
    notify_billing_key(state, status, pending.info, pending.notice_urls)


def _issue(state: State, pending: PendingBillingKey) -> None:
    info = pending.info | {"issuedAt": state.now()}
    state.billing_keys[info["billingKey"]] = info
    _notify(state, "ISSUED", pending)


def _charge_body(info: JsonObject, payment: JsonObject) -> JsonObject:
    """Return the body of `payWithBillingKey` for a payment."""
    amount = omit_none(
        total=payment["totalAmount"],
        taxFree=payment.get("taxFreeAmount"),
        vat=payment.get("vatAmount"),
    )
    return {**payment, "billingKey": info["billingKey"], "amount": amount}


def _find(state: State, request: ParsedRequest, *, pays: bool) -> PendingBillingKey:
    """Return the pending billing key of the request's token.

    Raises:
        EmulatedAPIError: BILLING_KEY_NOT_FOUND, BILLING_KEY_ALREADY_ISSUED, INFORMATION_MISMATCH.
    """
    store_id = state.store(request.body.get("storeId"))
    pending = state.pending_billing_keys.get(request.body["billingIssueToken"])
    if (
        pending is None
        or pending.info["storeId"] != store_id
        or (pending.payment is not None) != pays
    ):
        raise EmulatedAPIError("BILLING_KEY_NOT_FOUND", "billingIssueToken is unknown")
    if pending.info["billingKey"] in state.billing_keys:
        raise EmulatedAPIError("BILLING_KEY_ALREADY_ISSUED", "the billing key is already issued")
    expected = {"isTest": True, **(pending.payment or {})}
    for name, value in expected.items():
        if name in request.body and request.body[name] != value:
            raise EmulatedAPIError(
                "INFORMATION_MISMATCH", f"{name} differs from the value in the window"
            )
    return pending


def _confirm(state: State, request: ParsedRequest) -> JsonObject:
    pending = _find(state, request, pays=False)
    _issue(state, pending)
    return {"billingKey": pending.info["billingKey"]}


def _confirm_and_pay(state: State, request: ParsedRequest) -> JsonObject:
    pending = _find(state, request, pays=True)
    payment = pending.payment or {}
    _issue(state, pending)
    key = pending.info["storeId"], payment["paymentId"]
    pay_with_billing_key(state, key, _charge_body(pending.info, payment))
    return {"billingKey": pending.info["billingKey"], "paymentId": payment["paymentId"]}


HANDLERS: dict[str, Handler] = {
    "confirmBillingKey": _confirm,
    "confirmBillingKeyIssueAndPay": _confirm_and_pay,
}
