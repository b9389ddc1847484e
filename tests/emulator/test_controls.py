"""The HTTP controls, for programs in any language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from portone_emulator import Emulator

from .conftest import START, Shop
from .receiver import receiving


class Controls(httpx.Client):
    """A program that uses the controls."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(base_url=f"{emulator.url}/_emulator/", verify=False)

    def use(self, control: str, **body: Any) -> dict[str, Any]:
        return self.post(control, json=body).raise_for_status().json()

    def error_of(self, control: str, **body: Any) -> tuple[int, str, str]:
        response = self.post(control, json=body)
        assert response.is_error
        return response.status_code, response.json()["type"], response.json()["message"]

    def state(self) -> dict[str, Any]:
        return self.get("state").raise_for_status().json()


@pytest.fixture
def controls(emulator: Emulator) -> Iterator[Controls]:
    with Controls(emulator) as controls:
        yield controls


def status(shop: Shop, payment_id: str = "order-1") -> str:
    return shop.get_payment(payment_id)["status"]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("paid", "PAID"),
        ("failed", "FAILED"),
        ("virtual_account", "VIRTUAL_ACCOUNT_ISSUED"),
        ("pay_pending", "PAY_PENDING"),
        ("ready", "READY"),
    ],
)
def test_checkout(controls: Controls, shop: Shop, outcome: str, expected: str) -> None:
    result = controls.use(
        "checkout",
        paymentId="order-1",
        outcome=outcome,
        totalAmount=1050,
        currency="USD",
        orderName="a book",
        payMethod="EASY_PAY",
    )
    payment = shop.get_payment()
    assert result["paymentId"] == "order-1"
    assert ("code" in result) == (outcome == "failed")
    assert (payment["status"], payment["amount"]["total"], payment["currency"]) == (
        expected,
        1050,
        "USD",
    )
    assert payment["orderName"] == "a book"


def test_deposit_into_a_virtual_account(controls: Controls, shop: Shop) -> None:
    controls.use("checkout", paymentId="order-1", outcome="virtual_account", totalAmount=1000)
    controls.use("deposit", paymentId="order-1")
    assert status(shop) == "PAID"


def test_pending_is_approved(controls: Controls, shop: Shop) -> None:
    controls.use("checkout", paymentId="order-1", outcome="pay_pending", totalAmount=1000)
    controls.use("approve", paymentId="order-1")
    assert status(shop) == "PAID"


def test_open_window_is_left(controls: Controls, shop: Shop) -> None:
    opened = controls.use("checkout", paymentId="order-1", outcome="ready", totalAmount=1000)
    left = controls.use("leave", paymentId="order-1", outcome="paid")
    assert left == opened
    assert status(shop) == "PAID"
    assert controls.error_of("leave", paymentId="order-1")[:2] == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("outcome", ["paid", "virtual_account"])
def test_operator_cancels_the_rest(controls: Controls, shop: Shop, outcome: str) -> None:
    controls.use("checkout", paymentId="order-1", outcome=outcome, totalAmount=1000)
    if outcome == "virtual_account":
        controls.use("deposit", paymentId="order-1")
    else:
        shop.cancel(amount=300)
    made = controls.use("cancel", paymentId="order-1", reason="sold out")["cancellation"]
    payment = shop.get_payment()
    assert payment["status"] == "CANCELLED"
    assert payment["cancellations"][-1] == made
    assert (made["trigger"], made["reason"]) == ("CONSOLE", "sold out")
    assert made["totalAmount"] == (700 if outcome == "paid" else 1000)


def test_clock_moves(controls: Controls, emulator: Emulator) -> None:
    now = controls.use("advance", days=1, minutes=1.5)["now"]
    assert now == "2026-07-04T09:01:30.000000000Z"
    assert emulator.now == START + timedelta(days=1, minutes=1.5)


