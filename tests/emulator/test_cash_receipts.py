"""Cash receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import Emulator

from .conftest import Shop, error_of

if TYPE_CHECKING:
    import httpx

PATH = "/payments/order-1/cash-receipt"


def issue(shop: Shop, **changes: Any) -> httpx.Response:
    body = {
        "paymentId": "order-1",
        "channelKey": "channel-key-1",
        "type": "PERSONAL",
        "orderName": "a book",
        "currency": "KRW",
        "amount": {"total": 1100, "taxFree": 0},
        "customer": {"identityNumber": "01012345678"},
    }
    return shop.post("/cash-receipts", json=body | changes)


def test_issued_receipt_is_found(shop: Shop) -> None:
    issued = issue(shop).json()["cashReceipt"]
    receipt = shop.get(PATH).json()
    assert (receipt["status"], receipt["issueNumber"]) == ("ISSUED", issued["issueNumber"])
    assert (receipt["amount"], receipt["vatAmount"]) == (1100, 100)


def test_payment_shows_its_receipt(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", amount=1100, method="transfer")
    issue(shop)
    assert shop.get_payment()["cashReceipt"]["status"] == "ISSUED"
    shop.post(f"{PATH}/cancel")
    assert shop.get_payment()["cashReceipt"]["status"] == "CANCELLED"


def test_one_receipt_at_a_time(shop: Shop) -> None:
    issue(shop)
    assert error_of(issue(shop)) == (409, "CASH_RECEIPT_ALREADY_ISSUED")
    cancelled = shop.post(f"{PATH}/cancel").json()
    assert cancelled["cancelledAmount"] == 1100
    assert error_of(shop.post(f"{PATH}/cancel")) == (404, "CASH_RECEIPT_NOT_ISSUED")
    assert issue(shop).is_success


def test_unknown(shop: Shop) -> None:
    assert error_of(shop.get(PATH)) == (404, "CASH_RECEIPT_NOT_FOUND")
    assert error_of(shop.post(f"{PATH}/cancel")) == (404, "CASH_RECEIPT_NOT_FOUND")


def test_amount_must_add_up(shop: Shop) -> None:
    response = issue(shop, amount={"total": 1, "taxFree": 2})
    assert error_of(response) == (400, "INVALID_REQUEST")
    assert "amount" in response.json()["message"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 2),
        ({"paymentId": "order-1"}, 1),
        ({"statuses": ["CANCELLED"]}, 1),
        ({"types": ["CORPORATE"]}, 1),
        ({"timeRangeField": "CANCELLED_AT"}, 1),
        ({"orderName": "a book"}, 2),
        ({"isTest": False}, 0),
        ({"isManual": False}, 0),
        ({"version": "V1"}, 0),
        ({"until": "2026-07-01T00:00:00Z"}, 0),
    ],
    ids=str,
)
def test_list(shop: Shop, filters: dict[str, Any], count: int) -> None:
    issue(shop)
    issue(shop, paymentId="order-2", type="CORPORATE")
    shop.post("/payments/order-2/cash-receipt/cancel")
    response = shop.send_query("GET", "/cash-receipts", {"filter": filters}).json()
    assert len(response["items"]) == response["page"]["totalCount"] == count
