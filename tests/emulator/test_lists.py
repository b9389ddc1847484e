"""Lists: pages, filters, cursors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portone_async import PortOne
from portone_async.converter import converter
from portone_async.models import PaidPayment, PaymentFilterInput
from portone_emulator import Emulator

from .conftest import Shop, error_of


def ids(shop: Shop, **filters: Any) -> list[str]:
    response = shop.send_query("GET", "/payments", {"filter": filters, "page": {"size": 100}})
    return [payment["id"] for payment in response.raise_for_status().json()["items"]]


@pytest.fixture
def many(emulator: Emulator, shop: Shop) -> Shop:
    """One payment per hour, each different."""
    emulator.checkout("card", amount=1000, customer={"name": {"full": "Kim"}, "email": "k@x.kr"})
    emulator.advance(hours=1)
    emulator.checkout("transfer", amount=2000, method="transfer", currency="USD")
    emulator.advance(hours=1)
    emulator.checkout("failed", "failed", amount=3000, order_name="A Bicycle")
    emulator.advance(hours=1)
    emulator.checkout("pending", "pay_pending", amount=4000, method="gift_certificate")
    emulator.advance(hours=1)
    billing_key = shop.issue_billing_key()
    shop.charge("billed", billing_key).raise_for_status()
    emulator.advance(hours=1)
    shop.cancel("card", amount=1).raise_for_status()
    return shop


def test_newest_first_and_empty_filter_is_no_filter(many: Shop) -> None:
    assert ids(many) == ["billed", "pending", "failed", "transfer", "card"]
    assert ids(many, sortOrder="ASC")[0] == "card"
    assert ids(many, sortBy="STATUS_CHANGED_AT")[0] == "card"
    assert len(ids(many, status=[], methods=[])) == 5


CREATED = {"timestampType": "CREATED_AT"}


@pytest.mark.anyio
async def test_times_are_read_and_sent_back_by_the_sdk() -> None:
    start = datetime(2026, 7, 3, 9, 0, 0, 123456, tzinfo=UTC)
    async with (
        Emulator(start_at=start) as emulator,
        PortOne(emulator.secret, base_url=emulator.url, strict=True) as portone,
    ):
        for number in range(3):
            emulator.checkout(f"order-{number}", amount=1000)
            emulator.advance(seconds=1e-6)
        payment = await portone.payment.get_payment("order-1")
        assert isinstance(payment, PaidPayment)
        assert payment.paid_at == start.replace(microsecond=123457)
        assert converter.unstructure(payment)["paidAt"] == "2026-07-03T09:00:00.123457000Z"
        at = PaymentFilterInput(from_=payment.paid_at, until=payment.paid_at)
        found = await portone.payment.get_payments(filter=at)
        assert found.items == [payment]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": ["FAILED", "PARTIAL_CANCELLED"]}, ["failed", "card"]),
        ({"status": ["PENDING"]}, ["pending"]),
        ({"methods": ["TRANSFER", "GIFT_CERTIFICATE"]}, ["pending", "transfer"]),
        ({"currency": "USD"}, ["transfer"]),
        ({"platformType": "API"}, ["billed"]),
        ({"platformType": "SDK_MOBILE"}, []),
        ({"isTest": False}, []),
        ({"version": "V1"}, []),
        ({"isScheduled": True}, []),
        ({"isEscrow": True}, []),
        ({"pgProvider": ["KAKAOPAY"]}, []),
        ({"merchantId": "other"}, []),
        ({"webhookStatus": "SUCCEEDED"}, []),
        ({"cardBrand": "VISA"}, ["billed", "failed", "card"]),
        ({"cardType": "DEBIT"}, []),
        ({"giftCertificateType": "CULTURELAND"}, ["pending"]),
        ({"cashReceiptStatus": "ISSUED"}, []),
        ({"textSearch": [{"field": "CUSTOMER_EMAIL", "value": "K@X"}]}, ["card"]),
        ({"textSearch": [{"field": "ORDER_NAME", "value": "bicycle"}]}, ["failed"]),
        ({"textSearch": [{"field": "ALL", "value": "changed mind"}]}, ["card"]),
        (
            {
                "textSearch": [
                    {"field": "ALL", "value": "bicycle"},
                    {"field": "PAYMENT_ID", "value": "card"},
                ]
            },
            [],
        ),
        (CREATED | {"from": "2026-07-03T11:00:00Z"}, ["billed", "pending", "failed"]),
        (CREATED | {"until": "2026-07-03T10:00:00Z"}, ["transfer", "card"]),
        (
            CREATED | {"from": "2026-07-03T20:00:00+09:00", "until": "2026-07-03T11:00:00Z"},
            ["failed"],
        ),
        (
            {"timestampType": "STATUS_CHANGED_AT", "from": "2026-07-03T13:30:00Z"},
            ["card"],
        ),
        ({"from": "2026-07-03T13:30:00Z"}, ["card"]),
    ],
    ids=str,
)
def test_filter(many: Shop, filters: dict[str, Any], expected: list[str]) -> None:
    assert ids(many, **filters) == expected


@pytest.mark.parametrize(
    "filters",
    [
        {"until": "0001-01-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z", "until": "0999-01-01T00:00:00Z"},
        {"from": "9999-12-31T23:59:59Z", "until": "9999-12-31T23:59:59.999999999Z"},
    ],
    ids=str,
)
def test_extreme_times(many: Shop, filters: dict[str, Any]) -> None:
    assert ids(many, **filters) == []


def test_without_a_range_it_is_the_last_90_days(emulator: Emulator, many: Shop) -> None:
    emulator.advance(days=90)
    assert ids(many, **CREATED) == []
    assert ids(many) == ["card"]  # its latest status is newer
    emulator.advance(minutes=1)
    assert ids(many) == []


def test_cash_receipt_filters(many: Shop) -> None:
    receipt = {
        "paymentId": "transfer",
        "channelKey": "channel-key-1",
        "type": "PERSONAL",
        "orderName": "a book",
        "currency": "KRW",
        "amount": {"total": 2000},
        "customer": {"identityNumber": "01012345678"},
    }
    many.post("/cash-receipts", json=receipt).raise_for_status()
    around = {"from": "2026-07-03T13:00:00Z", "until": "2026-07-03T15:00:00Z"}
    before = {"from": "2026-07-03T10:00:00Z", "until": "2026-07-03T11:00:00Z"}
    assert ids(many, cashReceiptType="PERSONAL") == ["transfer"]
    assert ids(many, cashReceiptStatus="ISSUED") == ["transfer"]
    assert ids(many, cashReceiptIssuedAtRange=around) == ["transfer"]
    assert ids(many, cashReceiptIssuedAtRange=before) == []
    assert ids(many, cashReceiptCancelledAtRange=around) == []


def test_pages_are_numbered_from_0_and_do_not_overlap(many: Shop) -> None:
    seen: list[str] = []
    for number in range(4):
        response = many.send_query(
            "GET", "/payments", {"page": {"number": number, "size": 2}}
        ).json()
        assert response["page"] == {"number": number, "size": 2, "totalCount": 5}
        seen += [payment["id"] for payment in response["items"]]
    assert seen == ["billed", "pending", "failed", "transfer", "card"]


def test_without_a_page_it_is_the_first_ten(emulator: Emulator, shop: Shop) -> None:
    for number in range(11):
        emulator.checkout(f"order-{number}", amount=1000)
    response = shop.get("/payments").json()
    assert len(response["items"]) == 10
    assert response["page"] == {"number": 0, "size": 10, "totalCount": 11}


@pytest.mark.parametrize("page", [{"number": -1}, {"size": 0}, {"number": 60, "size": 1000}])
def test_page_out_of_range(shop: Shop, page: dict[str, int]) -> None:
    response = shop.send_query("GET", "/payments", {"page": page})
    assert error_of(response) == (400, "INVALID_REQUEST")
    assert "page" in response.json()["message"]


def test_foreign_store(shop: Shop) -> None:
    response = shop.send_query("GET", "/payments", {"filter": {"storeId": "somebody-else"}})
    assert error_of(response) == (403, "FORBIDDEN")


class TestCursor:
    def test_walks_through_all_in_order_of_creation(self, many: Shop) -> None:
        seen: list[str] = []
        body: dict[str, Any] = {"size": 2}
        while items := many.send_query("GET", "/payments-by-cursor", body).json()["items"]:
            seen += [item["payment"]["id"] for item in items]
            body["cursor"] = items[-1]["cursor"]
        assert seen == ["card", "transfer", "failed", "pending", "billed"]

    def test_time_range(self, many: Shop) -> None:
        body = {"from": "2026-07-03T10:30:00Z", "until": "2026-07-03T12:30:00Z", "size": 1}
        [first] = many.send_query("GET", "/payments-by-cursor", body).json()["items"]
        [second] = many.send_query(
            "GET", "/payments-by-cursor", {**body, "cursor": first["cursor"]}
        ).json()["items"]
        assert (first["payment"]["id"], second["payment"]["id"]) == ("failed", "pending")
        body["cursor"] = second["cursor"]
        assert many.send_query("GET", "/payments-by-cursor", body).json()["items"] == []

    def test_events_of_payments_and_cancellations(self, many: Shop) -> None:
        many.cancel("card").raise_for_status()
        items = many.send_query("GET", "/payment-events-by-cursor").json()["items"]
        events = [item["paymentEvent"] for item in items]
        assert [(event["paymentId"], event["type"], event["eventAmount"]) for event in events] == [
            ("card", "PAID", 1000),
            ("transfer", "PAID", 2000),
            ("billed", "PAID", 1000),
            ("card", "PARTIAL_CANCELLED", 1),
            ("card", "CANCELLED", 999),
        ]

    @pytest.mark.parametrize(
        "body",
        [{"size": 0}, {"size": 1001}, {"cursor": "x"}, {"cursor": "9" * 5000}],
        ids=lambda b: str(b)[:20],
    )
    def test_invalid_input(self, shop: Shop, body: dict[str, Any]) -> None:
        assert error_of(shop.send_query("GET", "/payments-by-cursor", body)) == (
            400,
            "INVALID_REQUEST",
        )
