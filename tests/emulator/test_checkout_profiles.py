"""Checkout profiles: which payment methods are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portone_emulator import EmulatedAPIError, Emulator

from .conftest import Shop, error_of

if TYPE_CHECKING:
    import httpx

METHODS = [
    {
        "paymentMethod": "CARD_KR",
        "channelKey": "small",
        "countries": ["KR"],
        "currencies": ["KRW"],
        "maxAmount": 9999,
    },
    {"paymentMethod": "CARD_KR", "channelKey": "large", "countries": ["KR"]},
    {"paymentMethod": "PAY_PAL", "channelKey": "paypal", "minAmount": 100},
]


def evaluate(
    shop: Shop, amount: int = 1000, country: str = "KR", currency: str = "KRW", key: str = "profile"
) -> httpx.Response:
    query = {"profileKey": key, "country": country, "currency": currency, "amount": amount}
    return shop.get("/checkout-profiles/evaluate", params=query)


def offered(shop: Shop, amount: int, country: str, currency: str) -> dict[str, str]:
    response = evaluate(shop, amount, country, currency).raise_for_status()
    return {each["paymentMethod"]: each["channelKey"] for each in response.json()["methods"]}


def test_offers_what_fits(emulator: Emulator, shop: Shop) -> None:
    emulator.add_checkout_profile("profile", METHODS)
    assert offered(shop, 9999, "KR", "KRW") == {"CARD_KR": "small", "PAY_PAL": "paypal"}
    assert offered(shop, 10_000, "KR", "KRW") == {"CARD_KR": "large", "PAY_PAL": "paypal"}
    assert offered(shop, 99, "KR", "USD") == {"CARD_KR": "large"}
    assert offered(shop, 100, "JP", "JPY") == {"PAY_PAL": "paypal"}
    assert offered(shop, 99, "JP", "JPY") == {}
    emulator.add_checkout_profile("profile", METHODS[2:])
    assert offered(shop, 9999, "KR", "KRW") == {"PAY_PAL": "paypal"}


def test_needs_no_credentials(emulator: Emulator) -> None:
    emulator.add_checkout_profile("profile", METHODS)
    with Shop(emulator, Authorization="") as page:
        assert evaluate(page).json()["methods"]


def test_refusals(emulator: Emulator, shop: Shop) -> None:
    assert error_of(evaluate(shop)) == (404, "PROFILE_SETTINGS_NOT_FOUND")
    emulator.add_checkout_profile("profile", METHODS)
    assert error_of(evaluate(shop, key="Profile")) == (404, "PROFILE_SETTINGS_NOT_FOUND")
    assert error_of(evaluate(shop, amount=0)) == (400, "INVALID_REQUEST")
    assert error_of(evaluate(shop, country="XX")) == (400, "INVALID_REQUEST")
    assert error_of(evaluate(shop, currency="won")) == (400, "INVALID_REQUEST")


def test_invalid_profiles(emulator: Emulator) -> None:
    def add(**method: object) -> None:
        emulator.add_checkout_profile("profile", [{"paymentMethod": "CARD_KR", **method}])

    with pytest.raises(ValueError, match="did you mean 'minAmount'"):
        add(minAmout=1)
    with pytest.raises(ValueError, match="did you mean 'CARD_KR'"):
        add(paymentMethod="CARD_KOR")
    with pytest.raises(ValueError, match="unknown countries 'Korea'"):
        add(countries=["Korea"])
    with pytest.raises(EmulatedAPIError, match="minAmount must not exceed"):
        add(minAmount=2, maxAmount=1)
    with pytest.raises(EmulatedAPIError, match="methods: must not be empty"):
        emulator.add_checkout_profile("profile", [])
    with (
        Emulator(channels={"toss": "TOSSPAYMENTS"}) as named,
        pytest.raises(EmulatedAPIError, match="CHANNEL_NOT_FOUND"),
    ):
        named.add_checkout_profile("profile", METHODS)
