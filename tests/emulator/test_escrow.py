"""Escrow, from the registration of the delivery to the customer's confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import EmulatedAPIError, Emulator

from .conftest import Shop, error_of

if TYPE_CHECKING:
    import httpx

INVALID = (400, "INVALID_REQUEST")
LOGISTICS = {"company": "CJ", "invoiceNumber": "123", "sentAt": "2026-07-03T10:00:00Z"}


def apply(shop: Shop, method: str = "POST", **logistics: Any) -> httpx.Response:
    body = {"logistics": LOGISTICS | logistics}
    return shop.request(method, "/payments/order-1/escrow/logistics", json=body)


def confirm(shop: Shop) -> httpx.Response:
    return shop.post("/payments/order-1/escrow/complete", json={})


def status(shop: Shop) -> str:
    return shop.get_payment()["escrow"]["status"]


def test_status_changes(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", amount=1000, is_escrow=True)
    assert status(shop) == "BEFORE_REGISTERED"
    assert error_of(confirm(shop)) == INVALID
    assert error_of(apply(shop, "PATCH")) == INVALID
    applied = apply(shop, sentAt="2026-07-03t19:00:00.5+09:00").json()
    assert (applied["invoiceNumber"], applied["sentAt"]) == (
        "123",
        "2026-07-03T10:00:00.500000000Z",
    )
    assert status(shop) == "REGISTERED"
    assert error_of(apply(shop)) == INVALID
    assert apply(shop, "PATCH", invoiceNumber="456").json()["invoiceNumber"] == "456"
    assert shop.get_payment()["escrow"]["invoiceNumber"] == "456"
    emulator.escrow("order-1", "DELIVERED")
    assert status(shop) == "DELIVERED"
    assert confirm(shop).json()["completedAt"]
    escrow = shop.get_payment()["escrow"]
    assert (escrow["status"], escrow["isAutomaticallyConfirmed"]) == ("CONFIRMED", False)
    with pytest.raises(EmulatedAPIError, match="INVALID_REQUEST"):
        emulator.escrow("order-1", "REJECTED")


def test_rejected_and_cancelled(emulator: Emulator, shop: Shop) -> None:
    shop.pay(isEscrow=True)
    apply(shop).raise_for_status()
    emulator.escrow("order-1", "REJECTED")
    assert status(shop) == "REJECTED"
    emulator.escrow("order-1", "REJECT_CONFIRMED")
    assert status(shop) == "REJECT_CONFIRMED"
    shop.cancel(amount=1).raise_for_status()
    assert status(shop) == "REJECT_CONFIRMED"
    shop.cancel().raise_for_status()
    assert status(shop) == "CANCELLED"


def test_automatic_confirmation(emulator: Emulator, shop: Shop) -> None:
    shop.pay(isEscrow=True)
    apply(shop).raise_for_status()
    emulator.escrow("order-1", "CONFIRMED")
    assert shop.get_payment()["escrow"]["isAutomaticallyConfirmed"] is True
    found = shop.send_query("GET", "/payments", {"filter": {"escrowStatus": "CONFIRMED"}}).json()
    assert len(found["items"]) == 1


def test_needs_a_paid_payment_with_escrow(emulator: Emulator, shop: Shop) -> None:
    assert error_of(apply(shop)) == (404, "PAYMENT_NOT_FOUND")
    emulator.checkout("order-1", "ready", amount=1000, is_escrow=True)
    assert error_of(apply(shop)) == (409, "PAYMENT_NOT_PAID")
    emulator.checkout("order-1", amount=1000)
    assert error_of(apply(shop)) == INVALID
