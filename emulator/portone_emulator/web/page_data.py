"""What the pages show of the state, as JSON; also for `/_emulator/state`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import orjson

from portone_emulator.billing import schedules
from portone_emulator.http.app import RequestRecord
from portone_emulator.http.request_history import RequestHistory
from portone_emulator.http.request_log import redacted_path
from portone_emulator.identity import verifications
from portone_emulator.platform.records import records
from portone_emulator.platform.settlements import settle, with_status
from portone_emulator.state.json_values import JsonObject, format_datetime, omit_none
from portone_emulator.state.state import State
from portone_emulator.webhooks.delivery import Attempt, Delivery

_T = TypeVar("_T")
# What the pages have of partner settlement and tax invoices: the kinds of records, and their time.
_PLATFORM: Final = {
    "partners": (("partner",), "appliedAt"),
    "contracts": (("contract",), "appliedAt"),
    "policies": (("additionalFeePolicy", "discountSharePolicy"), "appliedAt"),
    "transfers": (("transfer",), "settlementDate"),
    "partnerSettlements": (("partnerSettlement",), "settlementDate"),
    "payouts": (("payout",), "statusUpdatedAt"),
    "taxInvoices": (("taxInvoice",), "statusUpdatedAt"),
}


def page_data(state: State, requests: RequestHistory, limit: int) -> JsonObject:
    """Return at most `limit` of each kind, latest first, and the total counts.

    The cost depends on `limit`, not on how many there are.
    """
    with state.lock:
        for test in (False, True):
            settle(state, test=test)
        deliveries = state.delivery_queue.deliveries
        result: JsonObject = {
            "now": state.now(),
            "storeId": state.settings.store_id,
            "counts": {
                "payments": len(state.payments),
                "webhooks": len(deliveries),
                "requests": len(requests),
                "schedules": len(state.schedules),
                "billingKeys": len(state.billing_keys),
                "cashReceipts": len(state.cash_receipts),
                "identityVerifications": len(state.identity_verifications),
                **{name: _count(state, name) for name in _PLATFORM},
            },
            "payments": [each.view for each in _latest(state.payments, limit)],
            "webhooks": [
                webhook_json(deliveries[number - 1], number)
                for number in _latest_numbers(deliveries, limit)
            ],
            "requests": [request_json(each) for each in requests.latest(limit)],
            "schedules": [schedules.view(state, each) for each in _latest(state.schedules, limit)],
            "billingKeys": _latest(state.billing_keys, limit),
            "cashReceipts": _latest(state.cash_receipts, limit),
            "identityVerifications": [
                omit_none(**verifications.view(state, each), **_sent_by(each))
                for each in _latest(state.identity_verifications, limit)
            ],
            **{name: _latest_of_platform(state, name, limit) for name in _PLATFORM},
        }
        return orjson.loads(orjson.dumps(result))


def request_json(record: RequestRecord) -> JsonObject:
    """Return what the pages show of a request."""
    store_id, payment_id = record.payment or (None, None)
    return omit_none(
        at=format_datetime(record.at),
        method=record.method,
        path=redacted_path(record),
        operationId=record.operation_id,
        storeId=store_id,
        paymentId=payment_id,
        status=record.status,
        error=record.error,
        milliseconds=round(record.seconds * 1000, 1),
        isReplay=record.is_replay,
        fault=record.fault,
    )


def webhook_json(delivery: Delivery, number: int) -> JsonObject:
    """Return what the pages show of a webhook; `number` counts the deliveries from 1."""
    due = delivery.next_attempt_at
    store_id, payment_id = delivery.payment or (None, None)
    return omit_none(
        number=number,
        id=delivery.id,
        type=delivery.type,
        url=delivery.url,
        storeId=store_id,
        paymentId=payment_id,
        body=delivery.content.decode(),
        isManual=delivery.is_manual,
        isDelivered=delivery.is_delivered,
        attempts=[_attempt(attempt) for attempt in delivery.attempts],
        nextAttemptAt=None if due is None else format_datetime(due),
    )


def _attempt(attempt: Attempt) -> JsonObject:
    return omit_none(
        at=format_datetime(attempt.at),
        status=attempt.status,
        error=attempt.error,
    )


def _sent_by(verification: JsonObject) -> JsonObject:
    """Return how a verification was sent, which the API does not tell."""
    return {name: verification.get(name) for name in ("method", "operator")}


def _latest(items: dict[Any, _T], limit: int) -> list[_T]:
    return list(islice(reversed(items.values()), limit))


def _latest_numbers(items: Sequence[object], limit: int) -> Iterable[int]:
    count = len(items)
    return range(count, max(count - limit, 0), -1)


def _count(state: State, name: str) -> int:
    kinds, _ = _PLATFORM[name]
    return sum(len(records(state, kind, test=test)) for kind in kinds for test in (False, True))


def _latest_of_platform(state: State, name: str, limit: int) -> list[JsonObject]:
    """Return the latest records, of live data and of test data."""
    kinds, time = _PLATFORM[name]
    found: list[JsonObject] = []
    for test in (False, True):
        for kind in kinds:
            for record in _latest(records(state, kind, test=test), limit):
                shown = {**record, "isForTest": test}
                is_transfer = kind == "transfer"
                found.append(with_status(state, shown, test=test) if is_transfer else shown)
    return sorted(found, key=lambda record: record[time], reverse=True)[:limit]
