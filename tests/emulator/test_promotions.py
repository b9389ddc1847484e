"""Promotions, and what a discount does to a payment."""

from __future__ import annotations

import pytest

from portone_async.emulator import Emulator, Refusal

from .conftest import Shop, refusal


def test_discount_is_not_paid(emulator: Emulator, shop: Shop) -> None:
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
    assert refusal(shop.cancel(amount=901)) == exceeds
    shop.cancel(amount=300).raise_for_status()
    assert shop.cancel().json()["cancellation"]["totalAmount"] == 600
    assert shop.get_payment()["status"] == "CANCELLED"


def test_over_after_thirty_days(emulator: Emulator, shop: Shop) -> None:
    assert refusal(shop.get("/promotions/fixed")) == (404, "PROMOTION_NOT_FOUND")
    emulator.add_promotion("fixed", discount=300)
    emulator.checkout("order-1", amount=1000, tax_free=500, promotion_id="fixed")
    assert shop.get_payment()["amount"]["paid"] == 700
    emulator.advance(days=30)
    assert shop.get("/promotions/fixed").json()["status"] == "COMPLETED"


def test_what_cannot_be(emulator: Emulator) -> None:
    with pytest.raises(Refusal, match="exactly one"):
        emulator.add_promotion("both", percent=10, discount=10)
    with pytest.raises(Refusal, match="percent"):
        emulator.add_promotion("all", percent=101)
    with pytest.raises(Refusal, match="discount"):
        emulator.add_promotion("none", discount=0)
    with pytest.raises(Refusal, match="PROMOTION_NOT_FOUND"):
        emulator.checkout("order-1", amount=1000, promotion_id="none")
    emulator.add_promotion("much", discount=600)
    with pytest.raises(Refusal, match="DISCOUNT_AMOUNT_EXCEEDS_TOTAL_AMOUNT"):
        emulator.checkout("order-1", amount=1000, tax_free=400, promotion_id="much")
