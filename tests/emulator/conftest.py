from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from portone_emulator import Emulator
from portone_emulator.state import snapshots
from portone_emulator.state.index import Index
from portone_emulator.state.journal import Journal

from .response_checks import check

START = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
CARD = {"number": "4111111111111111", "expiryYear": "30", "expiryMonth": "12"}


class Shop(httpx.Client):
    """A shop's server: every response is checked against the OpenAPI document."""

    def __init__(self, emulator: Emulator, **headers: str) -> None:
        headers.setdefault("Authorization", f"PortOne {emulator.secret}")
        super().__init__(
            base_url=emulator.url,
            headers=headers,
            event_hooks={"response": [_check]},
            verify=False,  # loopback: no certificates to load for each test
        )

    def send_query(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """Send a JSON object in the query, as PortOne requires for these methods."""
        return self.request(method, path, params={"requestBody": json.dumps(body or {})})

    def get_payment(self, payment_id: str = "order-1") -> dict[str, Any]:
        return self.get(f"/payments/{payment_id}").raise_for_status().json()

    def cancel(self, payment_id: str = "order-1", **body: Any) -> httpx.Response:
        return self.post(f"/payments/{payment_id}/cancel", json={"reason": "changed mind", **body})

    def pay(self, payment_id: str = "order-1", total: int = 1000, **body: Any) -> httpx.Response:
        """Pay at once with a card."""
        request = {
            "channelKey": "channel-key-1",
            "orderName": "a book",
            "amount": {"total": total},
            "currency": "KRW",
            "method": {"card": {"credential": CARD}},
        }
        return self.post(f"/payments/{payment_id}/instant", json=request | body)

    def issue_billing_key(self, **body: Any) -> str:
        request = {"channelKey": "channel-key-1", "method": {"card": {"credential": CARD}}}
        response = self.post("/billing-keys", json=request | body).raise_for_status().json()
        return response["billingKeyInfo"]["billingKey"]

    def charge(self, payment_id: str, billing_key: str, **body: Any) -> httpx.Response:
        """Pay with a billing key."""
        return self.post(f"/payments/{payment_id}/billing-key", json=charge(billing_key) | body)


def charge(billing_key: str, total: int = 1000) -> dict[str, Any]:
    return {
        "billingKey": billing_key,
        "orderName": "a month",
        "amount": {"total": total},
        "currency": "KRW",
    }


def _check(response: httpx.Response) -> None:
    response.read()
    check(response)


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the type of an error response."""
    return response.status_code, response.json()["type"]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(start_at=START, journal=tmp_path / "journal") as emulator:
        yield emulator
        check_journal(emulator)
        check_indexes(emulator)


def check_journal(emulator: Emulator) -> None:
    """Check that the journal has all that a snapshot has: no change was forgotten."""
    journal = emulator._journal
    assert isinstance(journal, Journal)
    with emulator._state.lock:
        written = journal.read()
        expected = orjson.loads(orjson.dumps(snapshots.take(emulator._state, emulator._keys)))
    assert written is not None
    for snapshot in (written, expected):
        del snapshot["now"], snapshot["secondsAhead"]  # of the last change
        snapshot["state"] = {name: part for name, part in snapshot["state"].items() if part}
    assert written == expected


def check_indexes(emulator: Emulator) -> None:
    """Check that the indexes have what the records say now: no change was forgotten."""
    state = emulator._state
    with state.lock:
        parts: list[tuple[Any, Any]] = [
            (records, records.index)
            for records in (
                state.payments,
                state.schedules,
                state.billing_keys,
                state.cash_receipts,
                state.identity_verifications,
            )
        ]
        parts += [(records, records.index) for records in state.records.of_kind.values()]
        for records, index in parts:
            indexed = Index[Any, Any](index._read)
            for key, record in records.items():
                indexed.put(key, record)
            assert _contents(index) == _contents(indexed)


def _contents(index: Index[Any, Any]) -> dict[Any, Any]:
    return {
        key: ([time for time, _, _ in found.entries], found.facets, found.lookups)
        for key, found in index._indexed.items()
    }


@pytest.fixture
def shop(emulator: Emulator) -> Iterator[Shop]:
    with Shop(emulator) as shop:
        yield shop
