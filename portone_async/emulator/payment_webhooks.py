"""A payment's webhooks: their delivery results in the payment, and `resendWebhook`."""

from __future__ import annotations

import orjson
from attrs import evolve

from portone_async.emulator import payments
from portone_async.emulator.deliveries import Attempt, Delivery
from portone_async.emulator.errors import Refusal
from portone_async.emulator.handlers import Handler
from portone_async.emulator.payment_operations import payment_key
from portone_async.emulator.records import Transaction
from portone_async.emulator.state import State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject, timestamp


def show(state: State, delivery: Delivery) -> None:
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
    transaction.wire["webhooks"] = [
        shown | result if (shown["id"], shown["url"]) == (delivery.id, delivery.url) else shown
        for shown in transaction.wire["webhooks"]
    ]


def _result(delivery: Delivery, attempt: Attempt) -> JsonObject:
    at = timestamp(attempt.at)
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


def _resend(state: State, given: Input) -> JsonObject:
    payment = payments.find(state, payment_key(state, given))
    wanted = given.body.get("webhookId")
    for shown in reversed(payment.latest.wire["webhooks"]):
        if wanted in {None, shown["id"]}:
            again = {"trigger": "MANUAL", "triggeredAt": state.now()}
            _send_again(state, shown)
            return {"webhook": shown | again}
    raise Refusal("WEBHOOK_NOT_FOUND", "the payment has no such webhook")


def _send_again(state: State, shown: JsonObject) -> None:
    for delivery in reversed(state.outbox.deliveries):
        if (delivery.id, delivery.url) == (shown["id"], shown["url"]):
            state.outbox.post(evolve(delivery, attempts=(), is_manual=True), state.clock.now())
            return


HANDLERS: dict[str, Handler] = {"resendWebhook": _resend}
