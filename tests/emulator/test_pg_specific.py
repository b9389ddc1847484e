"""KCP's card promotions, KakaoPay's orders and Paymentwall's deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from portone_emulator import EmulatedAPIError, Emulator
from portone_emulator.document.document import load

from .conftest import START, Shop, check_journal, error_of

CHANNELS = {"toss": "TOSSPAYMENTS", "kcp": "KCP_V2", "kakao": "KAKAOPAY", "wall": "PAYMENTWALL"}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(start_at=START, channels=CHANNELS, journal=tmp_path / "journal") as emulator:
        yield emulator
        check_journal(emulator)


@pytest.fixture
def shop(emulator: Emulator) -> Iterator[Shop]:
    with Shop(emulator) as shop:
        yield shop


def card_promotions(shop: Shop, amount: int = 50_000, **query: str) -> httpx.Response:
    params = {"channelKey": "kcp", "amount": amount, **query}
    return shop.get("/payment-gateways/card-promotion", params=params)


def test_card_promotions_of_a_channel(emulator: Emulator, shop: Shop) -> None:
    assert card_promotions(shop).json() == {"promotions": []}
    emulator.add_pg_card_promotion("p1", discount=3000, minimum_amount=30_000, channel_key="kcp")
    emulator.add_pg_card_promotion("p2", discount=10, card_company="K_BANK", channel_key="kcp")

    def ids(*args: int, **query: str) -> list[str]:
        return [
            each["promotionId"]
            for each in card_promotions(shop, *args, **query).json()["promotions"]
        ]

    assert card_promotions(shop).json()["promotions"][0] == {
        "promotionId": "p1",
        "cardCompany": "SHINHAN_CARD",
        "discountAmount": 3000,
        "minimumPaymentAmount": 30_000,
    }
    assert ids() == ["p1", "p2"]
    assert ids(29_999) == ["p2"]
    assert ids(30_000, cardCompany="SHINHAN_CARD") == ["p1"]
    assert ids(cardCompany="LOTTE_CARD") == []


def test_card_promotions_refusals(emulator: Emulator, shop: Shop) -> None:
    assert error_of(card_promotions(shop, channelKey="other")) == (404, "CHANNEL_NOT_FOUND")
    assert error_of(card_promotions(shop, channelKey="toss")) == (400, "INVALID_REQUEST")
    assert error_of(card_promotions(shop, 0)) == (400, "INVALID_REQUEST")
    assert error_of(card_promotions(shop, cardCompany="none")) == (400, "INVALID_REQUEST")
    with pytest.raises(EmulatedAPIError, match="not KCP_V2"):
        emulator.add_pg_card_promotion("p1", discount=1, channel_key="toss")
    with pytest.raises(EmulatedAPIError, match="discount: must be positive"):
        emulator.add_pg_card_promotion("p1", discount=0, channel_key="kcp")
    with pytest.raises(ValueError, match="unknown card_company"):
        emulator.add_pg_card_promotion("p1", discount=1, card_company="none", channel_key="kcp")


def kakaopay_order(shop: Shop, tid: str, channel_key: str = "kakao") -> dict[str, Any]:
    query = {"pgTxId": tid, "channelKey": channel_key}
    response = shop.get("/kakaopay/payment/order", params=query).raise_for_status().json()
    return {"status": response["statusCode"], **json.loads(response["body"])}


def test_kakaopay_order_follows_the_payment(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout(
        "order-1",
        amount=11_000,
        order_name="A book",
        method="easy_pay",
        channel_key="kakao",
        customer={"id": "customer-1"},
    )
    tid = shop.get_payment()["pgTxId"]
    assert kakaopay_order(shop, tid) == {
        "tid": tid,
        "cid": "emulator",
        "status": "SUCCESS_PAYMENT",
        "partner_order_id": "order-1",
        "partner_user_id": "customer-1",
        "payment_method_type": "MONEY",
        "item_name": "A book",
        "quantity": 1,
        "amount": parts(11_000, 1000),
        "canceled_amount": parts(0, 0),
        "cancel_available_amount": parts(11_000, 1000),
        "created_at": "2026-07-03T18:00:00",
        "approved_at": "2026-07-03T18:00:00",
    }
    emulator.advance(minutes=5)
    shop.cancel(amount=1100).raise_for_status()
    order = kakaopay_order(shop, tid)
    assert order["status"] == "PART_CANCEL_PAYMENT"
    assert order["canceled_amount"] == parts(1100, 100)
    assert order["cancel_available_amount"] == parts(9900, 900)
    assert order["canceled_at"] == "2026-07-03T18:05:00"
    shop.cancel().raise_for_status()
    assert kakaopay_order(shop, tid)["status"] == "CANCEL_PAYMENT"


def parts(total: int, vat: int) -> dict[str, int]:
    return {"total": total, "tax_free": 0, "vat": vat, "point": 0, "discount": 0}


def test_unknown_kakaopay_orders(emulator: Emulator, shop: Shop) -> None:
    """KakaoPay's errors are in its response; PortOne has none of its own for them."""
    emulator.checkout("order-1", amount=1000, channel_key="toss")
    for tid in ("none", shop.get_payment()["pgTxId"]):
        order = kakaopay_order(shop, tid)
        assert (order["status"], order["error_code"]) == (404, -1)
    for channel_key in ("toss", "other"):
        query = {"pgTxId": "none", "channelKey": channel_key}
        response = shop.get("/kakaopay/payment/order", params=query)
        assert error_of(response) == (400, "INVALID_REQUEST")


