"""The controls of what a test plans, waits for and starts from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from portone_emulator import Emulator, future

from .conftest import Shop
from .receiver import Receiver, receiving
from .test_controls import Controls


@pytest.fixture
def controls(emulator: Emulator) -> Iterator[Controls]:
    with Controls(emulator) as controls:
        yield controls


def get(emulator: Emulator, path: str) -> httpx.Response:
    """Get what need not fit the document."""
    headers = {"Authorization": f"PortOne {emulator.secret}"}
    return httpx.get(emulator.url + path, headers=headers, verify=False)


class TestFuture:
    @pytest.mark.parametrize(
        ("change", "changed"),
        [
            ({"change": "unknown_variant"}, {"status": "UNHEARD_OF"}),
            ({"change": "unknown_variant", "value": "FROZEN"}, {"status": "FROZEN"}),
            ({"change": "unknown_enum", "field": "currency"}, {"currency": "UNHEARD_OF"}),
            ({"change": "unknown_enum", "field": "currency", "value": "X"}, {"currency": "X"}),
            ({"change": "unknown_field"}, {"unheardOf": "new"}),
            ({"change": "unknown_field", "field": "f", "value": [1]}, {"f": [1]}),
        ],
    )
    def test_a_field_is_changed_once(
        self,
        emulator: Emulator,
        controls: Controls,
        shop: Shop,
        change: dict[str, object],
        changed: dict[str, object],
    ) -> None:
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        before = shop.get_payment()
        controls.use("future", operationId="getPayment", **change)
        assert get(emulator, "/payments/order-1").json() == before | changed
        assert shop.get_payment() == before

    def test_inside_of_a_response(self, controls: Controls, emulator: Emulator) -> None:
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        change = {"change": "unknown_variant", "at": ["items", 0], "value": "FROZEN"}
        controls.use("future", operationId="getPayments", times=2, **change)
        for _ in range(2):
            page = get(emulator, "/payments").json()
            assert page["items"][0]["status"] == "FROZEN"

    def test_an_error_replaces_the_response(self, controls: Controls, emulator: Emulator) -> None:
        change = {"change": "unknown_error", "value": "SNOWED_IN", "status": 418}
        controls.use("future", operationId="getPayment", **change)
        response = get(emulator, "/payments/order-1")
        assert (response.status_code, response.json()) == (418, {"type": "SNOWED_IN"})

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"change": "unknown_enum"}, "needs a field"),
            ({"change": "unknown_field", "status": 418}, "takes no status"),
            ({"change": "unknown_error", "field": "status"}, "takes no field or at"),
            ({"change": "unknown_error", "at": ["items"]}, "takes no field or at"),
        ],
    )
    def test_what_a_change_does_not_use_is_refused(
        self, controls: Controls, change: dict[str, object], message: str
    ) -> None:
        code, kind, told = controls.error_of("future", operationId="getPayment", **change)
        assert (code, kind) == (400, "INVALID_REQUEST")
        assert message in told

    def test_an_unknown_name(self) -> None:
        with pytest.raises(ValueError, match="did you mean 'unknown_enum'"):
            future.named_change("unknown_enums")  # pyright: ignore[reportArgumentType]


class TestHold:
    def test_requests_wait_for_their_release(self, controls: Controls, emulator: Emulator) -> None:
        """More requests than the server has threads: the release has one of its own."""
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        controls.use("hold", operationId="getPayment")
        statuses: list[int] = []

        def get() -> None:
            with Shop(emulator) as shop:
                statuses.append(shop.get("/payments/order-1").status_code)

        threads = [threading.Thread(target=get) for _ in range(50)]
        for thread in threads:
            thread.start()
        controls.use("hold", operationId="getPayment", timeout=10)
        assert statuses == []
        controls.use("release", operationId="getPayment")
        for thread in threads:
            thread.join(10)
        assert statuses == [200] * 50

    def test_nothing_comes(self, controls: Controls) -> None:
        code, kind, _ = controls.error_of("hold", operationId="getPayment", timeout=0)
        assert (code, kind) == (504, "TIMEOUT")

    def test_release_of_nothing(self, controls: Controls) -> None:
        controls.use("release", operationId="getPayment")

    def test_an_emulator_that_stops_holds_nothing(self) -> None:
        emulator = Emulator()
        emulator.start()
        hold = emulator.hold("getPayment")
        emulator.stop()
        assert hold.is_released

    def test_a_released_operation_can_be_held_again(self, emulator: Emulator) -> None:
        with emulator.hold("getPayment") as first:
            assert emulator.hold("getPayment") is first
        again = emulator.hold("getPayment")
        assert (first.is_released, again.is_released) == (True, False)


class TestWebhooks:
    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with receiving() as receiver:
            yield receiver

    @pytest.fixture
    def controls(self, receiver: Receiver) -> Iterator[Controls]:
        with Emulator(webhook_url=receiver.url) as emulator, Controls(emulator) as controls:
            yield controls

    def test_duplicated(self, controls: Controls, receiver: Receiver) -> None:
        controls.use("duplicate-webhooks", copies=3)
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        controls.use("wait-for-webhooks")
        assert receiver.types == ["Transaction.Ready"] * 3 + ["Transaction.Paid"]
        assert len({webhook.id for webhook in receiver.received}) == 2

    def test_delayed(self, controls: Controls, receiver: Receiver) -> None:
        controls.use("delay-webhooks", minutes=10)
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        controls.use("wait-for-webhooks")
        assert receiver.types == ["Transaction.Paid"]
        controls.use("advance", minutes=10)
        controls.use("wait-for-webhooks", timeout=10)
        assert receiver.types == ["Transaction.Paid", "Transaction.Ready"]

    def test_reordered(self, controls: Controls, receiver: Receiver) -> None:
        controls.use("reorder-webhooks", count=2)
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        controls.use("wait-for-webhooks")
        assert receiver.types == ["Transaction.Paid", "Transaction.Ready"]

    def test_waiting_ends(self, controls: Controls, receiver: Receiver) -> None:
        done = threading.Event()
        receiver.on_webhook = lambda _: done.wait(10)
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        assert controls.error_of("wait-for-webhooks", timeout=0)[:2] == (504, "TIMEOUT")
        done.set()
        controls.use("wait-for-webhooks")


def test_a_promotion_is_applied(controls: Controls, shop: Shop) -> None:
    controls.use("add-promotion", promotionId="spring-sale", percent=10)
    controls.use("checkout", paymentId="order-1", totalAmount=1000, promotionId="spring-sale")
    assert shop.get_payment()["amount"]["paid"] == 900
    assert controls.error_of("add-promotion", promotionId="both", percent=1, discount=1)[0] == 400


def test_card_promotions_and_checkout_profiles(controls: Controls, shop: Shop) -> None:
    controls.use("add-pg-card-promotion", promotionId="p1", discountAmount=10, channelKey="mine")
    query: dict[str, Any] = {"channelKey": "mine", "amount": 1}
    found = shop.get("/payment-gateways/card-promotion", params=query).json()["promotions"]
    assert [each["promotionId"] for each in found] == ["p1"]
    mistake = {"promotionId": "p1", "discountAmount": 10, "cardCompany": "NONE"}
    assert controls.error_of("add-pg-card-promotion", **mistake)[0] == 400

    methods = [{"paymentMethod": "PAY_PAY", "channelKey": "mine", "maxAmount": 5}]
    controls.use("add-checkout-profile", profileKey="profile", methods=methods)
    query = {"profileKey": "profile", "amount": 5, "country": "JP", "currency": "JPY"}
    offered = shop.get("/checkout-profiles/evaluate", params=query).json()["methods"]
    assert offered == [{"paymentMethod": "PAY_PAY", "channelKey": "mine"}]
    mistake = {"profileKey": "profile", "methods": [{"paymentMethod": "PAY_PAY", "amount": 5}]}
    assert controls.error_of("add-checkout-profile", **mistake)[0] == 400


def test_errors_with_fields(controls: Controls, shop: Shop) -> None:
    error = {"operationId": "payInstantly", "type": "PG_PROVIDER"}
    controls.use("refuse", **error, fields={"pgCode": "LIMIT"})
    assert shop.pay().json()["pgCode"] == "LIMIT"
    for name in ("noSuchField", "times"):
        assert controls.error_of("refuse", **error, fields={name: 1})[0] == 400


def test_a_billing_key_of_ones_own(controls: Controls, shop: Shop) -> None:
    """For a shop whose own database has it already."""
    issued = controls.use("issue-billing-key", customerId="customer1", billingKey="billing-key-1")
    assert issued == {"billingKey": "billing-key-1"}
    assert shop.charge("order-1", "billing-key-1").is_success
    code, _, message = controls.error_of("issue-billing-key", billingKey="billing-key-1")
    assert (code, message) == (400, "billingKey: is taken")


def test_a_snapshot_is_restored(controls: Controls, shop: Shop) -> None:
    controls.use("checkout", paymentId="order-1", totalAmount=1000)
    saved = controls.use("snapshot")
    controls.use("reset")
    controls.use("checkout", paymentId="order-2", totalAmount=1000)
    controls.use("restore", **saved)
    assert [payment["id"] for payment in controls.state()["payments"]] == ["order-1"]
    code, kind, told = controls.error_of("restore", snapshot={"format": "another"})
    assert (code, kind) == (400, "INVALID_REQUEST")
    assert "not an emulator state file" in told
    assert shop.get_payment()["status"] == "PAID"


def test_any_store_is_accepted() -> None:
    with Emulator(any_store=True) as emulator, Shop(emulator) as shop:
        emulator.checkout("order-1", amount=1000, store_id="store-of-somebody")
        query = {"storeId": "store-of-somebody"}
        assert shop.get("/payments/order-1", params=query).json()["storeId"] == "store-of-somebody"
        assert shop.get("/payments/order-1").status_code == 404