def test_code_of_an_identity_verification(controls: Controls, shop: Shop) -> None:
    controls.use("expect-otp", identityVerificationId="iv-1", otp="123456")
    customer = {
        "name": "Kim",
        "phoneNumber": "01012345678",
        "identityNumber": "9503152",
        "ipAddress": "127.0.0.1",
    }
    body = {"channelKey": "c", "customer": customer, "operator": "SKT", "method": "SMS"}
    path = "/identity-verifications/iv-1"
    shop.post(f"{path}/send", json=body).raise_for_status()
    assert shop.post(f"{path}/confirm", json={"otp": "000000"}).status_code == 502
    assert shop.post(f"{path}/confirm", json={"otp": "123456"}).is_success


def test_state_has_the_reason_of_each_refusal(controls: Controls, shop: Shop) -> None:
    shop.pay(orderName=["Hong Gildong"])
    controls.use("faults", operationId="getPayments", kind="503")
    plain = httpx.get(shop.base_url.join("payments"), headers=shop.headers, verify=False)
    assert plain.status_code == 503
    shop.get("/payments")
    accepted, faulty, refused = controls.state()["requests"]
    assert refused["error"] == "INVALID_REQUEST: body.orderName: must be of type string"
    assert (faulty["fault"], "error" in faulty) == ("503", False)
    assert "error" not in accepted
    page = controls.get("live").text
    assert refused["error"] in page
    assert "fault: 503" in page
    assert "Gildong" not in page


def test_charges_are_declined(controls: Controls, shop: Shop) -> None:
    controls.use("decline", pgCode="LIMIT")
    declined = shop.pay()
    assert (declined.status_code, declined.json()["pgCode"]) == (502, "LIMIT")
    assert shop.pay().is_success


def test_faults_are_planned_and_cleared(controls: Controls, shop: Shop) -> None:
    plain = httpx.Client(base_url=shop.base_url, headers=shop.headers, verify=False)
    with plain:
        controls.use("faults", operationId="getPayments", kind="503", times=2)
        assert plain.get("/payments").status_code == 503
        controls.use("clear-faults")
        assert plain.get("/payments").is_success
        controls.use("faults", operationId="*", kind="429", isForever=True, retryAfter=3)
        responses = [plain.get("/payments") for _ in range(3)]
        assert {(each.status_code, each.headers["retry-after"]) for each in responses} == {
            (429, "3")
        }


def test_state_shows_payments_requests_and_webhooks() -> None:
    with (
        receiving() as receiver,
        Emulator(webhook_url=receiver.url) as emulator,
        Shop(emulator) as shop,
        Controls(emulator) as controls,
    ):
        receiver.statuses.append(500)
        shop.pay("order-1", 1000)
        shop.get("/billing-keys/billing-key-secret")
        emulator.wait_for_webhooks()
        state = controls.state()
        counted = {name: count for name, count in state["counts"].items() if count}
        assert counted == {"payments": 1, "requests": 2, "webhooks": 1}
        assert [payment["id"] for payment in state["payments"]] == ["order-1"]
        latest, first = state["requests"]
        assert (first["operationId"], first["status"]) == ("payInstantly", 200)
        assert (latest["path"], latest["status"]) == ("/billing-keys/...", 404)
        [webhook] = state["webhooks"]
        assert (webhook["type"], webhook["isDelivered"]) == ("Transaction.Paid", False)
        assert [attempt["status"] for attempt in webhook["attempts"]] == [500]
        assert webhook["nextAttemptAt"] > webhook["attempts"][0]["at"]


def test_reset_discards_all_state(controls: Controls, emulator: Emulator, shop: Shop) -> None:
    first = emulator.checkout("order-1", amount=1000)
    key = {"Idempotency-Key": '"0123456789abcdef"'}
    shop.post("/payments/order-1/cancel", json={"reason": "x"}, headers=key)
    emulator.advance(days=1)
    emulator.decline()
    emulator.fault("getPayments", "503")
    emulator.respond_with_error("getPayments", "FORBIDDEN")
    controls.use("reset")
    assert set(controls.state()["counts"].values()) == {0}
    assert emulator.now == START
    assert shop.get("/payments").is_success
    assert shop.post("/payments/order-1/cancel", json={"reason": "y"}, headers=key).is_error
    assert shop.pay("order-2").is_success
    controls.use("reset")
    assert emulator.checkout("order-1", amount=1000) == first


