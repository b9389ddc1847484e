"""Payment sessions: created, read without a secret, closed and expired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import Emulator

from .conftest import Shop, error_of

if TYPE_CHECKING:
    import httpx

EXPIRED = (410, "SESSION_EXPIRED")


def create(emulator: Emulator, shop: Shop, **body: Any) -> httpx.Response:
    request = {
        "storeId": emulator.store_id,
        "paymentId": "order-1",
        "profileKey": "profile",
        "orderName": "a book",
        "totalAmount": 1000,
        "currency": "KRW",
        "country": "KR",
    }
    return shop.post("/payment-sessions", json=request | body)


def test_can_be_read_without_a_secret_until_it_expires(emulator: Emulator, shop: Shop) -> None:
    made = create(emulator, shop, ttlSeconds=60, redirectUrl="https://shop.example").json()
    path = f"/payment-sessions/{made['sessionId']}"
    del shop.headers["Authorization"]
    session = shop.get(path).json()
    assert (session["paymentId"], session["totalAmount"]) == ("order-1", 1000)
    assert session["expiresAt"] == made["expiresAt"] == "2026-07-03T09:01:00.000000000Z"
    emulator.advance(seconds=60)
    assert error_of(shop.get(path)) == EXPIRED


def test_closed(emulator: Emulator, shop: Shop) -> None:
    path = f"/payment-sessions/{create(emulator, shop).json()['sessionId']}"
    closed_at = shop.post(f"{path}/close").json()["closedAt"]
    assert error_of(shop.get(path)) == EXPIRED
    emulator.advance(hours=1)
    assert shop.post(f"{path}/close").json()["closedAt"] == closed_at


def test_unknown(shop: Shop) -> None:
    assert error_of(shop.get("/payment-sessions/none")) == (404, "SESSION_NOT_FOUND")
    assert error_of(shop.post("/payment-sessions/none/close")) == (404, "SESSION_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "status", "error_type"),
    [
        ({"ttlSeconds": 10**15}, 400, "MAX_TTL_EXCEEDED"),
        ({"ttlSeconds": 0}, 400, "INVALID_REQUEST"),
        ({"totalAmount": 0}, 400, "INVALID_REQUEST"),
        ({"storeId": "somebody-else"}, 403, "FORBIDDEN"),
    ],
)
def test_rejected(
    emulator: Emulator, shop: Shop, body: dict[str, Any], status: int, error_type: str
) -> None:
    assert error_of(create(emulator, shop, **body)) == (status, error_type)
