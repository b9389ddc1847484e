"""Cancellations that are left pending."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portone_emulator import EmulatedAPIError, Emulator

from .conftest import START, Shop, error_of
from .receiver import receiving


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(start_at=START) as emulator:
        emulator.checkout("order-1", amount=1000)
        yield emulator


def leave_pending(emulator: Emulator, shop: Shop, **body: Any) -> str:
    emulator.pend_cancellations()
    cancellation = shop.cancel(**body).raise_for_status().json()["cancellation"]
    assert cancellation["status"] == "REQUESTED"
    return cancellation["id"]


def stop(shop: Shop, cancellation_id: str) -> tuple[int, str]:
    response = shop.post(f"/payments/order-1/cancellations/{cancellation_id}/stop", json={})
    return (200, "") if response.is_success else error_of(response)


def statuses(shop: Shop) -> tuple[str, int, list[str]]:
    payment = shop.get_payment()
    made = [each["status"] for each in payment.get("cancellations", [])]
    return payment["status"], payment["amount"]["cancelled"], made


def test_is_completed_later(emulator: Emulator, shop: Shop) -> None:
    leave_pending(emulator, shop, amount=400)
    assert emulator.payments["order-1"]["status"] == "PAID"
    assert emulator.payments["order-1"]["amount"]["cancelled"] == 0
    emulator.complete_cancellation("order-1")
    assert statuses(shop) == ("PARTIAL_CANCELLED", 400, ["SUCCEEDED"])
    leave_pending(emulator, shop)
    emulator.complete_cancellation("order-1")
    assert statuses(shop) == ("CANCELLED", 1000, ["SUCCEEDED"] * 2)
    with pytest.raises(EmulatedAPIError, match="NOT_PENDING"):
        emulator.complete_cancellation("order-1")


def test_amount_cannot_be_cancelled_twice(emulator: Emulator, shop: Shop) -> None:
    leave_pending(emulator, shop, amount=400)
    exceeds = (409, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT")
    assert error_of(shop.cancel(amount=601)) == exceeds
    broken = (409, "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN")
    assert error_of(shop.cancel(currentCancellableAmount=1000)) == broken
    assert shop.cancel().json()["cancellation"]["totalAmount"] == 600
    assert error_of(shop.cancel()) == exceeds
    emulator.complete_cancellation("order-1")
    assert statuses(shop) == ("CANCELLED", 1000, ["SUCCEEDED"] * 2)


def test_stopped(emulator: Emulator, shop: Shop) -> None:
    cancellation_id = leave_pending(emulator, shop)
    assert stop(shop, "none") == (404, "PAYMENT_CANCELLATION_NOT_FOUND")
    assert stop(shop, cancellation_id) == (200, "")
    assert stop(shop, cancellation_id) == (409, "PAYMENT_CANCELLATION_NOT_PENDING")
    with pytest.raises(EmulatedAPIError, match="NOT_PENDING"):
        emulator.complete_cancellation("order-1")
    shop.cancel().raise_for_status()
    assert statuses(shop) == ("CANCELLED", 1000, ["FAILED", "SUCCEEDED"])


def test_failed_by_the_payment_company(emulator: Emulator, shop: Shop) -> None:
    leave_pending(emulator, shop, amount=400)
    emulator.fail_cancellation("order-1")
    assert emulator.payments["order-1"]["amount"]["cancelled"] == 0
    shop.cancel(amount=1000).raise_for_status()


def test_webhooks() -> None:
    with (
        receiving() as receiver,
        Emulator(webhook_url=receiver.url) as emulator,
        Shop(emulator) as shop,
    ):
        emulator.checkout("order-1", amount=1000)
        first = leave_pending(emulator, shop, amount=400)
        leave_pending(emulator, shop, amount=600)
        emulator.complete_cancellation("order-1")
        emulator.wait_for_webhooks()
    assert receiver.types[2:] == [
        "Transaction.CancelPending",
        "Transaction.CancelPending",
        "Transaction.PartialCancelled",
    ]
    assert receiver.received[-1].json["data"]["cancellationId"] == first
    shown = emulator.payments["order-1"]["webhooks"][-1]
    assert (shown["trigger"], shown["isAsync"]) == ("ASYNC_CANCEL_APPROVED", True)