def test_webhooks_continue_after_a_reset() -> None:
    with receiving() as receiver, Emulator(webhook_url=receiver.url) as emulator:
        for _ in range(3):
            emulator.checkout("order-1", amount=1000)
            with Controls(emulator) as controls:
                controls.use("reset")
        emulator.checkout("order-1", amount=1000)
        emulator.wait_for_webhooks()
        assert receiver.types[-2:] == ["Transaction.Ready", "Transaction.Paid"]


class TestErrors:
    def test_payment_rules_apply(self, controls: Controls) -> None:
        assert controls.error_of("deposit", paymentId="none")[:2] == (404, "PAYMENT_NOT_FOUND")
        controls.use("checkout", paymentId="order-1", totalAmount=1000)
        again = controls.error_of("checkout", paymentId="order-1", totalAmount=1000)
        assert again[:2] == (409, "ALREADY_PAID")

    @pytest.mark.parametrize(
        ("control", "body", "named"),
        [
            ("checkout", {}, "body.paymentId: is required"),
            ("checkout", {"paymentId": ""}, "body.paymentId"),
            ("checkout", {"paymentId": "1", "totalAmount": "1000"}, "body.totalAmount"),
            ("checkout", {"paymentId": "1", "totalAmount": 0}, "amount.total"),
            ("checkout", {"paymentId": "1", "totalAmount": 2**63}, "body.totalAmount"),
            ("checkout", {"paymentId": "1", "amount": 1000}, "body.amount: is unknown"),
            ("checkout", {"paymentId": "1", "totalAmount": 1, "currency": "XYZ"}, "body.currency"),
            ("checkout", {"paymentId": "1", "outcome": "stolen"}, "body.outcome"),
            ("checkout", {"paymentId": "1"}, "amount: is required"),
            ("advance", {"days": -1}, "body.days"),
            ("faults", {"operationId": "nothing", "kind": "503"}, "body.operationId"),
            ("faults", {"operationId": "*", "kind": "fire"}, "body.kind"),
            ("decline", {"times": 0}, "body.times"),
        ],
    )
    def test_bad_bodies_name_the_field(
        self, controls: Controls, control: str, body: dict[str, Any], named: str
    ) -> None:
        code, kind, message = controls.error_of(control, **body)
        assert (code, kind) == (400, "INVALID_REQUEST")
        assert named in message

    def test_advance_beyond_the_year_9999(self, controls: Controls, emulator: Emulator) -> None:
        response = [controls.post("advance", json={"days": 1_000_000}) for _ in range(20)][-1]
        assert (response.status_code, response.json()["type"]) == (400, "INVALID_REQUEST")
        controls.use("reset")
        assert emulator.now == START

    @pytest.mark.parametrize(
        ("content", "content_type", "named"),
        [
            (b"{", "application/json", "not valid JSON"),
            (b"[]", "application/json", "JSON object"),
            (b"{}", "text/plain", "Content-Type"),
            (b"x" * 1_000_001, "application/json", "1000000 bytes"),
        ],
    )
    def test_bad_content(
        self, controls: Controls, content: bytes, content_type: str, named: str
    ) -> None:
        headers = {"Content-Type": content_type, "Sec-Fetch-Site": "same-origin"}
        response = controls.post("advance", content=content, headers=headers)
        assert (response.status_code, response.json()["type"]) == (400, "INVALID_REQUEST")
        assert named in response.json()["message"]

    def test_unknown_paths_and_methods(self, controls: Controls) -> None:
        assert controls.get("nothing").status_code == 404
        assert controls.post("nothing").status_code == 404
        assert controls.get("static/../site.py").status_code == 404
        assert controls.get("checkout").status_code == 405
        assert controls.delete("checkout").status_code == 405

    def test_index_describes_each_control(self, controls: Controls) -> None:
        index = controls.get("").json()
        assert set(index) >= {"checkout", "deposit", "approve", "cancel", "advance", "reset"}
        assert index["deposit"]["path"] == "/_emulator/deposit"
        assert index["deposit"]["body"]["required"] == ["paymentId"]


