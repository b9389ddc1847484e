"""One payment's story: its requests, attempts, cancellations and webhooks, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import orjson

from portone_emulator.billing import schedules
from portone_emulator.http.app import RequestRecord
from portone_emulator.http.request_history import RequestHistory
from portone_emulator.payments.pg_specific import DELIVERY
from portone_emulator.state.json_values import JsonObject, get_nested
from portone_emulator.state.records import Payment, Transaction
from portone_emulator.state.state import Key, State
from portone_emulator.web.page_data import request_json, webhook_json

MAX_EVENTS: Final = 200
"""The maximum number of events shown."""
# When an attempt reached each status, by the path of the field.
_REACHED: Final = {
    "VIRTUAL_ACCOUNT_ISSUED": ("method", "issuedAt"),
    "PAID": ("paidAt",),
    "FAILED": ("failedAt",),
}
# What comes first of events of one moment, as on a clock that stands still.
_ORDER: Final = (
    "schedule",
    "request",
    "attempt",
    "status",
    "cancellation",
    "delivery",
    "cashReceipt",
    "webhook",
)


def story(state: State, requests: RequestHistory, key: Key) -> JsonObject:
    """Return what happened to a payment, oldest first: the latest `MAX_EVENTS` events.

    `payment` is missing if every request for it was refused.
    """
    records, count = requests.of_payment(key, MAX_EVENTS)
    with state.lock:
        payment = state.payments.get(key)
        planned = [state.schedules[each] for each in state.schedules.all_of_payment.get(key, ())]
        events: list[JsonObject] = [
            *map(_request, reversed(records)),
            *(_schedule(schedules.view(state, schedule)) for schedule in planned),
            *_cash_receipt(state, key),
            *([] if payment is None else _attempts(payment)),
            *(
                _webhook(webhook_json(delivery, number))
                for number, delivery in state.delivery_queue.of_payment(key)
            ),
        ]
        events.sort(key=lambda event: (event["at"], _ORDER.index(event["kind"])))
        result: JsonObject = {
            "now": state.now(),
            "storeId": key[0],
            "paymentId": key[1],
            "count": len(events) + count - len(records),
            "events": events[-MAX_EVENTS:],
        }
        if payment is not None:
            result["payment"] = payment.view
        return orjson.loads(orjson.dumps(result))


def _event(kind: str, at: str, details: JsonObject) -> JsonObject:
    return {**details, "kind": kind, "at": at}


def _request(record: RequestRecord) -> JsonObject:
    request = request_json(record)
    return _event("request", request["at"], request)


def _schedule(schedule: JsonObject) -> JsonObject:
    return _event("schedule", schedule["createdAt"], schedule)


def _cash_receipt(state: State, key: Key) -> Iterator[JsonObject]:
    receipt = state.cash_receipts.get(key)
    if receipt is not None:
        yield _event("cashReceipt", receipt["issuedAt"], receipt)


def _attempts(payment: Payment) -> Iterator[JsonObject]:
    for transaction in payment.transactions:
        fields: JsonObject = {
            **transaction.fields,
            "id": transaction.id,
            "amount": transaction.amount.to_json(),
        }
        yield _event("attempt", fields["requestedAt"], fields)
        yield from _statuses(transaction)
        for cancellation in fields["cancellations"]:
            details = {**cancellation, "currency": fields["currency"]}
            yield _event("cancellation", cancellation["requestedAt"], details)
        if DELIVERY in fields:
            yield _event("delivery", fields[DELIVERY]["confirmedAt"], fields[DELIVERY])


def _statuses(transaction: Transaction) -> Iterator[JsonObject]:
    """Yield the statuses that an attempt reached, but for those that its cancellations tell."""
    fields, status = transaction.fields, transaction.status
    reached = {name: get_nested(fields, *path) for name, path in _REACHED.items()}
    if status not in {"READY", *reached} and not fields["cancellations"]:
        reached[status] = fields["statusChangedAt"]
    for name, at in reached.items():
        if at is not None:
            failed: JsonObject = {"failure": fields["failure"]} if name == "FAILED" else {}
            yield _event("status", at, {"status": name, **failed})


def _webhook(webhook: JsonObject) -> JsonObject:
    """Return the event of a webhook: it stands at its first attempt, made or due."""
    times = [attempt["at"] for attempt in webhook["attempts"]]
    return _event("webhook", (times or [webhook["nextAttemptAt"]])[0], webhook)
