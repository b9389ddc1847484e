"""The VAT reports of reconciliation: by the days of transactions, and of settlements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portone_emulator import Emulator

from .conftest import Shop, check_journal, error_of

BASE = "/payment-reconciliations"
TODAY = "2026-07-03"
CHANNELS = {"toss": "TOSSPAYMENTS", "kcp": "KCP_V2", "welcome": "WELCOME"}
EVENING = datetime(2026, 7, 3, 14, 0, tzinfo=UTC)  # 23:00 in Korea


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(
        start_at=EVENING,
        channels=CHANNELS,
        sub_store_ids=["store-2", "store-3"],
        journal=tmp_path / "journal",
    ) as emulator:
        yield emulator
        check_journal(emulator)


@pytest.fixture
def shop(emulator: Emulator) -> Iterator[Shop]:
    with Shop(emulator) as shop:
        yield shop


def report(
    shop: Shop, kind: str = "transactions", first: str = TODAY, last: str = TODAY, **filters: Any
) -> dict[str, Any]:
    body = {"dateRange": {"from": first, "until": last}, "filter": filters}
    response = shop.send_query("GET", f"{BASE}/{kind}/vat-report", body)
    return response.raise_for_status().json()


def amounts(report: dict[str, Any]) -> dict[str, tuple[int, int, int, int]]:
    """Return supply, VAT, tax-free amount and total by payment method."""
    return {
        item["paymentMethod"]: (
            item["supplyAmount"],
            item["vatAmount"],
            item["taxFreeAmount"],
            item["totalAmount"],
        )
        for item in report["items"]
    }


def total(report: dict[str, Any]) -> int:
    return report["summary"]["totalAmount"]


def test_payments_and_cancellations_add_up_by_method(emulator: Emulator, shop: Shop) -> None:
    emulator.add_promotion("less", discount=1100)
    emulator.checkout("order-1", amount=11_000)
    emulator.checkout("order-2", amount=12_000, tax_free=1000, promotion_id="less")
    emulator.checkout("order-3", amount=2200, method="transfer")
    emulator.checkout("order-4", amount=500, method="easy_pay")
    emulator.checkout("order-5", "failed", amount=700)
    emulator.checkout("order-6", "virtual_account", amount=800)
    emulator.checkout("order-7", amount=900, currency="USD")
    shop.cancel("order-1", amount=1100).raise_for_status()
    shop.cancel("order-3").raise_for_status()
    found = report(shop)
    assert amounts(found) == {
        "CARD": (18_000, 1800, 1000, 20_800),
        "TRANSFER": (0, 0, 0, 0),
        "ETC": (455, 45, 0, 500),
    }
    assert found["summary"] == {
        "totalSupplyAmount": 18_455,
        "totalVatAmount": 1845,
        "totalTaxFreeAmount": 1000,
        "totalAmount": 21_300,
    }
    emulator.deposit("order-6")
    assert amounts(report(shop))["VIRTUAL_ACCOUNT"][3] == 800


def test_easy_pay_counts_as_what_it_was_paid_with(emulator: Emulator, shop: Shop) -> None:
    for number, kind in enumerate(["PaymentMethodTransfer", "PaymentMethodEasyPayMethodCharge"], 1):
        details = {"provider": "KAKAOPAY", "easyPayMethod": {"type": kind}}
        order = f"order-{number}"
        emulator.checkout(order, amount=number * 100, method="easy_pay", method_details=details)
    found = amounts(report(shop))
    assert {name: values[3] for name, values in found.items()} == {"TRANSFER": 100, "CHARGE": 200}


def test_days_are_those_of_korea(emulator: Emulator, shop: Shop) -> None:
    """A payment counts on its day, a cancellation on its own."""
    emulator.checkout("order-1", amount=1000)
    emulator.advance(hours=2)  # 01:00 of the next day
    emulator.checkout("order-2", amount=300)
    shop.cancel("order-1", amount=100).raise_for_status()
    assert total(report(shop)) == 1000
    assert total(report(shop, first="2026-07-04", last="2026-07-04")) == 200
    assert total(report(shop, last="2026-07-04")) == 1200
    assert report(shop, first="2026-07-05", last="9999-12-31")["items"] == []
    assert report(shop, first="0001-01-01", last="2026-07-02")["items"] == []


def test_settled_on_the_next_day_once_it_is_there(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", amount=1000)
    assert report(shop, "settlements", last="2026-07-31")["items"] == []
    emulator.advance(hours=1)
    assert report(shop, "settlements")["items"] == []
    settled = report(shop, "settlements", "2026-07-04", "2026-07-04")
    assert amounts(settled)["CARD"][3] == 1000


def test_filters(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", amount=100, channel_key="toss")
    emulator.checkout("order-2", amount=200, channel_key="kcp", store_id="store-2")
    emulator.checkout("order-3", amount=400, channel_key="welcome")  # not reconciled
    toss = {"pgMerchantId": "emulator", "pgProvider": "TOSSPAYMENTS"}
    kcp = {"pgMerchantId": "emulator", "pgProvider": "KCP"}
    assert report(shop)["pgSpecifiers"] == [toss, kcp]
    by_company = report(shop, pgSpecifiers=[kcp])
    assert (total(by_company), by_company["pgSpecifiers"]) == (200, [kcp])
    assert total(report(shop, pgSpecifiers=[{**kcp, "pgMerchantId": "other"}])) == 0
    assert total(report(shop, storeIds=["store-2"])) == 200
    assert total(report(shop, storeIds=["store-3"])) == 0
    assert total(report(shop, storeIds=[], pgSpecifiers=[])) == 300
    assert total(report(shop, reconciliationStatuses=["MATCHED", "NOT_MATCHED"])) == 300
    assert total(report(shop, reconciliationStatuses=["NOT_COLLECTED"])) == 0


@pytest.mark.parametrize("kind", ["transactions", "settlements"])
def test_refusals(shop: Shop, kind: str) -> None:
    def send(first: str, last: str, **filters: Any) -> tuple[int, str]:
        body = {"dateRange": {"from": first, "until": last}, "filter": filters}
        return error_of(shop.send_query("GET", f"{BASE}/{kind}/vat-report", body))

    assert send("2026-07-04", "2026-07-03") == (400, "INVALID_REQUEST")
    assert send("2026-07-32", "2026-08-03") == (400, "INVALID_REQUEST")
    assert send(TODAY, TODAY, storeIds=["other"]) == (403, "FORBIDDEN")
    empty = shop.send_query("GET", f"{BASE}/{kind}/vat-report")
    assert error_of(empty) == (400, "INVALID_REQUEST")
