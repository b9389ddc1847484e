"""Transfers: what partners are owed for orders, and for their cancellations."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_emulator import Emulator
from portone_emulator.platform import amounts
from portone_emulator.platform.dates import settlement_date

from .conftest import START, error_of
from .platform import Marketplace

# START is a Friday, 18:00 in Korea.
TODAY = "2026-07-03"
SUMMARIES = "/platform/transfer-summaries"


@pytest.fixture
def shop() -> Marketplace:
    shop = Marketplace(Emulator(start_at=START))
    shop.add_contract()
    shop.add_partner()
    return shop


def add_policies(shop: Marketplace) -> None:
    """Add a 5 % fee, a fee of 300, and a discount of which the partner bears half."""
    fees = "/platform/additional-fee-policies"
    for policy_id, fee in (("rate", {"fixedRate": 5_000}), ("fixed", {"fixedAmount": 300})):
        body = {"id": policy_id, "name": "x", "fee": fee, "vatPayer": "PARTNER"}
        shop.post(fees, json=body).raise_for_status()
    half = {"id": "half", "name": "x", "partnerShareRate": 50_000}
    shop.post("/platform/discount-share-policies", json=half).raise_for_status()


def picked(amount: dict[str, Any], **wanted: int) -> dict[str, int]:
    return {name: amount[name] for name in wanted}


class TestOrders:
    def test_commission(self, shop: Marketplace) -> None:
        shop.emulator.checkout("pay-1", amount=10_000)
        transfer = shop.order("pay-1", 10_000, id="transfer-1", memo="first").json()["transfer"]
        wanted = {"order": 10_000, "payment": 10_000, "platformFee": 1_000, "platformFeeVat": 100}
        assert picked(transfer["amount"], **wanted, settlement=0) == {**wanted, "settlement": 8_900}
        assert (transfer["type"], transfer["id"], transfer["memo"]) == (
            "ORDER",
            "transfer-1",
            "first",
        )
        assert transfer["settlementStartDate"] == TODAY
        assert transfer["settlementDate"] == "2026-07-31"
        assert transfer["status"] == "IN_PROCESS"
        payment = transfer["payment"]
        assert (payment["type"], payment["id"]) == ("PORT_ONE", "pay-1")
        assert payment["method"] == {"type": "CARD"}
        assert shop.get("/platform/transfers/transfer-1").json() == transfer

    def test_discounts_and_fees(self, shop: Marketplace) -> None:
        add_policies(shop)
        line = {
            "product": {"id": "apple", "name": "an apple", "amount": 5_000, "tag": "fruit"},
            "quantity": 5,
            "discounts": [{"sharePolicyId": "half", "amount": 2_500}],
            "additionalFees": [{"policyId": "rate"}],
        }
        transfer = shop.order(
            "order-1",
            orderDetail={"orderLines": [line]},
            discounts=[{"sharePolicyId": "half", "amount": 2_500}],
            additionalFees=[{"policyId": "rate"}],
            externalPaymentDetail={"currency": "KRW", "method": {"card": {}}, "orderName": "fruit"},
        ).json()["transfer"]
        wanted = {
            "order": 25_000,
            "discount": 5_000,
            "discountShare": 2_500,
            "payment": 20_000,
            "platformFee": 2_500,
            "platformFeeVat": 250,
            "additionalFee": 2_500,
            "additionalFeeVat": 250,
            "settlement": 17_000,
        }
        assert picked(transfer["amount"], **wanted) == wanted
        [own] = transfer["orderLines"]
        assert (own["product"]["taxFreeAmount"], own["quantity"]) == (0, 5)
        wanted = {"order": 25_000, "payment": 22_500, "additionalFee": 1_250, "settlement": 19_625}
        assert picked(own["amount"], **wanted) == wanted
        assert [each["shareAmount"] for each in transfer["discounts"]] == [1_250]
        assert transfer["payment"] == {
            "type": "EXTERNAL",
            "id": "order-1",
            "currency": "KRW",
            "orderName": "fruit",
            "method": {"type": "CARD"},
        }

    def test_merchant_bears_the_vat_and_fixed_fees(self, shop: Marketplace) -> None:
        shop.add_contract("fixed", platformFee={"fixedAmount": 700}, platformFeeVatPayer="MERCHANT")
        external = {"currency": "KRW"}
        line = {"quantity": 1, "discounts": [], "additionalFees": []}
        lines = [{**line, "product": {"id": name, "name": name, "amount": 1_000}} for name in "ab"]
        transfer = shop.order(
            "order-1",
            contractId="fixed",
            orderDetail={"orderLines": lines},
            externalPaymentDetail=external,
        ).json()["transfer"]
        assert transfer["contract"]["id"] == "fixed"
        assert transfer["amount"]["platformFee"] == 700
        assert transfer["amount"]["platformFeeVat"] == 0
        assert transfer["amount"]["settlement"] == 1_300

    def test_payment_vat_is_deducted(self, shop: Marketplace) -> None:
        shop.add_contract("vat", subtractPaymentVatAmount=True)
        shop.emulator.checkout("pay-1", amount=11_000, tax_free=5_500, vat=500)
        amount = shop.order("pay-1", contractId="vat").json()["transfer"]["amount"]
        wanted = {
            "order": 11_000,
            "orderTaxFree": 5_500,
            "paymentTaxFree": 5_500,
            "paymentVat": 500,
            "paymentVatBurden": 500,
            "paymentSupply": 5_000,
            "settlement": 11_000 - 1_100 - 110 - 500,
            "settlementTaxFree": 5_500,
        }
        assert picked(amount, **wanted) == wanted

    def test_order_without_amount_is_all_that_was_paid(self, shop: Marketplace) -> None:
        add_policies(shop)
        shop.emulator.checkout("pay-1", amount=8_000)
        discounts = [{"sharePolicyId": "half", "amount": 2_000}]
        amount = shop.order("pay-1", discounts=discounts).json()["transfer"]["amount"]
        assert (amount["order"], amount["payment"]) == (10_000, 8_000)

    def test_transfers_do_not_exceed_the_payment(self, shop: Marketplace) -> None:
        shop.add_partner("partner-2")
        shop.emulator.checkout("pay-1", amount=10_000, tax_free=1_000)
        shop.order("pay-1", 7_000, taxFreeAmount=500).raise_for_status()
        too_much = shop.order("pay-1", 3_001, partnerId="partner-2")
        prefix = "PLATFORM_SETTLEMENT"
        suffix = "AMOUNT_EXCEEDED_PORT_ONE_PAYMENT"
        assert error_of(too_much) == (400, f"{prefix}_PAYMENT_{suffix}")
        assert too_much.json()["registeredSettlementPaymentAmount"] == 7_000
        assert too_much.json()["requestSettlementPaymentAmount"] == 3_001
        assert too_much.json()["portOnePaymentAmount"] == 10_000
        tax_free = shop.order("pay-1", 3_000, partnerId="partner-2", taxFreeAmount=501)
        assert error_of(tax_free) == (400, f"{prefix}_TAX_FREE_{suffix}")
        taxable = shop.order("pay-1", 3_000, partnerId="partner-2")
        assert error_of(taxable) == (400, f"{prefix}_SUPPLY_WITH_VAT_{suffix}")
        fits = shop.order("pay-1", 3_000, partnerId="partner-2", taxFreeAmount=500)
        assert fits.is_success

    def test_one_transfer_for_a_payment_and_partner(self, shop: Marketplace) -> None:
        shop.emulator.checkout("pay-1", amount=10_000)
        first = shop.order("pay-1", 4_000).json()["transfer"]
        again = shop.order("pay-1", 4_000)
        assert error_of(again) == (409, "PLATFORM_TRANSFER_ALREADY_EXISTS")
        assert again.json()["transferId"] == first["id"]
        shop.patch("/platform/setting", json={"supportsMultipleOrderTransfersPerPartner": True})
        assert shop.order("pay-1", 4_000).is_success

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"partnerId": "none"}, (404, "PLATFORM_PARTNER_NOT_FOUND")),
            ({"contractId": "none"}, (404, "PLATFORM_CONTRACT_NOT_FOUND")),
            ({"paymentId": "none"}, (404, "PLATFORM_PAYMENT_NOT_FOUND")),
            ({"paymentId": "unpaid"}, (404, "PLATFORM_PAYMENT_NOT_FOUND")),
            (
                {"additionalFees": [{"policyId": "none"}]},
                (404, "PLATFORM_ADDITIONAL_FEE_POLICIES_NOT_FOUND"),
            ),
            (
                {"discounts": [{"sharePolicyId": "none", "amount": 1}]},
                (404, "PLATFORM_DISCOUNT_SHARE_POLICIES_NOT_FOUND"),
            ),
            (
                {"discounts": [{"sharePolicyId": "half", "amount": 1_001}]},
                (400, "PLATFORM_SETTLEMENT_AMOUNT_EXCEEDED"),
            ),
            ({"taxFreeAmount": 1_001}, (400, "PLATFORM_SETTLEMENT_AMOUNT_EXCEEDED")),
            ({"id": "taken"}, (409, "PLATFORM_TRANSFER_ID_ALREADY_USED")),
            (
                {"settlementDate": "2026-07-02"},
                (400, "PLATFORM_SETTLEMENT_DATE_EARLIER_THAN_SETTLEMENT_START_DATE"),
            ),
            ({"settlementStartDate": "9999-12-31"}, (400, "INVALID_REQUEST")),
            (
                {"externalPaymentDetail": {"currency": "EUR"}},
                (400, "PLATFORM_CURRENCY_NOT_SUPPORTED"),
            ),
            ({"orderDetail": {"orderAmount": -1}}, (400, "INVALID_REQUEST")),
            ({"orderDetail": {"orderAmount": 10**16}}, (400, "INVALID_REQUEST")),
            ({"orderDetail": {"orderAmount": 1, "orderLines": []}}, (400, "INVALID_REQUEST")),
            (
                {"orderDetail": {}, "externalPaymentDetail": {"currency": "KRW"}},
                (400, "INVALID_REQUEST"),
            ),
            (
                {"discounts": [{"sharePolicyId": "half", "amount": 1}] * 2},
                (400, "INVALID_REQUEST"),
            ),
        ],
    )
    def test_refused(
        self, shop: Marketplace, changes: dict[str, Any], error: tuple[int, str]
    ) -> None:
        add_policies(shop)
        shop.emulator.checkout("pay-1", amount=1_000)
        shop.emulator.checkout("unpaid", "failed", amount=1_000)
        body = {"id": "taken", "partnerId": "partner-1", "settlementAmount": 1}
        body["settlementDate"] = TODAY
        shop.post("/platform/transfers/manual", json=body).raise_for_status()
        assert error_of(shop.order("pay-1", 1_000, **changes)) == error
        assert shop.ids(SUMMARIES) == ["taken"]

    def test_a_product_has_one_line(self, shop: Marketplace) -> None:
        line = {
            "product": {"id": "apple", "name": "x", "amount": 1},
            "quantity": 1,
            "discounts": [],
            "additionalFees": [],
        }
        response = shop.order(
            "order-1",
            orderDetail={"orderLines": [line, line]},
            externalPaymentDetail={"currency": "KRW"},
        )
        assert error_of(response) == (400, "PLATFORM_PRODUCT_ID_DUPLICATED")
        assert response.json()["id"] == "apple"


class TestCancellations:
    def test_part(self, shop: Marketplace) -> None:
        shop.emulator.checkout("pay-1", amount=10_000)
        order = shop.order("pay-1", 10_000).json()["transfer"]
        cancellation = shop.cancel_payment("pay-1", 5_000)
        transfer = shop.take_back("pay-1", cancellation, 5_000).json()["transfer"]
        wanted = {"order": 5_000, "platformFee": 500, "platformFeeVat": 50, "settlement": 4_450}
        assert picked(transfer["amount"], **wanted) == wanted
        assert transfer["type"] == "ORDER_CANCEL"
        assert transfer["cancellation"]["id"] == cancellation
        assert transfer["contract"] == order["contract"]
        again = shop.take_back("pay-1", cancellation, 1)
        assert error_of(again) == (409, "PLATFORM_TRANSFER_ALREADY_EXISTS")

    def test_rest_brings_back_all_that_is_left(self, shop: Marketplace) -> None:
        add_policies(shop)
        shop.emulator.checkout("pay-1", amount=10_001)
        order = shop.order(
            "pay-1", 10_001, additionalFees=[{"policyId": "fixed"}, {"policyId": "rate"}]
        ).json()["transfer"]
        first = shop.take_back("pay-1", shop.cancel_payment("pay-1", 3_333), 3_333)
        assert first.json()["transfer"]["additionalFees"][0]["amount"] == 0
        rest = shop.take_back("pay-1", shop.cancel_payment("pay-1")).json()["transfer"]
        assert rest["additionalFees"][0]["amount"] == 300
        both = amounts.add([first.json()["transfer"]["amount"], rest["amount"]])
        assert both == order["amount"]
        more = shop.take_back("pay-1", "another")
        assert error_of(more) == (404, "PLATFORM_CANCELLATION_NOT_FOUND")

    def test_lines(self, shop: Marketplace) -> None:
        add_policies(shop)
        external: dict[str, Any] = {"externalPaymentDetail": {"currency": "KRW"}}
        lines = [
            {
                "product": {"id": name, "name": name, "amount": amount, "taxFreeAmount": 10},
                "quantity": quantity,
                "discounts": [{"sharePolicyId": "half", "amount": 100}],
                "additionalFees": [{"policyId": "rate"}],
            }
            for name, amount, quantity in (("apple", 2_000, 5), ("pear", 4_000, 1))
        ]
        order = shop.order("order-1", orderDetail={"orderLines": lines}, **external)
        made = order.json()["transfer"]

        def take_back(cancellation_id: str, *taken: dict[str, Any], **changes: Any) -> Any:
            return shop.take_back(
                "order-1",
                cancellation_id,
                orderDetail={"orderLines": taken},
                externalCancellationDetail={"cancelledAt": "2026-07-02T16:00:00Z"},
                **changes,
            )

        def line(product_id: str, quantity: int, discount: int = 0) -> dict[str, Any]:
            discounts = [{"sharePolicyId": "half", "amount": discount}] if discount else []
            return {"productId": product_id, "quantity": quantity, "discounts": discounts}

        unknown = take_back("c", line("plum", 1))
        assert error_of(unknown) == (404, "PLATFORM_PRODUCT_ID_NOT_FOUND")
        twice = take_back("c", line("pear", 1), line("pear", 1))
        assert error_of(twice) == (400, "PLATFORM_PRODUCT_ID_DUPLICATED")
        too_many = take_back("c", line("apple", 6))
        assert error_of(too_many) == (400, "PLATFORM_CANCELLABLE_PRODUCT_QUANTITY_EXCEEDED")
        assert too_many.json()["cancellableQuantity"] == 5
        too_much = take_back("c", line("apple", 1, discount=101))
        assert error_of(too_much) == (400, "PLATFORM_CANCELLABLE_DISCOUNT_AMOUNT_EXCEEDED")
        assert (too_much.json()["productId"], too_much.json()["cancellableAmount"]) == (
            "apple",
            100,
        )
        mismatched = shop.take_back("order-1", "c", 1, externalCancellationDetail={})
        assert error_of(mismatched) == (400, "PLATFORM_ORDER_DETAIL_MISMATCHED")

        first = take_back("c1", line("apple", 2, discount=40)).json()["transfer"]
        assert first["settlementStartDate"] == TODAY  # already the third in Korea
        [own] = first["orderLines"]
        assert (own["quantity"], own["amount"]["order"]) == (2, 4_000)
        assert first["amount"]["orderTaxFree"] == 20
        assert first["amount"]["payment"] == 3_960
        fewer = take_back("c2", line("apple", 4))
        assert fewer.json()["cancellableQuantity"] == 3
        rest = shop.take_back("order-1", "c2", externalCancellationDetail={}).json()["transfer"]
        assert [each["quantity"] for each in rest["orderLines"]] == [3, 1]
        assert amounts.add([first["amount"], rest["amount"]]) == made["amount"]
        done = shop.take_back("order-1", "c3", externalCancellationDetail={})
        assert error_of(done) == (400, "PLATFORM_ORDER_TRANSFER_ALREADY_CANCELLED")

    def test_limits(self, shop: Marketplace) -> None:
        shop.add_partner("partner-2")
        shop.emulator.checkout("pay-1", amount=10_000, tax_free=2_000)
        shop.order("pay-1", 10_000, taxFreeAmount=2_000).raise_for_status()
        cancellation = shop.cancel_payment("pay-1", 3_000)
        too_much = shop.take_back("pay-1", cancellation, 8_001)
        assert error_of(too_much) == (400, "PLATFORM_CANCELLABLE_AMOUNT_EXCEEDED")
        assert too_much.json()["amountType"] == "SUPPLY_WITH_VAT"
        assert too_much.json()["cancellableAmount"] == 8_000
        tax_free = shop.take_back("pay-1", cancellation, 3_000, taxFreeAmount=2_001)
        assert error_of(tax_free) == (400, "PLATFORM_CANCELLABLE_AMOUNT_EXCEEDED")
        assert tax_free.json()["amountType"] == "TAX_FREE"
        more = shop.take_back("pay-1", cancellation, 3_001)
        assert error_of(more) == (400, "PLATFORM_SETTLEMENT_CANCEL_AMOUNT_EXCEEDED_PORT_ONE_CANCEL")
        assert more.json()["portOneCancelAmount"] == 3_000
        assert shop.take_back("pay-1", cancellation, 3_000).is_success

    def test_which_transfer(self, shop: Marketplace) -> None:
        shop.patch("/platform/setting", json={"supportsMultipleOrderTransfersPerPartner": True})
        shop.add_partner("partner-2")
        shop.emulator.checkout("pay-1", amount=10_000)
        one, two = (shop.order("pay-1", 5_000).json()["transfer"]["id"] for _ in range(2))
        cancellation = shop.cancel_payment("pay-1")
        several = shop.take_back("pay-1", cancellation)
        assert error_of(several) == (400, "PLATFORM_CANNOT_SPECIFY_TRANSFER")
        other = shop.take_back("pay-1", cancellation, partnerId="partner-2")
        assert error_of(other) == (404, "PLATFORM_TRANSFER_NOT_FOUND")
        unknown = shop.take_back("none", cancellation)
        assert error_of(unknown) == (404, "PLATFORM_PAYMENT_NOT_FOUND")
        named = shop.take_back("pay-1", cancellation, transferId=two)
        assert named.is_success
        refers = shop.take_back("x", "x", transferId=named.json()["transfer"]["id"])
        assert error_of(refers) == (404, "PLATFORM_TRANSFER_NOT_FOUND")
        external = shop.take_back(
            "pay-1", cancellation, transferId=one, externalCancellationDetail={}
        )
        assert error_of(external) == (400, "PLATFORM_CANCELLATION_AND_PAYMENT_TYPE_MISMATCHED")
        body = {"cancellationId": "x", "discounts": [], "orderDetail": {}}
        nothing = shop.post("/platform/transfers/order-cancel", json=body)
        assert error_of(nothing) == (400, "INVALID_REQUEST")

    def test_discounts(self, shop: Marketplace) -> None:
        add_policies(shop)
        shop.order(
            "order-1",
            10_000,
            discounts=[{"sharePolicyId": "half", "amount": 500, "taxFreeAmount": 100}],
            taxFreeAmount=1_000,
            externalPaymentDetail={"currency": "KRW"},
        ).raise_for_status()

        def take_back(*discounts: dict[str, Any]) -> Any:
            return shop.take_back(
                "order-1", "c", 1_000, discounts=discounts, externalCancellationDetail={}
            )

        half = {"sharePolicyId": "half", "amount": 100}
        assert error_of(take_back({**half, "sharePolicyId": "none"})) == (
            404,
            "PLATFORM_TRANSFER_DISCOUNT_SHARE_POLICY_NOT_FOUND",
        )
        assert error_of(take_back(half, half)) == (
            400,
            "PLATFORM_DISCOUNT_SHARE_POLICY_ID_DUPLICATED",
        )
        assert error_of(take_back({**half, "taxFreeAmount": 101})) == (
            400,
            "PLATFORM_CANCELLABLE_DISCOUNT_TAX_FREE_AMOUNT_EXCEEDED",
        )
        taken = take_back(half).json()["transfer"]
        assert (taken["amount"]["discountShare"], taken["amount"]["payment"]) == (50, 900)


@given(
    order=st.integers(1, 10**9),
    share=st.fractions(0, 1),
    rate=st.integers(0, 100_000),
    vat_payer=st.sampled_from(["PARTNER", "MERCHANT"]),
)
def test_parts_of_an_amount_add_up(order: int, share: Any, rate: int, vat_payer: str) -> None:
    contract = {
        "platformFee": {"type": "FIXED_RATE", "rate": rate},
        "platformFeeVatPayer": vat_payer,
        "subtractPaymentVatAmount": True,
    }
    tax_free = int(order * share)
    part = amounts.Part(order=order, tax_free=tax_free)
    sums = amounts.sums_of(part, contract, has_fixed_fee=True)
    vat = amounts.share_of_vat(order // 11, order)
    amount = amounts.settle([sums], contract, vat)
    assert (
        amount["payment"]
        == order
        == (amount["paymentSupply"] + amount["paymentVat"] + amount["paymentTaxFree"])
    )
    assert amount["settlement"] == order - sum(
        amount[name] for name in ("platformFee", "platformFeeVat", "paymentVatBurden")
    )
    assert 0 <= amount["settlementTaxFree"] <= max(amount["settlement"], 0)


class TestManual:
    def manual(self, shop: Marketplace, amount: int, **changes: Any) -> Any:
        body = {
            "partnerId": "partner-1",
            "settlementAmount": amount,
            "settlementDate": "2026-07-10",
        }
        return shop.post("/platform/transfers/manual", json=body | changes)

    def test_manual(self, shop: Marketplace) -> None:
        properties = [{"key": "grade", "value": {"string": "A"}}]
        made = self.manual(shop, 5_000, userDefinedProperties=properties).json()["transfer"]
        assert (made["settlementAmount"], made["settlementCurrency"]) == (5_000, "KRW")
        assert (made["type"], made["status"]) == ("MANUAL", "IN_PROCESS")
        assert made["userDefinedProperties"] == properties
        assert self.manual(shop, -5_000).is_success
        assert error_of(self.manual(shop, 1, settlementTaxFreeAmount=2)) == (400, "INVALID_REQUEST")
        assert error_of(self.manual(shop, 1, partnerId="none")) == (
            404,
            "PLATFORM_PARTNER_NOT_FOUND",
        )
        shop.patch("/platform/setting", json={"manualSettlementPerTransfer": True})
        assert error_of(self.manual(shop, -1)) == (400, "PLATFORM_NEGATIVE_AMOUNT_NOT_ALLOWED")

    def test_test_data_is_apart(self, shop: Marketplace) -> None:
        """`isForTest` in the body, unless the query says otherwise."""
        assert error_of(self.manual(shop, 1, isForTest=True)) == (404, "PLATFORM_PARTNER_NOT_FOUND")
        path = "/platform/transfers/manual"
        body = {"partnerId": "partner-1", "settlementAmount": 1, "settlementDate": TODAY}
        made = shop.post(path, json={**body, "isForTest": True}, params={"test": "false"})
        assert made.json()["transfer"]["isForTest"] is False
        assert shop.ids(SUMMARIES, {"isForTest": True}) == []
        assert shop.ids(SUMMARIES, {"isForTest": True}, test="false") != []

    def test_status_follows_the_date(self, shop: Marketplace) -> None:
        shop.emulator.checkout("pay-1", amount=10_000)
        transfer_id = shop.order(
            "pay-1", settlementStartDate="2026-07-05", settlementDate="2026-07-07"
        ).json()["transfer"]["id"]
        statuses = []
        for _ in range(5):
            statuses.append(shop.get(f"/platform/transfers/{transfer_id}").json()["status"])
            shop.emulator.advance(days=1)
        assert statuses == ["SCHEDULED", "SCHEDULED", "IN_PROCESS", "IN_PROCESS", "SETTLED"]
        deleted = shop.delete(f"/platform/transfers/{transfer_id}")
        assert error_of(deleted) == (400, "PLATFORM_TRANSFER_NON_DELETABLE_STATUS")

    def test_delete(self, shop: Marketplace) -> None:
        shop.emulator.checkout("pay-1", amount=10_000)
        order = shop.order("pay-1").json()["transfer"]["id"]
        cancel = shop.take_back("pay-1", shop.cancel_payment("pay-1")).json()["transfer"]["id"]
        path = "/platform/transfers"
        in_use = shop.delete(f"{path}/{order}")
        assert error_of(in_use) == (400, "PLATFORM_CANCEL_ORDER_TRANSFERS_EXISTS")
        for transfer_id in (cancel, order):
            assert shop.delete(f"{path}/{transfer_id}").json() == {}
            gone = shop.get(f"{path}/{transfer_id}")
            assert error_of(gone) == (404, "PLATFORM_TRANSFER_NOT_FOUND")
            assert error_of(shop.delete(f"{path}/{transfer_id}"))[0] == 404
        assert shop.ids(SUMMARIES) == []
        assert shop.order("pay-1").is_success


def test_filters_and_sheet(shop: Marketplace) -> None:
    add_policies(shop)
    shop.add_partner("partner-2", name="Fresh Fish", tags=["fish"], memo="sea")
    shop.emulator.checkout("pay-1", amount=10_000, channel_key="channel-key-1")
    line = {
        "product": {"id": "apple", "name": "an apple", "amount": 1_000},
        "quantity": 1,
        "discounts": [{"sharePolicyId": "half", "amount": 10}],
        "additionalFees": [{"policyId": "rate"}],
    }
    shop.order("pay-1", id="order", memo="=1+1", orderDetail={"orderLines": [line]})
    body = {
        "id": "manual",
        "partnerId": "partner-2",
        "settlementAmount": 500,
        "settlementDate": "2026-07-10",
        "userDefinedProperties": [{"key": "grade", "value": {"string": "A"}}],
    }
    shop.post("/platform/transfers/manual", json=body).raise_for_status()
    for filters in (
        {"types": ["ORDER"]},
        {"channelKeys": ["channel-key-1"]},
        {"paymentMethodTypes": ["CARD"]},
        {"contractIds": ["contract-1"]},
        {"additionalFeePolicyIds": ["rate"]},
        {"discountSharePolicyIds": ["half"]},
        {"settlementDateRange": {"from": "2026-07-31", "until": "2026-07-31"}},
        {"settlementStartDateRange": {"from": TODAY, "until": TODAY}},
        {"keyword": {"paymentId": "pay-1"}},
        {"keyword": {"productId": "apple"}},
        {"keyword": {"productName": "an apple"}},
        {"keyword": {"transferMemo": "1+"}},
        {"keyword": {"all": "APPLE"}},
        {"keyword": {"partnerId": "partner-1"}},
    ):
        assert shop.ids(SUMMARIES, filters) == ["order"], filters
    for filters in (
        {"partnerTags": ["fish"]},
        {"keyword": {"partnerName": "fish"}},
        {"keyword": {"partnerMemo": "SEA"}},
        {"keyword": {"transferId": "manual"}},
        {"userDefinedProperty": {"key": "grade", "value": "A"}},
    ):
        assert shop.ids(SUMMARIES, filters) == ["manual"], filters
    assert shop.ids(SUMMARIES, {"statuses": ["IN_PROCESS"]}) == ["manual", "order"]
    both = {"settlementDateRange": {"from": TODAY, "until": TODAY}}
    both["settlementStartDateRange"] = both["settlementDateRange"]
    query = {"requestBody": json.dumps({"filter": both})}
    assert error_of(shop.get(SUMMARIES, params=query)) == (400, "INVALID_REQUEST")
    [summary] = shop.list(SUMMARIES, {"types": ["ORDER"]})["transferSummaries"]
    assert summary["partner"]["name"] == "a partner"
    assert summary["payment"]["methodType"] == "CARD"
    fields = ["TRANSFER_ID", "TRANSFER_SETTLEMENT_AMOUNT", "TRANSFER_MEMO", "UNKNOWN"]
    query = {"requestBody": json.dumps({"filter": {}, "fields": fields})}
    sheet = shop.get(f"{SUMMARIES}/sheet-file", params=query)
    assert list(csv.reader(io.StringIO(sheet.text))) == [
        fields,
        ["manual", "500", "", ""],
        ["order", "830", "=1+1", ""],
    ]


@pytest.mark.parametrize(
    ("start", "lag", "policy", "method", "expected"),
    [
        ("2026-07-03", 1, "CALENDAR_DAY", {"type": "DAILY"}, "2026-07-04"),
        ("2026-07-03", 1, "HOLIDAY_BEFORE", {"type": "DAILY"}, "2026-07-03"),
        ("2026-07-03", 1, "HOLIDAY_AFTER", {"type": "DAILY"}, "2026-07-06"),
        ("2026-07-03", 2, "CALENDAR_DAY", {"type": "WEEKLY", "daysOfWeek": ["FRI"]}, "2026-07-10"),
        ("2026-02-01", 1, "CALENDAR_DAY", {"type": "MONTHLY", "daysOfMonth": [31]}, "2026-02-28"),
        (
            "2026-07-14",
            1,
            "CALENDAR_DAY",
            {"type": "MONTHLY", "daysOfMonth": [1, 15]},
            "2026-07-15",
        ),
        (
            "2026-07-03",
            1,
            "CALENDAR_DAY",
            {"type": "MANUAL_DATES", "dates": [{"month": 2, "day": 29}]},
            "2028-02-29",
        ),
    ],
)
def test_settlement_date(
    start: str, lag: int, policy: str, method: dict[str, Any], expected: str
) -> None:
    cycle = {"lagDays": lag, "datePolicy": policy, "method": method}
    assert settlement_date(start, cycle, is_never_earlier=False) == expected
    later = settlement_date(start, cycle, is_never_earlier=True)
    assert later == ("2026-07-06" if expected <= start else expected)