def test_errors_are_planned(controls: Controls, shop: Shop) -> None:
    controls.use("refuse", operationId="getPayment", type="FORBIDDEN")
    assert shop.get("/payments/order-1").status_code == 403
    kind, message = controls.error_of("refuse", operationId="getPayment", type="NO_SUCH")[1:]
    assert (kind, "getPayment has no error NO_SUCH" in message) == ("INVALID_REQUEST", True)


def test_cancellation_is_left_pending_until_completed(controls: Controls, shop: Shop) -> None:
    controls.use("checkout", paymentId="order-1", totalAmount=1000)
    controls.use("pend-cancellations", times=2)
    shop.cancel()
    assert status(shop) == "PAID"
    controls.use("fail-cancellation", paymentId="order-1")
    shop.cancel()
    controls.use("complete-cancellation", paymentId="order-1")
    assert status(shop) == "CANCELLED"
    assert controls.error_of("fail-cancellation", paymentId="order-1")[0] == 409


def test_escrow_event_that_is_not_allowed(controls: Controls, shop: Shop) -> None:
    controls.use("checkout", paymentId="order-1", totalAmount=1000, isEscrow=True)
    response = controls.error_of("escrow", paymentId="order-1", event="DELIVERED")
    assert response[:2] == (400, "INVALID_REQUEST")


def test_page_shows_the_latest_of_many(emulator: Emulator) -> None:
    for number in range(60):
        emulator.checkout(f"order-{number:03}", amount=1000)
    page = httpx.get(emulator.url, verify=False).text
    assert "the last 50 of 60" in page
    assert [f"order-{number:03}" in page for number in (9, 10, 59)] == [False, True, True]


def test_unchanged_tables_are_not_sent_again(emulator: Emulator) -> None:
    with httpx.Client(base_url=f"{emulator.url}/_emulator/", verify=False) as browser:
        emulator.checkout("order-1", amount=1000)
        first = browser.get("live")
        known = {"If-None-Match": first.headers["etag"]}
        emulator.advance(seconds=1)
        unchanged = browser.get("live", headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["emulator-now"] == "2026-07-03 18:00:01 KST / 09:00:01 UTC"
        emulator.checkout("order-2", amount=1000)
        changed = browser.get("live", headers=known)
        assert changed.status_code == 200
        assert "order-2" in changed.text


def test_pay_partners(emulator: Emulator, controls: Controls, shop: Shop) -> None:
    contract = {
        "id": "contract-1",
        "name": "x",
        "platformFee": {"fixedRate": 0},
        "platformFeeVatPayer": "MERCHANT",
        "subtractPaymentVatAmount": False,
        "settlementCycle": {"lagDays": 1, "datePolicy": "CALENDAR_DAY", "method": {"daily": {}}},
    }
    partner = {
        "id": "partner-1",
        "name": "x",
        "contact": {"name": "Kim", "email": "kim@example.com"},
        "account": {"bank": "SHINHAN", "currency": "KRW", "number": "110123", "holder": "Kim"},
        "defaultContractId": "contract-1",
        "tags": [],
        "type": {"nonWhtPayer": {}},
    }
    transfer = {
        "partnerId": "partner-1",
        "settlementAmount": 500,
        "settlementDate": "2026-07-04",
    }
    for path, body in (
        ("contracts", contract),
        ("partners", partner),
        ("transfers/manual", transfer),
    ):
        shop.post(f"/platform/{path}", json=body, params={"test": "true"}).raise_for_status()
    emulator.advance(days=2)
    paid = controls.use("pay-partners", isForTest=True)["bulkPayoutId"]
    query = {"requestBody": "{}", "test": "true"}
    [payout] = shop.get("/platform/payouts", params=query).json()["items"]
    assert (payout["bulkPayoutId"], payout["amount"]) == (paid, 500)
    assert controls.error_of("pay-partners", partnerSettlementIds=["none"])[:2] == (
        404,
        "PLATFORM_PARTNER_SETTLEMENTS_NOT_FOUND",
    )
