"""Partner settlements, and the payouts of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portone_emulator import Emulator
from portone_emulator.errors import EmulatedAPIError

from .conftest import START, error_of
from .platform import Marketplace

SETTLEMENTS = "/platform/partner-settlements"
PAYOUTS = "/platform/payouts"
BULK_PAYOUTS = "/platform/bulk-payouts"
ACCOUNT_TRANSFERS = "/platform/account-transfers"
BULK_ACCOUNT_TRANSFERS = "/platform/bulk-account-transfers"
DUE = "2026-07-10"


@pytest.fixture
def shop() -> Marketplace:
    shop = Marketplace(Emulator(start_at=START))
    shop.add_contract()
    shop.add_partner()
    return shop


def manual(shop: Marketplace, amount: int, **changes: Any) -> str:
    body = {"partnerId": "partner-1", "settlementAmount": amount, "settlementDate": DUE, **changes}
    response = shop.post("/platform/transfers/manual", json=body)
    return response.raise_for_status().json()["transfer"]["id"]


def pay(shop: Marketplace, ids: list[str], bulk_payout_id: str = "bulk-1", **changes: Any) -> Any:
    body = {"bulkPayoutId": bulk_payout_id, "partnerSettlementIds": ids, **changes}
    return shop.post(f"{SETTLEMENTS}/complete-payout", json=body)


def test_transfers_are_settled_on_their_day(shop: Marketplace) -> None:
    shop.emulator.checkout("pay-1", amount=10_000)
    shop.emulator.checkout("pay-2", amount=20_000)
    for payment_id in ("pay-1", "pay-2"):
        shop.order(payment_id, settlementDate=DUE).raise_for_status()
    shop.take_back("pay-1", shop.cancel_payment("pay-1", 1_000), 1_000, settlementDate=DUE)
    manual(shop, 500)
    manual(shop, -200, settlementDate="2026-07-11")
    shop.emulator.advance(days=6)  # the ninth, 18:00 in Korea
    assert shop.list(SETTLEMENTS)["items"] == []
    shop.emulator.advance(hours=6)
    listed = shop.list(SETTLEMENTS)
    by_type = {item["type"]: item for item in listed["items"]}
    assert len(by_type) == len(listed["items"]) == 3
    assert by_type["ORDER"]["amount"]["settlement"] == 8_900 + 17_800
    assert by_type["ORDER"]["settlementStartDateRange"] == {
        "from": "2026-07-03",
        "until": "2026-07-03",
    }
    assert by_type["ORDER_CANCEL"]["amount"]["settlement"] == 890
    assert by_type["MANUAL"]["amount"] == 500
    assert listed["counts"]["payoutPrepared"] == 3
    shop.emulator.advance(days=1)
    assert len(shop.list(SETTLEMENTS)["items"]) == 4


def test_late_transfer_joins_what_is_not_paid_yet(shop: Marketplace) -> None:
    shop.emulator.advance(days=10)
    manual(shop, 500)
    [first] = shop.ids(SETTLEMENTS)
    manual(shop, 300, settlementTaxFreeAmount=100)
    [settlement] = shop.list(SETTLEMENTS)["items"]
    assert (settlement["id"], settlement["amount"]) == (first, 800)
    assert settlement["taxFreeAmount"] == 100
    pay(shop, [first]).raise_for_status()
    manual(shop, 1)
    assert len(shop.ids(SETTLEMENTS)) == 2


def test_manual_transfers_each_their_own(shop: Marketplace) -> None:
    shop.patch("/platform/setting", json={"manualSettlementPerTransfer": True})
    manual(shop, 500)
    manual(shop, 300)
    shop.emulator.advance(days=10)
    assert [item["amount"] for item in shop.list(SETTLEMENTS)["items"]] == [300, 500]


def test_paid_out(shop: Marketplace) -> None:
    shop.emulator.checkout("pay-1", amount=10_000)
    order = shop.order("pay-1", settlementDate=DUE).json()["transfer"]["id"]
    shop.take_back("pay-1", shop.cancel_payment("pay-1", 1_000), 1_000, settlementDate=DUE)
    shop.add_partner("partner-2")
    manual(shop, 300, partnerId="partner-2")
    shop.emulator.advance(days=10)
    ids = shop.ids(SETTLEMENTS)
    paid = pay(shop, ids, name="July").json()
    assert (paid["bulkPayoutId"], paid["partnerSettlementCount"]) == ("bulk-1", 3)
    assert paid["payoutCount"] == 2
    listed = shop.list(PAYOUTS, {"criteria": {"bulkPayoutId": "bulk-1"}})
    amounts = {item["partner"]["id"]: item["amount"] for item in listed["items"]}
    assert amounts == {"partner-1": 8_900 - 890, "partner-2": 300}
    assert listed["counts"]["succeeded"] == 2
    payout = listed["items"][0]
    assert payout["account"] == {"bank": "SHINHAN", "number": "110123", "holder": "Kim"}
    assert payout["supplyAmount"] + payout["vatAmount"] == payout["amount"]
    [bulk] = shop.list(BULK_PAYOUTS)["items"]
    assert (bulk["name"], bulk["method"], bulk["status"]) == ("July", "DIRECT", "COMPLETED")
    assert bulk["totalPayoutAmount"] == bulk["payoutStats"]["amount"]["succeeded"] == 8_310
    assert shop.ids(SETTLEMENTS, {"statuses": ["PAID_OUT"]}) == ids
    assert shop.get(f"/platform/transfers/{order}").json()["status"] == "PAID_OUT"
    assert shop.list(ACCOUNT_TRANSFERS)["items"] == []  # the merchant paid by itself
    summaries = "/platform/transfer-summaries"
    own = next(each["id"] for each in listed["items"] if each["partner"]["id"] == "partner-2")
    assert len(shop.ids(summaries, {"keyword": {"payoutId": own}})) == 1
    assert len(shop.ids(SETTLEMENTS, {"keyword": {"bulkPayoutId": "bulk-1"}})) == 3
    assert len(shop.ids(SETTLEMENTS, {"keyword": {"payoutId": own}})) == 1


def test_payout_refused(shop: Marketplace) -> None:
    manual(shop, 500)
    manual(shop, -600, settlementDate="2026-07-09")
    shop.emulator.advance(days=10)
    positive, negative = shop.ids(SETTLEMENTS, {"settlementDates": [DUE]}) + shop.ids(
        SETTLEMENTS, {"settlementDates": ["2026-07-09"]}
    )
    assert error_of(pay(shop, [])) == (400, "PLATFORM_NO_SELECTED_PARTNER_SETTLEMENTS")
    assert error_of(pay(shop, [positive] * 2)) == (
        400,
        "PLATFORM_DUPLICATED_PARTNER_SETTLEMENT_IDS",
    )
    unknown = pay(shop, [positive, "none"])
    assert error_of(unknown) == (404, "PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND")
    assert unknown.json()["ids"] == ["none"]
    less_than_nothing = pay(shop, [positive, negative])
    assert error_of(less_than_nothing) == (400, "PLATFORM_CURRENCY_NOT_SUPPORTED")
    assert shop.ids(PAYOUTS) == []
    pay(shop, [positive]).raise_for_status()
    again = pay(shop, [positive], "bulk-2")
    assert error_of(again) == (400, "PLATFORM_NON_PAYABLE_PARTNER_SETTLEMENTS")
    taken = pay(shop, [negative])
    assert error_of(taken) == (409, "PLATFORM_BULK_PAYOUT_ID_ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("setting", "kind", "expected"),
    [
        ({}, "nonWhtPayer", {"supplyAmount": 10_000, "vatAmount": 1_000, "amount": 11_500}),
        (
            {"settlementAmountType": "NET"},
            "nonWhtPayer",
            {"supplyAmount": 11_000, "vatAmount": 1_100, "amount": 12_600},
        ),
        ({}, "whtPayer", {"incomeTaxAmount": 315, "localIncomeTaxAmount": 31, "amount": 11_500}),
        ({"deductWht": True}, "whtPayer", {"incomeTaxAmount": 315, "amount": 11_500 - 315 - 31}),
        ({"deductWht": True}, "nonWhtPayer", {"incomeTaxAmount": 0, "amount": 11_500}),
    ],
)
def test_taxes(
    shop: Marketplace, setting: dict[str, Any], kind: str, expected: dict[str, int]
) -> None:
    shop.patch("/platform/setting", json=setting)
    shop.add_partner("taxed", type={kind: {}})
    manual(shop, 11_500, settlementTaxFreeAmount=500, partnerId="taxed")
    shop.emulator.advance(days=10)
    pay(shop, shop.ids(SETTLEMENTS)).raise_for_status()
    [payout] = shop.list(PAYOUTS)["items"]
    assert {name: payout[name] for name in expected} == expected
    assert (payout["settlementAmount"], payout["taxFreeAmount"]) == (11_500, 500)


def test_through_the_agency(shop: Marketplace) -> None:
    shop.patch("/platform/setting", json={"defaultDepositMemo": "thanks"})
    manual(shop, 500)
    shop.emulator.advance(days=10)
    failed = shop.emulator.pay_partners(outcome="failed")
    assert shop.ids(SETTLEMENTS, {"statuses": ["PAYOUT_FAILED"]}) != []
    [payout] = shop.list(PAYOUTS)["items"]
    assert (payout["status"], payout["bulkPayoutId"]) == ("FAILED", failed)
    assert payout["failReason"]
    paid = shop.emulator.pay_partners()
    [transfer] = shop.list(ACCOUNT_TRANSFERS, {"statuses": ["SUCCEEDED"]})["items"]
    assert (transfer["type"], transfer["amount"]) == ("WITHDRAWAL", 500)
    assert (transfer["bulkPayoutId"], transfer["partnerId"]) == (paid, "partner-1")
    assert (transfer["depositBank"], transfer["depositAccountNumber"]) == ("SHINHAN", "110123")
    assert transfer["depositMemo"] == "thanks"
    for filters in (
        {"accountTransferId": transfer["id"]},
        {"accountTransferIds": [transfer["id"]]},
        {"payoutId": transfer["payoutId"]},
        {"bulkAccountTransferId": transfer["bulkAccountTransferId"]},
        {"tradeTimestampRange": {"from": "2026-07-13T00:00:00Z", "until": "2026-07-14T00:00:00Z"}},
    ):
        assert shop.ids(ACCOUNT_TRANSFERS, filters) == [transfer["id"]], filters
    assert shop.ids(ACCOUNT_TRANSFERS, {"types": ["DEPOSIT"]}) == []
    bulk = shop.list(BULK_ACCOUNT_TRANSFERS)
    assert [item["stats"]["amount"]["succeeded"] for item in bulk["items"]] == [500, 0]
    assert bulk["counts"]["completed"] == 2
    criteria = {"criteria": {"bulkAccountTransferId": transfer["bulkAccountTransferId"]}}
    assert len(shop.ids(BULK_ACCOUNT_TRANSFERS, criteria)) == 1
    assert shop.ids(BULK_PAYOUTS, {"methods": ["AGENCY"], "criteria": {"bulkPayoutId": paid}}) == [
        paid
    ]
    with pytest.raises(EmulatedAPIError, match="NON_PAYABLE"):
        shop.emulator.pay_partners(shop.ids(SETTLEMENTS))
    with pytest.raises(ValueError, match="unknown outcome"):
        shop.emulator.pay_partners(outcome="lost")  # type: ignore[arg-type]


def test_delete_settlements(shop: Marketplace) -> None:
    shop.emulator.checkout("pay-1", amount=10_000)
    order = shop.order("pay-1", settlementDate=DUE).json()["transfer"]["id"]
    cancellation = shop.cancel_payment("pay-1", 1_000)
    shop.take_back("pay-1", cancellation, 1_000, settlementDate="2026-07-20")
    manual(shop, 1)
    shop.emulator.advance(days=10)

    def delete(*ids: str) -> Any:
        return shop.post(f"{SETTLEMENTS}/delete", json={"partnerSettlementIds": ids})

    [settled] = shop.ids(SETTLEMENTS, {"settlementTypes": ["ORDER"]})
    [by_hand] = shop.ids(SETTLEMENTS, {"settlementTypes": ["MANUAL"]})
    referenced = delete(settled, by_hand)
    assert error_of(referenced) == (400, "PLATFORM_REFERENCED_CANCEL_ORDER_TRANSFERS_EXIST")
    assert referenced.json()["ids"] == [settled]
    assert error_of(delete("none")) == (404, "PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND")
    shop.emulator.advance(days=10)
    [taken_back] = shop.ids(SETTLEMENTS, {"settlementTypes": ["ORDER_CANCEL"]})
    pay(shop, [by_hand]).raise_for_status()
    paid = delete(by_hand)
    assert error_of(paid) == (400, "PLATFORM_NON_DELETABLE_PARTNER_SETTLEMENTS")
    assert delete(settled, taken_back).json() == {}
    assert shop.ids(SETTLEMENTS) == [by_hand]
    assert error_of(shop.get(f"/platform/transfers/{order}"))[0] == 404
    assert shop.order("pay-1").is_success


def test_filters(shop: Marketplace) -> None:
    shop.add_partner(
        "partner-2",
        tags=["fish"],
        account={"bank": "KAKAO", "currency": "USD", "number": "1", "holder": "Choi"},
    )
    manual(shop, 500)
    manual(shop, 700, partnerId="partner-2", settlementDate="2026-07-11")
    shop.emulator.advance(days=10)
    other, _ = shop.ids(SETTLEMENTS)
    for filters in (
        {"partnerIds": ["partner-2"]},
        {"partnerTags": ["fish"]},
        {"settlementCurrencies": ["USD"]},
        {"settlementDates": ["2026-07-11"]},
        {"keyword": {"partnerSettlementId": other}},
    ):
        assert shop.ids(SETTLEMENTS, filters) == [other], filters
    pay(shop, shop.ids(SETTLEMENTS)).raise_for_status()
    ranges = {"from": "2026-07-13T00:00:00Z", "until": "2026-07-14T00:00:00Z"}
    for filters in (
        {"partnerIds": ["partner-2"]},
        {"partnerTags": ["fish"]},
        {"payoutCurrencies": ["USD"]},
        {"payoutAccountBanks": ["KAKAO"]},
    ):
        found = shop.list(PAYOUTS, {"criteria": {"timestampRange": ranges}, **filters})["items"]
        assert [item["partner"]["id"] for item in found] == ["partner-2"], filters
    late = {"criteria": {"timestampRange": {**ranges, "from": "2026-07-13T23:59:00Z"}}}
    assert shop.ids(PAYOUTS, late) == []


def test_state_is_saved(shop: Marketplace, tmp_path: Path) -> None:
    shop.emulator.checkout("pay-1", amount=10_000)
    shop.order("pay-1", id="transfer-1", settlementDate=DUE)
    manual(shop, 500, settlementDate="2026-08-10")
    shop.emulator.advance(days=10)
    before = {path: shop.list(path) for path in (SETTLEMENTS, "/platform/partners")}
    shop.emulator.save(tmp_path / "state")
    again = Emulator(start_at=START)
    again.load(tmp_path / "state")
    restored = Marketplace(again)
    assert {path: restored.list(path) for path in before} == before
    again.advance(days=40)
    assert len(restored.ids(SETTLEMENTS)) == 2
    again.reset()
    assert restored.ids(SETTLEMENTS) == restored.ids("/platform/partners") == []
