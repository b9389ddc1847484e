"""Simulation of the billing-key window, in which a customer registers a card."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from portone_async.emulator import payments
from portone_async.emulator.amounts import amount_of
from portone_async.emulator.billing_keys import new_info
from portone_async.emulator.charges import pay_with_billing_key
from portone_async.emulator.errors import Refusal
from portone_async.emulator.handlers import Handler
from portone_async.emulator.notices import notify_billing_key
from portone_async.emulator.records import Issue
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject, present

IssueOutcome: TypeAlias = Literal["issued", "authenticated", "failed"]
"""How a customer leaves the billing-key window.

`authenticated` gives the shop a token for `confirmBillingKey`, or for
`confirmBillingKeyIssueAndPay` if there is a payment.
"""


@frozen
class IssueWindow:
    """What the shop's page receives when the window closes; `code` and `message` only on failure."""

    billing_key: str | None = None
    billing_issue_token: str | None = None
    code: str | None = None
    message: str | None = None


def play(
    state: State,
    store_id: str,
    outcome: IssueOutcome,
    channel_key: str,
    customer: JsonObject,
    named: JsonObject,
    payment: JsonObject | None,
) -> IssueWindow:
    """Open the billing-key window and leave it with an outcome.

    `named` has the shop's `issueId` and `issueName`; `payment` is what to pay at once, in the fields
    that `confirm` checks.

    Raises:
        Refusal: ALREADY_PAID or the errors of `amount_of`, for a payment.
    """
    if payment is not None:
        amount_of(payment["totalAmount"], payment.get("taxFreeAmount"))
        payments.check_unpaid(state, (store_id, payment["paymentId"]))
    info = new_info(state, store_id, state.channel(channel_key), customer) | named
    notify_billing_key(state, "READY", info)
    if outcome == "failed":
        notify_billing_key(state, "FAILED", info)
        return IssueWindow(code="PG_PROVIDER", message="the card company declined")
    if outcome == "authenticated":
        token = f"billing-issue-token-{state.ids.uuid()}"
        state.issues[token] = Issue(info, payment)
        return IssueWindow(billing_issue_token=token)
    _issue(state, info)
    if payment is not None:
        _pay(state, info, payment)
    return IssueWindow(billing_key=info["billingKey"])


def _issue(state: State, info: JsonObject) -> None:
    info["issuedAt"] = state.now()
    state.billing_keys[info["billingKey"]] = info
    notify_billing_key(state, "ISSUED", info)


def _pay(state: State, info: JsonObject, payment: JsonObject) -> None:
    amount = present(total=payment["totalAmount"], taxFree=payment.get("taxFreeAmount"))
    body = {
        "billingKey": info["billingKey"],
        "orderName": payment["orderName"],
        "currency": payment["currency"],
        "amount": amount,
    }
    pay_with_billing_key(state, (info["storeId"], payment["paymentId"]), body)


def _find(state: State, given: Input, *, pays: bool) -> Issue:
    """Return the pending billing key of the request's token.

    Raises:
        Refusal: BILLING_KEY_NOT_FOUND, BILLING_KEY_ALREADY_ISSUED, INFORMATION_MISMATCH.
    """
    store_id = state.store(given.body.get("storeId"))
    issue = state.issues.get(given.body["billingIssueToken"])
    if issue is None or issue.info["storeId"] != store_id or (issue.payment is not None) != pays:
        raise Refusal("BILLING_KEY_NOT_FOUND", "billingIssueToken is unknown")
    if issue.info["billingKey"] in state.billing_keys:
        raise Refusal("BILLING_KEY_ALREADY_ISSUED", "the billing key is already issued")
    facts = {"isTest": True, **(issue.payment or {})}
    for name, fact in facts.items():
        if name in given.body and given.body[name] != fact:
            raise Refusal("INFORMATION_MISMATCH", f"{name} differs from the value in the window")
    return issue


def _confirm(state: State, given: Input) -> JsonObject:
    issue = _find(state, given, pays=False)
    _issue(state, issue.info)
    return {"billingKey": issue.info["billingKey"]}


def _confirm_and_pay(state: State, given: Input) -> JsonObject:
    issue = _find(state, given, pays=True)
    payment = issue.payment or {}
    _issue(state, issue.info)
    _pay(state, issue.info, payment)
    return {"billingKey": issue.info["billingKey"], "paymentId": payment["paymentId"]}


HANDLERS: dict[str, Handler] = {
    "confirmBillingKey": _confirm,
    "confirmBillingKeyIssueAndPay": _confirm_and_pay,
}
