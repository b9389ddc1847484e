"""Snapshots of the state for the dashboard and `/_emulator/state`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import orjson

from portone_emulator.http.app import RequestRecord
from portone_emulator.http.request_log import redacted_path
from portone_emulator.state.json_values import JsonObject, format_datetime, omit_none
from portone_emulator.state.state import State
from portone_emulator.webhooks.delivery import Attempt, Delivery


def snapshot(state: State, requests: Sequence[RequestRecord], limit: int) -> JsonObject:
    """Return at most `limit` of each kind, latest first, and the total counts."""
    with state.lock:
        payments = [each.view for each in islice(reversed(state.payments.values()), limit)]
        deliveries = state.delivery_queue.deliveries
        result: JsonObject = {
            "now": state.now(),
            "storeId": state.settings.store_id,
            "counts": {
                "payments": len(state.payments),
                "requests": len(requests),
                "webhooks": len(deliveries),
            },
            "payments": payments,
            # A list at once: other threads may append requests meanwhile.
            "requests": [_request(record) for record in list(islice(reversed(requests), limit))],
            "webhooks": [_webhook(delivery) for delivery in deliveries[: -limit - 1 : -1]],
        }
        return orjson.loads(orjson.dumps(result))


def _request(record: RequestRecord) -> JsonObject:
    return omit_none(
        at=format_datetime(record.at),
        method=record.method,
        path=redacted_path(record),
        operationId=record.operation_id,
        status=record.status,
        error=record.error,
        milliseconds=round(record.seconds * 1000, 1),
        isReplay=record.is_replay,
        fault=record.fault,
    )


def _webhook(delivery: Delivery) -> JsonObject:
    due = delivery.next_attempt_at
    return omit_none(
        id=delivery.id,
        type=delivery.type,
        url=delivery.url,
        paymentId=None if delivery.payment is None else delivery.payment[1],
        body=delivery.content.decode(),
        isDelivered=delivery.is_delivered,
        attempts=[_attempt(attempt) for attempt in delivery.attempts],
        nextAttemptAt=None if due is None else format_datetime(due),
    )


def _attempt(attempt: Attempt) -> JsonObject:
    return omit_none(at=format_datetime(attempt.at), status=attempt.status, error=attempt.error)
