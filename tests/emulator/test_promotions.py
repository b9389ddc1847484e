"""Promotions and their discounts."""

from __future__ import annotations

import pytest

from portone_emulator import EmulatedAPIError, Emulator

from .conftest import Shop, error_of


def test_discount_reduces_the_paid_amount(emulator: Emulator, shop: Shop) -> None:
    emulator.add_promotion("ten", percent=10)
    emulator.checkout("order-1", amount=1000, promotion_id="ten")
    payment = shop.get_payment()
    amount = payment["amount"]
    assert (amount["total"], amount["discount"], amount["paid"]) == (1000, 100, 900)
    assert amount["vat"] == 82
    assert payment["promotionId"] == "ten"
    promotion = shop.get("/promotions/ten").json()
    assert (promotion["status"], promotion["spentAmount"]) == ("IN_PROGRESS", 100)
    exceeds = (409, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT")
    assert error_of(shop.cancel(amount=901)) == exceeds
    shop.cancel(amount=300).raise_for_status()
    assert shop.cancel().json()["cancellation"]["totalAmount"] == 600
    assert shop.get_payment()["status"] == "CANCELLED"


def test_ends_after_thirty_days(emulator: Emulator, shop: Shop) -> None:
    assert error_of(shop.get("/promotions/fixed")) == (404, "PROMOTION_NOT_FOUND")
    emulator.add_promotion("fixed", discount=300)
    emulator.checkout("order-1", amount=1000, tax_free=500, promotion_id="fixed")
    assert shop.get_payment()["amount"]["paid"] == 700
    emulator.advance(days=30)
    assert shop.get("/promotions/fixed").json()["status"] == "COMPLETED"


def test_invalid_arguments(emulator: Emulator) -> None:
    with pytest.raises(EmulatedAPIError, match="exactly one"):
        emulator.add_promotion("both", percent=10, discount=10)
    with pytest.raises(EmulatedAPIError, match="percent"):
        emulator.add_promotion("all", percent=101)
    with pytest.raises(EmulatedAPIError, match="discount"):
        emulator.add_promotion("none", discount=0)
    with pytest.raises(EmulatedAPIError, match="PROMOTION_NOT_FOUND"):
        emulator.checkout("order-1", amount=1000, promotion_id="none")
    emulator.add_promotion("much", discount=600)
    with pytest.raises(EmulatedAPIError, match="DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT"):
        emulator.checkout("order-1", amount=1000, tax_free=400, promotion_id="much")
