"""Misspelt choices are errors that name the argument, and change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from portone_emulator import Emulator

from .conftest import Shop


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "payed"}, "unknown outcome 'payed'; did you mean 'paid'\\?"),
        (
            {"outcome": "PAID"},
            "unknown outcome 'PAID'; the choices are ready, authenticated, paid,",
        ),
        ({"outcome": ""}, "unknown outcome ''"),
        ({"outcome": None}, "unknown outcome None"),
        ({"method": "crad"}, "unknown method 'crad'; did you mean 'card'\\?"),
        ({"currency": "krw"}, "unknown currency 'krw'$"),
    ],
    ids=str,
)
def test_checkout(emulator: Emulator, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emulator.checkout("order-1", amount=1, **options)
    assert emulator.payments == {}
    assert emulator.deliveries == []


def test_leave_checkout(emulator: Emulator) -> None:
    emulator.checkout("order-1", "ready", amount=1)
    with pytest.raises(ValueError, match="unknown outcome 'payed'"):
        emulator.leave_checkout("order-1", "payed")  # pyright: ignore[reportArgumentType]
    assert emulator.payments["order-1"]["status"] == "READY"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "isued"}, "unknown outcome 'isued'; did you mean 'issued'\\?"),
        ({"payment_id": "order-1", "amount": 1, "currency": "WON"}, "unknown currency 'WON'"),
    ],
    ids=str,
)
def test_issue_billing_key(
    emulator: Emulator, shop: Shop, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        emulator.issue_billing_key(**options)
    assert shop.send_query("GET", "/billing-keys").json()["items"] == []


def test_escrow_event(emulator: Emulator) -> None:
    emulator.checkout("order-1", amount=1, is_escrow=True)
    with pytest.raises(ValueError, match="unknown event 'DELIVRED'; did you mean 'DELIVERED'"):
        emulator.escrow("order-1", "DELIVRED")  # pyright: ignore[reportArgumentType]


def test_card_company_of_a_promotion(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="unknown card_company 'SHINHAN'"):
        emulator.add_promotion("ten", percent=10, card_company="SHINHAN")


def test_pg_provider_of_a_channel() -> None:
    with pytest.raises(ValueError, match="unknown PgProvider 'KAKOPAY'; did you mean 'KAKAOPAY'"):
        Emulator(channels={"channel-key-1": "KAKOPAY"})
