"""Webhooks: signatures, deliveries, redeliveries, delivery faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from portone_server_sdk import webhook as official

from portone_async import webhooks
from portone_emulator import DeliveryFaults, Emulator
from portone_emulator.webhooks.sender import WebhookSender

from .conftest import START, Shop, charge, error_of
from .receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def emulator(receiver: Receiver) -> Iterator[Emulator]:
    with Emulator(start_at=START, webhook_url=receiver.url) as emulator:
        yield emulator


def arrived(emulator: Emulator, receiver: Receiver) -> list[str]:
    emulator.wait_for_webhooks()
    return receiver.types


class TestSignature:
    def test_official_sdk_verifies_it(self, emulator: Emulator, receiver: Receiver) -> None:
        checkout = emulator.checkout("order-1", amount=1000)
        assert arrived(emulator, receiver) == ["Transaction.Ready", "Transaction.Paid"]
        for webhook in receiver.received:
            text = webhook.content.decode()
            event = official.verify(emulator.webhook_secret, text, dict(webhook.headers))
            assert not isinstance(event, dict)
            assert isinstance(
                event.data,
                official.WebhookTransactionDataReady | official.WebhookTransactionDataPaid,
            )
            assert event.data.payment_id == "order-1"
            assert event.data.transaction_id == checkout.tx_id
        last = receiver.received[-1]
        with pytest.raises(official.WebhookVerificationError):
            official.verify(
                "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXNob3A=",
                last.content.decode(),
                dict(last.headers),
            )

    def test_this_sdk_verifies_it_whatever_the_emulators_clock(
        self, emulator: Emulator, receiver: Receiver
    ) -> None:
        emulator.advance(days=300)
        emulator.checkout("order-1", amount=1000)
        emulator.wait_for_webhooks()
        webhook = receiver.received[-1]
        message = webhooks.verify(webhook.content, webhook.headers, emulator.webhook_secret)
        assert message.id == webhook.id == emulator.deliveries[-1].id
        assert webhook.json["timestamp"] == "2027-04-29T09:00:00.000000000Z"
        assert abs(message.timestamp - datetime.now(UTC)) < timedelta(minutes=1)

    def test_secret(self) -> None:
        assert Emulator(seed=1).webhook_secret == Emulator(seed=1).webhook_secret
        assert Emulator(seed=1).webhook_secret != Emulator(seed=2).webhook_secret
        assert Emulator().webhook_secret.startswith("whsec_")
        assert (
            Emulator(webhook_secret="whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXNob3A=").webhook_secret
            == "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXNob3A="
        )
        with pytest.raises(ValueError, match="24 bytes"):
            Emulator(webhook_secret="?")


class TestEvents:
    def test_of_a_virtual_account(self, emulator: Emulator, receiver: Receiver) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        emulator.deposit("order-1")
        emulator.checkout("order-2", "virtual_account", amount=1000)
        emulator.advance(days=8)
        assert arrived(emulator, receiver) == [
            "Transaction.Ready",
            "Transaction.VirtualAccountIssued",
            "Transaction.Paid",
            "Transaction.Ready",
            "Transaction.VirtualAccountIssued",
            "Transaction.Cancelled",
        ]
        official.verify(
            emulator.webhook_secret,
            receiver.received[-1].content.decode(),
            dict(receiver.received[-1].headers),
        )

    def test_of_pending_failed_and_cancelled(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        emulator.checkout("order-1", "failed", amount=1000)
        emulator.checkout("order-1", "pay_pending", amount=1000)
        emulator.approve("order-1")
        first = shop.cancel(amount=300).json()["cancellation"]
        last = shop.cancel().json()["cancellation"]
        assert arrived(emulator, receiver) == [
            "Transaction.Ready",
            "Transaction.Failed",
            "Transaction.Ready",
            "Transaction.PayPending",
            "Transaction.Paid",
            "Transaction.PartialCancelled",
            "Transaction.Cancelled",
        ]
        cancelled = [webhook.json["data"]["cancellationId"] for webhook in receiver.received[-2:]]
        assert cancelled == [first["id"], last["id"]]

    def test_of_billing_keys_and_what_they_pay(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        billing_key = shop.issue_billing_key()
        shop.charge("order-1", billing_key)
        emulator.decline()
        shop.charge("order-2", billing_key)
        shop.delete(f"/billing-keys/{billing_key}")
        assert arrived(emulator, receiver) == [
            "BillingKey.Issued",
            "Transaction.Paid",
            "Transaction.Failed",
            "BillingKey.Deleted",
        ]
        data = {"storeId": emulator.store_id, "billingKey": billing_key}
        assert receiver.received[0].json["data"] == receiver.received[-1].json["data"] == data

    def test_of_a_schedule_at_its_time(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        billing_key = shop.issue_billing_key()
        body = {
            "payment": {
                "billingKey": billing_key,
                "orderName": "a month",
                "amount": {"total": 1000},
                "currency": "KRW",
            },
            "timeToPay": "2026-08-01T00:00:00Z",
        }
        shop.post("/payments/order-1/schedule", json=body).raise_for_status()
        emulator.advance(days=60)
        assert arrived(emulator, receiver) == ["BillingKey.Issued", "Transaction.Paid"]
        assert receiver.received[-1].json["timestamp"] == "2026-08-01T00:00:00.000000000Z"

    def test_skip_webhook(self, emulator: Emulator, receiver: Receiver, shop: Shop) -> None:
        billing_key = shop.issue_billing_key(skipWebhook=True)
        shop.pay(skipWebhook=True)
        shop.cancel(skipWebhook=True)
        shop.delete(f"/billing-keys/{billing_key}", params={"skipWebhook": "true"})
        assert arrived(emulator, receiver) == []

    def test_skip_webhook_is_for_successes_only(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        billing_key = shop.issue_billing_key(skipWebhook=True)
        token = emulator.issue_billing_key(
            "authenticated", payment_id="order-3", amount=1000
        ).billing_issue_token
        checkout = emulator.checkout("order-4", "authenticated", amount=1000)
        emulator.checkout("order-5", amount=1000)
        emulator.wait_for_webhooks()
        receiver.received.clear()
        emulator.decline(times=4)
        shop.pay("order-1", skipWebhook=True)
        shop.charge("order-2", billing_key, skipWebhook=True)
        issue = {"billingIssueToken": token, "skipWebhook": True}
        shop.post("/billing-keys/confirm-issue-and-pay", json=issue)
        confirm = {"paymentToken": checkout.payment_token, "skipWebhook": True}
        shop.post("/payments/order-4/confirm", json=confirm)
        assert arrived(emulator, receiver) == ["Transaction.Failed"] * 4
        emulator.pend_cancellations()
        shop.cancel("order-5", skipWebhook=True)
        emulator.complete_cancellation("order-5")  # not by the request
        assert arrived(emulator, receiver)[4:] == [
            "Transaction.CancelPending",
            "Transaction.Cancelled",
        ]

    def test_skip_webhook_of_a_schedule(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        billing_key = shop.issue_billing_key(skipWebhook=True)
        for number in (1, 2):
            body = {
                "payment": charge(billing_key) | {"skipWebhook": True},
                "timeToPay": f"2026-08-0{number}T00:00:00z",
            }
            shop.post(f"/payments/order-{number}/schedule", json=body).raise_for_status()
        emulator.advance(days=29)
        assert emulator.payments["order-1"]["status"] == "PAID"
        emulator.decline()
        emulator.advance(days=1)
        assert arrived(emulator, receiver) == ["Transaction.Failed"]
        emulator.checkout("order-3", amount=1000)  # the next is not skipped
        assert arrived(emulator, receiver)[1:] == ["Transaction.Ready", "Transaction.Paid"]

    def test_notice_urls_replace_the_stores_url(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        shop.pay(noticeUrls=[f"{receiver.url}/a", f"{receiver.url}/b"])
        emulator.checkout("order-2", amount=1, notice_urls=[f"{receiver.url}/c"])
        emulator.wait_for_webhooks()
        assert sorted(webhook.path for webhook in receiver.received) == [
            "/webhook/a",
            "/webhook/b",
            "/webhook/c",
            "/webhook/c",
        ]
        assert [delivery.is_delivered for delivery in emulator.deliveries] == [True] * 4

    def test_without_a_url_there_are_none(self) -> None:
        with Emulator() as emulator:
            emulator.checkout("order-1", amount=1000)
            emulator.wait_for_webhooks()
            assert emulator.deliveries == []


class TestLegacyVersion:
    def test_json(self, receiver: Receiver) -> None:
        with Emulator(webhook_url=receiver.url, webhook_version="2024-01-01") as emulator:
            checkout = emulator.checkout("order-1", amount=1000)
            emulator.wait_for_webhooks()
        webhook = receiver.received[-1]
        assert webhook.json == {
            "payment_id": "order-1",
            "tx_id": checkout.tx_id,
            "status": "Paid",
        }
        assert webhooks.verify(webhook.content, webhook.headers, emulator.webhook_secret)

    def test_form_and_no_billing_keys(self, receiver: Receiver) -> None:
        with (
            Emulator(
                webhook_url=receiver.url, webhook_version="2024-01-01", webhook_format="form"
            ) as emulator,
            Shop(emulator) as shop,
        ):
            shop.issue_billing_key()
            emulator.checkout("주문/1", "failed", amount=1000)
            emulator.wait_for_webhooks()
        assert [webhook.form["status"] for webhook in receiver.received] == ["Ready", "Failed"]
        webhook = receiver.received[-1]
        assert webhook.form["payment_id"] == "주문/1"
        assert webhook.headers["content-type"] == "application/x-www-form-urlencoded"
        assert webhooks.verify(webhook.content, webhook.headers, emulator.webhook_secret)

    def test_misspelt(self) -> None:
        with pytest.raises(ValueError, match="version"):
            Emulator(webhook_version="2024")  # pyright: ignore[reportArgumentType]
        with pytest.raises(ValueError, match="format"):
            Emulator(webhook_format="xml")  # pyright: ignore[reportArgumentType]


class TestRedelivery:
    def test_five_times_with_the_same_id(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        receiver.statuses.extend([500] * 7)
        shop.pay()
        for count, minutes in enumerate((1, 4, 16, 64, 256), 1):
            assert len(arrived(emulator, receiver)) == count
            emulator.advance(minutes=minutes * 0.9 - 0.01)
            emulator.wait_for_webhooks()
            if count == 1:
                assert len(receiver.received) == count
            emulator.advance(minutes=minutes * 0.1 + 0.01)
        assert len(arrived(emulator, receiver)) == 6
        emulator.advance(days=10)
        assert len(arrived(emulator, receiver)) == 6
        assert len({webhook.id for webhook in receiver.received}) == 1
        assert len({webhook.content for webhook in receiver.received}) == 1
        (delivery,) = emulator.deliveries
        assert [attempt.status for attempt in delivery.attempts] == [500] * 6
        assert (delivery.next_attempt_at, delivery.is_delivered) == (None, False)

    def test_a_long_advance_makes_all_attempts_at_their_times(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        receiver.statuses.extend([503, 404, 302])
        shop.pay()
        emulator.advance(hours=6)
        emulator.wait_for_webhooks()
        (delivery,) = emulator.deliveries
        assert [attempt.status for attempt in delivery.attempts] == [503, 404, 302, 200]
        minutes = [(attempt.at - START).total_seconds() / 60 for attempt in delivery.attempts]
        assert minutes[0] == 0
        assert 0.9 <= minutes[1] <= 1
        assert 4.5 <= minutes[2] <= 5
        assert 18.9 <= minutes[3] <= 21
        assert delivery.is_delivered

    def test_unreachable_urls(self, emulator: Emulator, shop: Shop) -> None:
        shop.pay(noticeUrls=["http://127.0.0.1:1/hook", "no url at all", "http://[::1", "ftp://x/"])
        emulator.wait_for_webhooks()
        errors = [delivery.attempts[0].error for delivery in emulator.deliveries]
        assert errors[0] == "ConnectError"
        assert all(errors)
        shown = shop.get_payment()["webhooks"]
        assert {webhook["status"] for webhook in shown} == {"FAILED_UNEXPECTED_ERROR"}

    def test_a_failed_one_does_not_delay_the_next(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        receiver.statuses.extend([500, 200])
        shop.pay()
        shop.cancel()
        assert arrived(emulator, receiver) == ["Transaction.Paid", "Transaction.Cancelled"]
        emulator.advance(minutes=1)
        assert arrived(emulator, receiver)[-1] == "Transaction.Paid"

    def test_on_a_running_clock_it_is_sent_when_due(self, receiver: Receiver) -> None:
        with Emulator(webhook_url=receiver.url) as emulator:
            arrived = threading.Event()
            receiver.on_webhook = lambda _: arrived.set()
            emulator.webhooks.delay(seconds=0.05)
            emulator.checkout("order-1", "ready", amount=1000)
            assert arrived.wait(5)


class TestWebhooksOfAPayment:
    def test_delivery_result(self, emulator: Emulator, receiver: Receiver, shop: Shop) -> None:
        receiver.statuses.append(500)
        shop.pay()
        emulator.wait_for_webhooks()
        before = emulator.payments["order-1"]["webhooks"][0]
        assert (before["status"], before["currentExecutionCount"]) == ("FAILED_NOT_OK_RESPONSE", 1)
        emulator.advance(minutes=1)
        emulator.wait_for_webhooks()
        (webhook,) = shop.get_payment()["webhooks"]
        assert webhook["id"] == receiver.received[0].id
        assert (webhook["status"], webhook["currentExecutionCount"]) == ("SUCCEEDED", 2)
        assert webhook["paymentStatus"] == "PAID"
        assert webhook["request"]["body"] == receiver.received[0].content.decode()
        assert (webhook["response"]["code"], webhook["response"]["body"]) == ("200", "ok")
        found = shop.send_query(
            "GET", "/payments", {"filter": {"webhookStatus": "SUCCEEDED"}}
        ).json()
        assert [payment["id"] for payment in found["items"]] == ["order-1"]

    def test_trigger(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", "virtual_account", amount=1000)
        emulator.deposit("order-1")
        last = shop.get_payment()["webhooks"][-1]
        assert (last["trigger"], last["isAsync"]) == ("VIRTUAL_ACCOUNT_DEPOSIT", True)


class TestResend:
    def test_is_delivered_again_with_the_same_id(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        shop.pay()
        shop.cancel()
        emulator.wait_for_webhooks()
        shop.post("/payments/order-1/resend-webhook", json={}).raise_for_status()
        first = receiver.received[0].id
        body = {"webhookId": first}
        shop.post("/payments/order-1/resend-webhook", json=body).raise_for_status()
        assert arrived(emulator, receiver)[2:] == ["Transaction.Cancelled", "Transaction.Paid"]
        assert receiver.received[2].id == receiver.received[1].id
        assert receiver.received[3].id == first
        none = {"webhookId": "none"}
        response = shop.post("/payments/order-1/resend-webhook", json=none)
        assert error_of(response) == (404, "WEBHOOK_NOT_FOUND")

    def test_is_attempted_once(self, emulator: Emulator, receiver: Receiver, shop: Shop) -> None:
        shop.pay()
        emulator.wait_for_webhooks()
        receiver.statuses.append(500)
        shop.post("/payments/order-1/resend-webhook", json={}).raise_for_status()
        emulator.wait_for_webhooks()
        assert emulator.deliveries[-1].is_manual
        assert emulator.deliveries[-1].next_attempt_at is None


class TestDeliveryFaults:
    def test_duplicate(self, emulator: Emulator, receiver: Receiver, shop: Shop) -> None:
        emulator.webhooks.duplicate()
        shop.pay()
        shop.cancel()
        assert arrived(emulator, receiver) == [
            "Transaction.Paid",
            "Transaction.Paid",
            "Transaction.Cancelled",
        ]
        assert receiver.received[0].id == receiver.received[1].id != receiver.received[2].id

    def test_delay(self, emulator: Emulator, receiver: Receiver, shop: Shop) -> None:
        emulator.webhooks.delay(minutes=5)
        shop.pay()
        shop.cancel()
        assert arrived(emulator, receiver) == ["Transaction.Cancelled"]
        emulator.advance(minutes=5)
        assert arrived(emulator, receiver) == ["Transaction.Cancelled", "Transaction.Paid"]

    def test_reorder(self, emulator: Emulator, receiver: Receiver, shop: Shop) -> None:
        emulator.webhooks.reorder(3)
        emulator.checkout("order-1", amount=1000)
        assert arrived(emulator, receiver) == []
        shop.cancel()
        assert arrived(emulator, receiver) == [
            "Transaction.Cancelled",
            "Transaction.Paid",
            "Transaction.Ready",
        ]

    @pytest.mark.parametrize(
        "plan",
        [
            lambda webhooks: webhooks.duplicate(0),
            lambda webhooks: webhooks.delay(minutes=-1),
            lambda webhooks: webhooks.reorder(0),
        ],
    )
    def test_invalid_arguments(
        self, emulator: Emulator, plan: Callable[[DeliveryFaults], None]
    ) -> None:
        with pytest.raises(ValueError, match=r"positive|before"):
            plan(emulator.webhooks)


class TestBackground:
    def test_a_slow_shop_blocks_neither_responses_nor_other_urls(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        released = threading.Event()
        try:
            slow = f"{receiver.url}/slow"
            receiver.on_webhook = lambda webhook: (
                released.wait(10) if webhook.path.endswith("slow") else None
            )
            shop.pay("order-1", noticeUrls=[slow])
            shop.cancel("order-1").raise_for_status()
            other = threading.Event()
            with receiving() as second:
                second.on_webhook = lambda _: other.set()
                shop.pay("order-2", noticeUrls=[second.url])
                assert other.wait(5)
            with pytest.raises(TimeoutError):
                emulator.wait_for_webhooks(0.01)
        finally:
            released.set()
        assert arrived(emulator, receiver) == ["Transaction.Paid", "Transaction.Cancelled"]

    def test_a_webhook_handler_can_call_the_emulator(
        self, emulator: Emulator, receiver: Receiver, shop: Shop
    ) -> None:
        seen: list[str] = []
        receiver.on_webhook = lambda _: seen.append(shop.get_payment()["status"])
        emulator.checkout("order-1", amount=1000)
        emulator.wait_for_webhooks()
        assert seen in (["PAID", "PAID"], ["READY", "PAID"])

    def test_stops_during_a_delivery_and_resumes(
        self, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        emulator = Emulator(webhook_url=receiver.url, start_at=START)
        with pytest.raises(RuntimeError, match="not started"):
            emulator.wait_for_webhooks()
        arrived, released = threading.Event(), threading.Event()
        receiver.on_webhook = lambda _: (arrived.set(), released.wait(10))
        try:
            with emulator:
                emulator.checkout("order-1", "ready", amount=1000)
                assert arrived.wait(5)
        finally:
            released.set()
        assert emulator.deliveries[0].attempts == ()
        with emulator:
            emulator.wait_for_webhooks()
        assert emulator.deliveries[0].is_delivered
        assert len(receiver.received) == 2
        assert not [thread.name for thread in threading.enumerate() if "portone" in thread.name]
        assert not caplog.records

    def test_stops_when_something_falls_due(self) -> None:
        """The cancellation coincides with the event that wakes the sender."""

        def work() -> None:
            for _ in range(50):
                with Emulator(webhook_url="http://127.0.0.1:9") as emulator:
                    emulator.checkout("order-1", amount=1000)
                    emulator.wait_for_webhooks()
                    time.sleep(0.002)  # vary the timing: no event marks when the thread sleeps
                    emulator.advance(seconds=1)
            done.set()

        done = threading.Event()
        threading.Thread(target=work, daemon=True).start()
        assert done.wait(30)

    def test_a_thread_that_does_not_stop_is_an_error(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        released = threading.Event()

        async def hang(_: WebhookSender) -> None:
            released.wait(10)

        monkeypatch.setattr(WebhookSender, "aclose", hang)
        emulator = Emulator(webhook_url=receiver.url)
        emulator._background.stop_timeout = 0.2
        emulator.start()
        port = int(emulator.url.rpartition(":")[2])
        try:
            with pytest.raises(RuntimeError, match="the thread that sends webhooks did not stop"):
                emulator.stop()
        finally:
            released.set()
        with Emulator(port=port):  # the server is stopped nevertheless
            emulator.stop()

    def test_stop_wakes_a_waiting_thread(self, receiver: Receiver) -> None:
        arrived, released = threading.Event(), threading.Event()
        receiver.on_webhook = lambda _: (arrived.set(), released.wait(10))
        errors: list[RuntimeError] = []

        def wait(emulator: Emulator) -> None:
            try:
                emulator.wait_for_webhooks()
            except RuntimeError as error:
                errors.append(error)

        try:
            with Emulator(webhook_url=receiver.url) as emulator:
                emulator.checkout("order-1", "ready", amount=1000)
                assert arrived.wait(5)
                thread = threading.Thread(target=wait, args=[emulator])
                thread.start()
        finally:
            released.set()
        thread.join()
        assert len(errors) == 1

    @pytest.mark.anyio
    async def test_async(self, receiver: Receiver) -> None:
        async with Emulator(webhook_url=receiver.url) as emulator:
            emulator.checkout("order-1", amount=1000)
            await emulator.await_webhooks()
            assert receiver.types == ["Transaction.Ready", "Transaction.Paid"]

    def test_hundreds_arrive_in_order(self, emulator: Emulator, receiver: Receiver) -> None:
        for number in range(150):
            emulator.checkout(f"order-{number}", amount=1000)
        assert arrived(emulator, receiver) == ["Transaction.Ready", "Transaction.Paid"] * 150
        assert len({webhook.id for webhook in receiver.received}) == 300
