"""Simulation of the billing-key window, in which a customer registers a card."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from attrs import frozen

from portone_emulator.billing.billing_keys import new_billing_key_info
from portone_emulator.document.choices import check_choice
from portone_emulator.errors import PG_FAILURE, EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.amounts import new_amount
from portone_emulator.payments.charges import pay_with_billing_key
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.records import PendingBillingKey
from portone_emulator.state.state import Decline, State
from portone_emulator.webhooks.events import notify_billing_key

IssueOutcome: TypeAlias = Literal["issued", "authenticated", "failed"]
"""How a customer leaves the billing-key window.

`authenticated` gives the shop a token for `confirmBillingKey`, or for
`confirmBillingKeyIssueAndPay` if there is a payment.
"""


NEEDS_CONFIRMATION: Final = "NEEDS_CONFIRMATION"
_DECLINED = Decline("DECLINED", "the card company declined")


@frozen
class IssueResult:
    """What the shop's page receives when the window closes.

    Attributes:
        billing_key: the billing key after `issued`; `NEEDS_CONFIRMATION` after `authenticated`.
        billing_issue_token: what `confirmBillingKey` or `confirmBillingKeyIssueAndPay` takes; only
            after `authenticated`.
        code: `FAILURE_TYPE_PG`; only on failure.
        message: why no billing key was issued; only on failure.
        pg_code: the payment company's own code, if it failed.
        pg_message: the payment company's own message, if it failed.
    """

    billing_key: str | None = None
    billing_issue_token: str | None = None
    code: str | None = None
    message: str | None = None
    pg_code: str | None = None
    pg_message: str | None = None


def simulate(
    state: State,
    store_id: str,
    outcome: IssueOutcome,
    channel_key: str,
    customer: JsonObject,
    issue_fields: JsonObject,
    payment: JsonObject | None,
) -> IssueResult:
    """Open the billing-key window and leave it with an outcome.

    `issue_fields` has the shop's `issueId` and `issueName`; `payment` is what to pay at once, in
    the fields that `confirm` checks.

    The billing key stays issued if the payment company declines the payment.

    Raises:
        EmulatedAPIError: ALREADY_PAID or the errors of `new_amount`, for a payment.
        ValueError: the outcome or the payment's currency is unknown.
    """
    check_choice("outcome", outcome, get_args(IssueOutcome))
    if payment is not None:
        check_choice("currency", payment["currency"], state.document.enum("Currency"))
        new_amount(payment["totalAmount"], payment.get("taxFreeAmount"))
        payments.check_unpaid(state, (store_id, payment["paymentId"]))
    info = (
        new_billing_key_info(state, store_id, state.channel(channel_key), customer) | issue_fields
    )
    notify_billing_key(state, "READY", info)
    if outcome == "failed":
        notify_billing_key(state, "FAILED", info)
        return _failed(_DECLINED)
    if outcome == "authenticated":
        token = f"billing-issue-token-{state.ids.uuid()}"
        state.pending_billing_keys[token] = PendingBillingKey(info, payment)
        return IssueResult(NEEDS_CONFIRMATION, token)
    _issue(state, info)
    if payment is not None:
        try:
            _pay(state, info, payment)
        except EmulatedAPIError as error:
            if error.type != "PG_PROVIDER":
                raise
            return _failed(Decline(str(error.fields["pgCode"]), str(error.fields["pgMessage"])))
    return IssueResult(billing_key=info["billingKey"])


def _failed(declined: Decline) -> IssueResult:
    return IssueResult(
        code=PG_FAILURE,
        message=declined.pg_message,
        pg_code=declined.pg_code,
        pg_message=declined.pg_message,
    )


def _issue(state: State, info: JsonObject) -> None:
    info["issuedAt"] = state.now()
    state.billing_keys[info["billingKey"]] = info
    notify_billing_key(state, "ISSUED", info)


def _pay(state: State, info: JsonObject, payment: JsonObject) -> None:
    amount = omit_none(total=payment["totalAmount"], taxFree=payment.get("taxFreeAmount"))
    body = {
        "billingKey": info["billingKey"],
        "orderName": payment["orderName"],
        "currency": payment["currency"],
        "amount": amount,
    }
    pay_with_billing_key(state, (info["storeId"], payment["paymentId"]), body)


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
    _issue(state, pending.info)
    return {"billingKey": pending.info["billingKey"]}


def _confirm_and_pay(state: State, request: ParsedRequest) -> JsonObject:
    pending = _find(state, request, pays=True)
    payment = pending.payment or {}
    _issue(state, pending.info)
    _pay(state, pending.info, payment)
    return {"billingKey": pending.info["billingKey"], "paymentId": payment["paymentId"]}


HANDLERS: dict[str, Handler] = {
    "confirmBillingKey": _confirm,
    "confirmBillingKeyIssueAndPay": _confirm_and_pay,
}
