"""Single payments, from pre-registration to the last cancellation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from portone_emulator import CheckoutOutcome, EmulatedAPIError, Emulator, PayMethod

from .conftest import CARD, START, Shop, error_of

NOT_FOUND = (404, "PAYMENT_NOT_FOUND")
ALREADY_PAID = (409, "ALREADY_PAID")
NOT_PAID = (409, "PAYMENT_NOT_PAID")
ACCOUNT = {"bank": "SHINHAN", "number": "110123456789", "holderName": "Kim"}


def test_unknown_payment_is_not_found_by_any_operation(shop: Shop) -> None:
    assert error_of(shop.get("/payments/none")) == NOT_FOUND
    assert error_of(shop.get("/payments/none/transactions")) == NOT_FOUND
    assert error_of(shop.cancel("none")) == NOT_FOUND
    assert error_of(shop.post("/payments/none/capture", json={})) == NOT_FOUND
    assert error_of(shop.post("/payments/none/confirm", json={"paymentToken": "x"})) == NOT_FOUND
    assert error_of(shop.post("/payments/none/virtual-account/close")) == NOT_FOUND
    assert error_of(shop.post("/payments/none/resend-webhook", json={})) == NOT_FOUND
    items = {"items": []}
    assert error_of(shop.post("/payments/none/register-store-receipt", json=items)) == NOT_FOUND


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("ready", "READY"),
        ("authenticated", "READY"),
        ("paid", "PAID"),
        ("failed", "FAILED"),
        ("virtual_account", "VIRTUAL_ACCOUNT_ISSUED"),
        ("pay_pending", "PAY_PENDING"),
    ],
)
def test_window_leaves_the_payment_in_its_status(
    emulator: Emulator, shop: Shop, outcome: CheckoutOutcome, status: str
) -> None:
    closed = emulator.checkout("order-1", outcome, amount=1000, order_name="a book")
    payment = shop.get_payment()
    assert (payment["status"], payment["orderName"]) == (status, "a book")
    assert payment["transactionId"] == closed.tx_id
    [attempt] = shop.get("/payments/order-1/transactions").json()["items"]
    assert (attempt["id"], attempt["status"]) == (closed.tx_id, status)


@pytest.mark.parametrize("payment_id", ["a/b", "100%", "주문 1", "a?b#c"])
def test_payment_ids_with_any_characters(emulator: Emulator, shop: Shop, payment_id: str) -> None:
    emulator.checkout(payment_id, amount=1000)
    assert shop.get_payment(quote(payment_id, safe=""))["id"] == payment_id


@pytest.mark.parametrize(
    "method",
    [
        "card",
        "transfer",
        "virtual_account",
        "mobile",
        "easy_pay",
        "gift_certificate",
        "convenience_store",
        "crypto",
    ],
)
def test_window_accepts_every_method(emulator: Emulator, shop: Shop, method: PayMethod) -> None:
    emulator.checkout("order-1", amount=1000, method=method)
    assert shop.get_payment()["status"] == "PAID"


def test_vat_is_an_eleventh_to_the_nearest(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", amount=1000)
    amount = shop.get_payment()["amount"]
    assert (amount["vat"], amount["supply"], amount["paid"]) == (91, 909, 1000)


def test_open_window_has_no_paid_amount(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", "ready", amount=1000)
    amount = shop.get_payment()["amount"]
    assert (amount["total"], amount["paid"], amount["cancelled"]) == (1000, 0, 0)


class TestPreRegister:
    def test_amount_is_taken_from_it(self, emulator: Emulator, shop: Shop) -> None:
        registered = {"totalAmount": 1000, "taxFreeAmount": 100, "currency": "KRW"}
        shop.post("/payments/order-1/pre-register", json=registered).raise_for_status()
        emulator.checkout("order-1")
        assert shop.get_payment()["amount"]["taxFree"] == 100

    def test_there_is_no_payment_before_the_window_opens(self, shop: Shop) -> None:
        shop.post("/payments/order-1/pre-register", json={"totalAmount": 1000}).raise_for_status()
        assert error_of(shop.get("/payments/order-1")) == NOT_FOUND

    @pytest.mark.parametrize(
        "opened", [{"amount": 1}, {"tax_free": 1}, {"currency": "USD"}], ids=str
    )
    def test_window_rejects_differing_orders(
        self, emulator: Emulator, shop: Shop, opened: dict[str, Any]
    ) -> None:
        registered = {"totalAmount": 1000, "taxFreeAmount": 0, "currency": "KRW"}
        shop.post("/payments/order-1/pre-register", json=registered).raise_for_status()
        with pytest.raises(EmulatedAPIError, match="INFORMATION_MISMATCH"):
            emulator.checkout("order-1", **opened)
        assert emulator.payments == {}

    def test_paid_payment_is_rejected(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000)
        response = shop.post("/payments/order-1/pre-register", json={"totalAmount": 1000})
        assert error_of(response) == ALREADY_PAID

    def test_negative_amount_is_rejected(self, shop: Shop) -> None:
        response = shop.post("/payments/order-1/pre-register", json={"totalAmount": -1})
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert "totalAmount" in response.json()["message"]


class TestInstant:
    def test_card_is_charged(self, shop: Shop) -> None:
        summary = shop.pay(total=5000, customer={"name": {"full": "Kim"}}).json()["payment"]
        payment = shop.get_payment()
        assert (payment["status"], payment["pgTxId"]) == ("PAID", summary["pgTxId"])
        assert payment["customer"] == {"name": "Kim"}
        assert payment["method"]["card"]["number"] == "411111******1111"

    def test_customer_is_converted_to_the_response_form(self, shop: Shop) -> None:
        address = {"addressLine1": "1 Main St", "addressLine2": "2F", "city": "Seoul", "type": "X"}
        name = {"separated": {"first": "Minsu", "last": "Kim"}}
        shop.pay(customer={"name": name, "address": address}).raise_for_status()
        customer = shop.get_payment()["customer"]
        assert customer["name"] == "KimMinsu"
        assert customer["address"]["type"] == "SEPARATED"
        assert customer["address"]["oneLine"] == "Seoul 1 Main St 2F"

    def test_second_charge_is_rejected(self, shop: Shop) -> None:
        shop.pay()
        assert error_of(shop.pay()) == ALREADY_PAID

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"amount": {"total": 0}}, "total"),
            ({"amount": {"total": 10, "taxFree": -1}}, "taxFree"),
            ({"method": {}}, "method"),
            ({"method": {"card": {"credential": CARD}, "virtualAccount": {}}}, "virtualAccount"),
            ({"customer": {"name": {}}}, "customer.name"),
            ({"channelKey": None}, "channelKey"),
        ],
        ids=str,
    )
    def test_invalid_input_names_the_field(
        self, shop: Shop, change: dict[str, Any], field: str
    ) -> None:
        response = shop.pay(**change)
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert field in response.json()["message"]
        assert error_of(shop.get("/payments/order-1")) == NOT_FOUND

    def test_a_channel_is_required(self, shop: Shop) -> None:
        body = {
            "orderName": "a book",
            "amount": {"total": 1000},
            "currency": "KRW",
            "method": {"card": {"credential": CARD}},
        }
        assert error_of(shop.post("/payments/order-1/instant", json=body)) == (
            400,
            "INVALID_REQUEST",
        )
        for group_id in ("group-1", ""):
            grouped = body | {"channelGroupId": group_id}
            shop.post(f"/payments/order-{group_id}/instant", json=grouped).raise_for_status()
            assert shop.get_payment(f"order-{group_id}")["channelGroup"]["id"] == group_id

    def test_parts_must_fit_the_total(self, shop: Shop) -> None:
        response = shop.pay(amount={"total": 1000, "taxFree": 900, "vat": 200})
        assert error_of(response) == (409, "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT")
        assert error_of(shop.pay(amount={"total": 100, "taxFree": 200})) == (
            409,
            "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT",
        )

    def test_declined_charge_fails_the_payment_and_can_be_retried(
        self, emulator: Emulator, shop: Shop
    ) -> None:
        emulator.decline(pg_code="4100", pg_message="no funds")
        response = shop.pay()
        assert error_of(response) == (502, "PG_PROVIDER")
        assert (response.json()["pgCode"], response.json()["pgMessage"]) == ("4100", "no funds")
        failed = shop.get_payment()
        assert (failed["status"], failed["failure"]["pgCode"]) == ("FAILED", "4100")
        shop.pay().raise_for_status()
        statuses = [
            attempt["status"]
            for attempt in shop.get("/payments/order-1/transactions").json()["items"]
        ]
        assert statuses == ["FAILED", "PAID"]

    def test_virtual_account_is_issued(self, shop: Shop) -> None:
        method = {
            "virtualAccount": {
                "bank": "KOOKMIN",
                "expiry": {"validHours": 24},
                "option": {"type": "NORMAL"},
            }
        }
        shop.pay(method=method).raise_for_status()
        payment = shop.get_payment()
        assert payment["status"] == "VIRTUAL_ACCOUNT_ISSUED"
        assert payment["method"]["bank"] == "KOOKMIN"

    @pytest.mark.parametrize(
        "expiry",
        [
            {},
            {"validHours": 0},
            {"validHours": 2**31 - 1},
            {"dueDate": "2020-01-01T00:00:00Z"},
            {"validHours": 1, "dueDate": "2030-01-01T00:00:00Z"},
        ],
        ids=str,
    )
    def test_virtual_account_needs_exactly_one_future_expiry(
        self, shop: Shop, expiry: dict[str, Any]
    ) -> None:
        account = {"bank": "KOOKMIN", "expiry": expiry, "option": {"type": "NORMAL"}}
        response = shop.pay(method={"virtualAccount": account})
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert "expiry" in response.json()["message"]

    def test_unknown_channel(self) -> None:
        with Emulator(channels={"channel-key-1": "KAKAOPAY"}) as emulator, Shop(emulator) as shop:
            assert error_of(shop.pay(channelKey="other")) == (404, "CHANNEL_NOT_FOUND")
            shop.pay().raise_for_status()
            assert shop.get_payment()["channel"]["pgProvider"] == "KAKAOPAY"


class TestCancel:
    def test_in_full(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000, tax_free=100)
        cancellation = shop.cancel().json()["cancellation"]
        assert cancellation["status"] == "SUCCEEDED"
        assert cancellation["totalAmount"] == 1000
        assert cancellation["taxFreeAmount"] == 100
        payment = shop.get_payment()
        assert payment["status"] == "CANCELLED"
        assert payment["cancellations"] == [cancellation]
        assert payment["amount"]["cancelled"] == 1000
        assert payment["amount"]["cancelledTaxFree"] == 100
        assert payment["amount"]["paid"] == 1000

    def test_in_parts_until_nothing_is_left(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000)
        first = shop.cancel(amount=300, currentCancellableAmount=1000).json()["cancellation"]
        assert (first["totalAmount"], first["vatAmount"]) == (300, 27)
        assert shop.get_payment()["status"] == "PARTIAL_CANCELLED"
        last = shop.cancel(amount=700, currentCancellableAmount=700).json()["cancellation"]
        assert (last["totalAmount"], last["vatAmount"]) == (700, 64)
        assert shop.get_payment()["status"] == "CANCELLED"
        assert error_of(shop.cancel()) == (409, "PAYMENT_ALREADY_CANCELLED")

    def test_rest_after_many_small_parts_can_be_cancelled(
        self, emulator: Emulator, shop: Shop
    ) -> None:
        emulator.checkout("order-1", amount=100)
        for _ in range(19):
            shop.cancel(amount=5).raise_for_status()  # an eleventh of 5 rounds to nothing
        rest = shop.cancel().json()["cancellation"]
        assert (rest["totalAmount"], rest["vatAmount"]) == (5, 5)

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"currentCancellableAmount": 999}, "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN"),
            ({"amount": 1001}, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT"),
            (
                {"amount": 500, "taxFreeAmount": 201},
                "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT",
            ),
            ({"amount": 801}, "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT"),
            (
                {"amount": 500, "vatAmount": 100},
                "CANCEL_TAX_AMOUNT_EXCEEDS_CANCELLABLE_TAX_AMOUNT",
            ),
            (
                {"amount": 100, "taxFreeAmount": 60, "vatAmount": 50},
                "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT",
            ),
        ],
        ids=str,
    )
    def test_broken_rule_changes_nothing(
        self, emulator: Emulator, shop: Shop, body: dict[str, Any], error: str
    ) -> None:
        emulator.checkout("order-1", amount=1000, tax_free=200)
        before = shop.get_payment()
        assert error_of(shop.cancel(**body)) == (409, error)
        assert shop.get_payment() == before

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"amount": 0}, "amount"),
            ({"amount": -5}, "amount"),
            ({"amount": 5, "taxFreeAmount": -1}, "taxFreeAmount"),
            ({"amount": 5, "vatAmount": -1}, "vatAmount"),
        ],
        ids=str,
    )
    def test_amounts_are_positive(
        self, emulator: Emulator, shop: Shop, body: dict[str, Any], field: str
    ) -> None:
        emulator.checkout("order-1", amount=1000)
        response = shop.cancel(**body)
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert field in response.json()["message"]

    @pytest.mark.parametrize("outcome", ["ready", "failed", "virtual_account", "pay_pending"])
    def test_needs_a_paid_payment(
        self, emulator: Emulator, shop: Shop, outcome: CheckoutOutcome
    ) -> None:
        emulator.checkout("order-1", outcome, amount=1000)
        assert error_of(shop.cancel()) == NOT_PAID

    def test_virtual_account_needs_a_refund_account(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        emulator.deposit("order-1")
        response = shop.cancel()
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert "refundAccount" in response.json()["message"]
        shop.cancel(refundAccount=ACCOUNT).raise_for_status()

    def test_completed_cancellation_cannot_be_stopped(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000)
        done = shop.cancel(amount=1).json()["cancellation"]["id"]
        path = "/payments/order-1/cancellations"
        assert error_of(shop.post(f"{path}/{done}/stop", json={})) == (
            409,
            "PAYMENT_CANCELLATION_NOT_PENDING",
        )
        assert error_of(shop.post(f"{path}/none/stop", json={})) == (
            404,
            "PAYMENT_CANCELLATION_NOT_FOUND",
        )


class TestVirtualAccount:
    def test_deposit_pays(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        emulator.advance(hours=1)
        emulator.deposit("order-1", 1000)
        payment = shop.get_payment()
        assert payment["status"] == "PAID"
        assert payment["paidAt"].startswith("2026-07-03T10:00:00")

    def test_deposit_of_another_amount_is_rejected(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        with pytest.raises(EmulatedAPIError, match="INVALID_REQUEST"):
            emulator.deposit("order-1", 999)
        assert shop.get_payment()["status"] == "VIRTUAL_ACCOUNT_ISSUED"

    def test_close(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        shop.post("/payments/order-1/virtual-account/close").raise_for_status()
        payment = shop.get_payment()
        assert (payment["status"], payment["amount"]["paid"]) == ("CANCELLED", 0)
        with pytest.raises(EmulatedAPIError, match="PAYMENT_NOT_WAITING_FOR_DEPOSIT"):
            emulator.deposit("order-1")

    def test_close_needs_a_waiting_account(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000)
        response = shop.post("/payments/order-1/virtual-account/close")
        assert error_of(response) == (409, "PAYMENT_NOT_WAITING_FOR_DEPOSIT")

    def test_it_closes_when_it_expires(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        emulator.advance(days=8)
        assert shop.get_payment()["status"] == "CANCELLED"
        with pytest.raises(EmulatedAPIError, match="PAYMENT_NOT_WAITING_FOR_DEPOSIT"):
            emulator.deposit("order-1")

    def test_its_payment_can_be_retried(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        shop.post("/payments/order-1/virtual-account/close").raise_for_status()
        shop.pay().raise_for_status()
        assert shop.get_payment()["status"] == "PAID"

    def test_it_closes_at_its_own_time(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        emulator.advance(days=30)
        assert shop.get_payment()["cancelledAt"] == "2026-07-10T09:00:00.000000000Z"


class TestConfirm:
    def test_payment_token_confirms(self, emulator: Emulator, shop: Shop) -> None:
        closed = emulator.checkout("order-1", "authenticated", amount=1000)
        body = {
            "paymentToken": closed.payment_token,
            "txId": closed.tx_id,
            "totalAmount": 1000,
            "currency": "KRW",
            "taxFreeAmount": 0,
            "isTest": True,
        }
        shop.post("/payments/order-1/confirm", json=body).raise_for_status()
        assert shop.get_payment()["status"] == "PAID"
        assert error_of(shop.post("/payments/order-1/confirm", json=body)) == ALREADY_PAID

    def test_wrong_token(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "authenticated", amount=1000)
        response = shop.post("/payments/order-1/confirm", json={"paymentToken": "other"})
        assert error_of(response) == (400, "INVALID_PAYMENT_TOKEN")

    @pytest.mark.parametrize(
        "check",
        [
            {"txId": "x"},
            {"totalAmount": 1},
            {"taxFreeAmount": 1},
            {"currency": "USD"},
            {"isTest": False},
        ],
        ids=str,
    )
    def test_differing_values_are_rejected(
        self, emulator: Emulator, shop: Shop, check: dict[str, Any]
    ) -> None:
        closed = emulator.checkout("order-1", "authenticated", amount=1000)
        body = {"paymentToken": closed.payment_token, **check}
        response = shop.post("/payments/order-1/confirm", json=body)
        assert error_of(response) == (409, "INFORMATION_MISMATCH")
        assert shop.get_payment()["status"] == "READY"


def test_pending_payment_is_approved_later(emulator: Emulator, shop: Shop) -> None:
    emulator.checkout("order-1", "pay_pending", amount=1000)
    assert error_of(shop.pay()) == ALREADY_PAID
    emulator.approve("order-1")
    assert shop.get_payment()["status"] == "PAID"
    with pytest.raises(EmulatedAPIError, match="INVALID_REQUEST"):
        emulator.approve("order-1")


def test_capture_and_store_receipt_need_a_paid_payment(emulator: Emulator, shop: Shop) -> None:
    item = {
        "storeBusinessRegistrationNumber": "1234567890",
        "storeName": "a stall",
        "totalAmount": 1000,
        "currency": "KRW",
    }
    emulator.checkout("order-1", "ready", amount=1000)
    receipts = "/payments/order-1/register-store-receipt"
    assert error_of(shop.post("/payments/order-1/capture", json={})) == NOT_PAID
    assert error_of(shop.post(receipts, json={"items": [item]})) == NOT_PAID
    emulator.checkout("order-1", amount=1000)
    shop.post("/payments/order-1/capture", json={}).raise_for_status()
    assert shop.post(receipts, json={"items": [item]}).json()["receiptUrl"]
    assert error_of(shop.post(receipts, json={"items": []})) == (400, "INVALID_REQUEST")


def test_resend_webhook_finds_the_webhook(shop: Shop) -> None:
    shop.pay(noticeUrls=["http://127.0.0.1:1/hook"])
    response = shop.post("/payments/order-1/resend-webhook", json={}).json()["webhook"]
    assert (response["paymentStatus"], response["trigger"]) == ("PAID", "MANUAL")
    again = {"webhookId": response["id"]}
    assert shop.post("/payments/order-1/resend-webhook", json=again).is_success
    none = shop.post("/payments/order-1/resend-webhook", json={"webhookId": "none"})
    assert error_of(none) == (404, "WEBHOOK_NOT_FOUND")


def test_stores(shop: Shop) -> None:
    assert error_of(shop.pay(storeId="somebody-else")) == (403, "FORBIDDEN")
    with Emulator(sub_store_ids=["store-2"]) as emulator, Shop(emulator) as other:
        other.pay(storeId="store-2").raise_for_status()
        assert error_of(other.get("/payments/order-1")) == NOT_FOUND
        payment = other.get("/payments/order-1", params={"storeId": "store-2"}).json()
        assert payment["storeId"] == "store-2"


def test_clock_stands_still_unless_advanced(emulator: Emulator) -> None:
    assert emulator.now == START
    emulator.advance(days=1, hours=1)
    assert emulator.now == START + timedelta(days=1, hours=1)
    with pytest.raises(ValueError, match="forward"):
        emulator.advance(days=-1)