DELIVERY = {
    "deliveryType": "DIGITAL",
    "deliveryStatus": "DELIVERED",
    "estimatedDeliveryDatetime": "2026-07-03T09:00:00Z",
    "estimatedUpdateDatetime": "2026-07-03T09:00:00Z",
    "refundable": True,
    "details": "A book",
    "shippingAddressEmail": "customer@shop.example",
}
PHYSICAL = {
    "deliveryType": "PHYSICAL",
    "carrierTrackingId": "123456789012",
    "carrierType": "CJ",
    "shippingAddressCountry": "KR",
    "shippingAddressCity": "Seoul",
    "shippingAddressZip": "04524",
    "shippingAddressState": "Seoul",
    "shippingAddressStreet": "Sejong-daero 110",
    "shippingAddressPhone": "01012345678",
    "shippingAddressFirstname": "Port",
    "shippingAddressLastname": "Kim",
}


def confirm(shop: Shop, transaction_id: str, **changes: Any) -> httpx.Response:
    body = {"transactionId": transaction_id, **DELIVERY, **changes}
    return shop.post("/paymentwall/delivery/confirm", json=body)


def test_deliveries_belong_to_a_payment(emulator: Emulator, shop: Shop) -> None:
    tx_id = emulator.checkout("order-1", amount=1000, channel_key="wall").tx_id
    confirm(shop, tx_id, **PHYSICAL, deliveryStatus="ORDER_PLACED").raise_for_status()
    emulator.advance(hours=1)
    confirm(shop, tx_id, **PHYSICAL, deliveryStatus="DELIVERED").raise_for_status()
    assert "paymentwallDelivery" not in shop.get_payment()
    story = httpx.get(f"{emulator.url}/_emulator/payment?paymentId=order-1").text
    assert "DELIVERED" in story
    assert "123456789012" in story


def test_refused_deliveries(emulator: Emulator, shop: Shop) -> None:
    tx_id = emulator.checkout("order-1", amount=1000, channel_key="wall").tx_id
    assert error_of(confirm(shop, "order-1")) == (404, "PAYMENT_NOT_FOUND")
    assert error_of(confirm(shop, tx_id, deliveryStatus="LOST")) == (400, "INVALID_REQUEST")
    for name in PHYSICAL.keys() - {"deliveryType"}:
        without = {key: value for key, value in PHYSICAL.items() if key != name}
        response = confirm(shop, tx_id, **without)
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert name in response.json()["message"]
    unpaid = emulator.checkout("order-2", "ready", amount=1000, channel_key="wall").tx_id
    assert error_of(confirm(shop, unpaid)) == (400, "INVALID_REQUEST")
    other = emulator.checkout("order-3", amount=1000, channel_key="toss").tx_id
    assert error_of(confirm(shop, other)) == (400, "INVALID_REQUEST")


def test_any_channel_may_be_of_any_company_where_none_is_named() -> None:
    with Emulator() as emulator, Shop(emulator) as shop:
        emulator.add_pg_card_promotion("p1", discount=1, channel_key="mine")
        assert card_promotions(shop, channelKey="mine").json()["promotions"]
        result = emulator.checkout("order-1", amount=1000, channel_key="mine")
        assert (
            kakaopay_order(shop, shop.get_payment()["pgTxId"], "mine")["status"]
            == "SUCCESS_PAYMENT"
        )
        confirm(shop, result.tx_id).raise_for_status()


def test_what_is_known_survives_a_snapshot(emulator: Emulator, shop: Shop) -> None:
    first = emulator.checkout("order-1", "failed", amount=1000, channel_key="wall").tx_id
    tx_id = emulator.checkout("order-1", amount=1000, channel_key="wall").tx_id
    emulator.checkout("order-2", amount=1000, channel_key="kakao")
    tid = shop.get_payment("order-2")["pgTxId"]
    emulator.add_pg_card_promotion("p1", discount=1, channel_key="kcp")
    snapshot = emulator.snapshot()
    emulator.reset()
    assert error_of(confirm(shop, tx_id)) == (404, "PAYMENT_NOT_FOUND")
    emulator.restore(snapshot)
    confirm(shop, tx_id).raise_for_status()
    assert error_of(confirm(shop, first)) == (400, "INVALID_REQUEST")
    assert kakaopay_order(shop, tid)["tid"] == tid
    assert card_promotions(shop).json()["promotions"]


def test_the_fields_of_physical_deliveries_are_the_documents() -> None:
    fields = load().schemas["ConfirmPaymentwallDeliveryBody"]["properties"]
    assert {*DELIVERY, *PHYSICAL} | {"transactionId", "reason", "attachments"} == fields.keys()
