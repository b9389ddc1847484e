"""A payment's webhooks: their delivery results in the payment, and `resendWebhook`."""

from __future__ import annotations

import orjson
from attrs import evolve

from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.handlers import Handler
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.payments import payments
from portone_emulator.payments.operations import payment_key
from portone_emulator.state.json_values import JsonObject, format_datetime
from portone_emulator.state.records import Transaction
from portone_emulator.state.state import State
from portone_emulator.webhooks.delivery import Attempt, Delivery


def update_payment(state: State, delivery: Delivery) -> None:
    """Write the latest attempt of a delivery into its payment's `webhooks`."""
    if delivery.payment is None:
        return
    payment = payments.find(state, delivery.payment)
    for transaction in payment.transactions:
        if transaction.id == delivery.transaction_id:
            _replace(transaction, delivery)
    payments.refresh(state, payment)


def _replace(transaction: Transaction, delivery: Delivery) -> None:
    """Replace the webhook by an updated copy: responses already sent must not change."""
    result = _result(delivery, delivery.attempts[-1])
    transaction.fields["webhooks"] = [
        webhook | result
        if (webhook["id"], webhook["url"]) == (delivery.id, delivery.url)
        else webhook
        for webhook in transaction.fields["webhooks"]
    ]


def _result(delivery: Delivery, attempt: Attempt) -> JsonObject:
    at = format_datetime(attempt.at)
    result: JsonObject = {
        "currentExecutionCount": len(delivery.attempts),
        "request": {
            "header": orjson.dumps({"webhook-id": delivery.id}).decode(),
            "body": delivery.content.decode(),
            "requestedAt": at,
        },
    }
    if attempt.status is None:
        return result | {"status": "FAILED_UNEXPECTED_ERROR"}
    return result | {
        "status": "SUCCEEDED" if attempt.is_success else "FAILED_NOT_OK_RESPONSE",
        "response": {
            "code": str(attempt.status),
            "header": orjson.dumps(dict(attempt.headers)).decode(),
            "body": attempt.content.decode(errors="replace"),
            "respondedAt": at,
        },
    }


def _resend(state: State, request: ParsedRequest) -> JsonObject:
    payment = payments.find(state, payment_key(state, request))
    wanted = request.body.get("webhookId")
    for webhook in reversed(payment.latest.fields["webhooks"]):
        if wanted in {None, webhook["id"]}:
            resend(state, webhook["id"])
            return {"webhook": webhook | {"trigger": "MANUAL", "triggeredAt": state.now()}}
    raise EmulatedAPIError("WEBHOOK_NOT_FOUND", "the payment has no such webhook")


def resend(state: State, webhook_id: str) -> None:
    """Deliver a webhook again, now and once.

    Raises:
        EmulatedAPIError: WEBHOOK_NOT_FOUND.
    """
    delivery = state.delivery_queue.find(webhook_id)
    if delivery is None:
        raise EmulatedAPIError("WEBHOOK_NOT_FOUND", "there is no webhook with this ID")
    state.delivery_queue.add(evolve(delivery, attempts=(), is_manual=True), state.clock.now())


HANDLERS: dict[str, Handler] = {"resendWebhook": _resend}
