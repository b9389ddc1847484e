"""Billing keys, and the schedules that charge them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import CheckoutOutcome, Emulator

from .conftest import CARD, Shop, charge, error_of

if TYPE_CHECKING:
    import httpx

NO_KEY = (404, "BILLING_KEY_NOT_FOUND")
DELETED = (409, "BILLING_KEY_ALREADY_DELETED")
SCHEDULED = (409, "PAYMENT_SCHEDULE_ALREADY_EXISTS")


def schedule(
    shop: Shop,
    billing_key: str,
    payment_id: str = "order-1",
    time: str = "2026-08-01T00:00:00Z",
    **payment: Any,
) -> httpx.Response:
    body = {"payment": charge(billing_key) | payment, "timeToPay": time}
    return shop.post(f"/payments/{payment_id}/schedule", json=body)


def schedule_id(shop: Shop, *arguments: Any, **options: Any) -> str:
    return schedule(shop, *arguments, **options).raise_for_status().json()["schedule"]["id"]


class TestKeys:
    def test_issued_key_is_found_and_charged(self, shop: Shop) -> None:
        key = shop.issue_billing_key(customer={"id": "c-1", "name": {"full": "Kim"}})
        info = shop.get(f"/billing-keys/{key}").json()
        assert (info["status"], info["customer"]["id"]) == ("ISSUED", "c-1")
        assert CARD["number"] not in str(info)
        shop.charge("order-1", key).raise_for_status()
        payment = shop.get_payment()
        assert (payment["status"], payment["billingKey"]) == ("PAID", key)
        assert error_of(shop.charge("order-1", key)) == (409, "ALREADY_PAID")

    def test_unknown_key(self, shop: Shop) -> None:
        assert error_of(shop.get("/billing-keys/none")) == NO_KEY
        assert error_of(shop.delete("/billing-keys/none")) == NO_KEY
        assert error_of(shop.charge("order-1", "none")) == NO_KEY
        assert error_of(schedule(shop, "none")) == NO_KEY

    def test_deleted_key_is_still_shown_but_cannot_be_charged(self, shop: Shop) -> None:
        key = shop.issue_billing_key()
        deleted_at = shop.delete(f"/billing-keys/{key}").json()["deletedAt"]
        info = shop.get(f"/billing-keys/{key}").json()
        assert (info["status"], info["deletedAt"]) == ("DELETED", deleted_at)
        assert error_of(shop.charge("order-1", key)) == DELETED
        assert error_of(schedule(shop, key)) == DELETED
        assert error_of(shop.delete(f"/billing-keys/{key}")) == DELETED

    def test_declined_charge(self, emulator: Emulator, shop: Shop) -> None:
        key = shop.issue_billing_key()
        emulator.decline()
        assert error_of(shop.charge("order-1", key)) == (502, "PG_PROVIDER")
        assert shop.get_payment()["status"] == "FAILED"

    def test_card_is_required(self, shop: Shop) -> None:
        response = shop.post("/billing-keys", json={"channelKey": "c", "method": {}})
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert "body.method.card" in response.json()["message"]

    @pytest.mark.parametrize(
        ("filters", "count"),
        [
            ({}, 2),
            ({"status": ["DELETED"]}, 1),
            ({"customerId": "c-1"}, 1),
            ({"methods": ["EASY_PAY"]}, 0),
            ({"pgProviders": ["KAKAOPAY"]}, 0),
            ({"channelGroupIds": ["g"]}, 0),
            ({"version": "V1"}, 0),
            ({"timeRangeField": "DELETED_AT"}, 1),
            ({"textSearch": {"field": "CARD_BIN", "value": "411111"}}, 2),
            ({"textSearch": {"field": "CUSTOMER_NAME", "value": "kim"}}, 1),
        ],
        ids=str,
    )
    def test_list(self, shop: Shop, filters: dict[str, Any], count: int) -> None:
        shop.issue_billing_key(customer={"id": "c-1", "name": {"full": "Kim"}})
        shop.delete(f"/billing-keys/{shop.issue_billing_key()}")
        response = shop.send_query("GET", "/billing-keys", {"filter": filters}).json()
        assert len(response["items"]) == response["page"]["totalCount"] == count


class TestSchedules:
    def test_is_charged_when_due(self, emulator: Emulator, shop: Shop) -> None:
        made = schedule_id(shop, shop.issue_billing_key())
        assert shop.get(f"/payment-schedules/{made}").json()["status"] == "SCHEDULED"
        emulator.advance(days=28)
        assert error_of(shop.get("/payments/order-1")) == (404, "PAYMENT_NOT_FOUND")
        emulator.advance(days=28)
        payment = shop.get_payment()
        assert (payment["status"], payment["scheduleId"]) == ("PAID", made)
        assert payment["paidAt"] == "2026-08-01T00:00:00.000000000Z"
        completed = shop.get(f"/payment-schedules/{made}").json()
        assert (completed["status"], completed["completedAt"]) == ("SUCCEEDED", payment["paidAt"])

    def test_due_schedules_are_charged_in_order(self, emulator: Emulator, shop: Shop) -> None:
        key = shop.issue_billing_key()
        for month in ("10", "08", "09"):
            schedule_id(shop, key, f"order-{month}", f"2026-{month}-01T00:00:00Z")
        emulator.advance(days=365)
        paid = [
            (payment_id, payment["paidAt"][:10])
            for payment_id, payment in emulator.payments.items()
        ]
        assert paid == [
            ("order-08", "2026-08-01"),
            ("order-09", "2026-09-01"),
            ("order-10", "2026-10-01"),
        ]

    def test_declined(self, emulator: Emulator, shop: Shop) -> None:
        made = schedule_id(shop, shop.issue_billing_key())
        emulator.decline()
        emulator.advance(days=30)
        assert shop.get(f"/payment-schedules/{made}").json()["status"] == "FAILED"
        assert shop.get_payment()["status"] == "FAILED"

    def test_payment_is_reserved_for_it(self, shop: Shop) -> None:
        key = shop.issue_billing_key()
        schedule_id(shop, key)
        assert error_of(schedule(shop, key)) == SCHEDULED
        assert error_of(shop.charge("order-1", key)) == SCHEDULED
        assert error_of(shop.pay()) == SCHEDULED
        assert error_of(shop.delete(f"/billing-keys/{key}")) == SCHEDULED

    @pytest.mark.parametrize("outcome", ["paid", "pay_pending", "virtual_account"])
    def test_paid_or_waiting_payment(
        self, emulator: Emulator, shop: Shop, outcome: CheckoutOutcome
    ) -> None:
        emulator.checkout("order-1", outcome, amount=1000)
        response = schedule(shop, shop.issue_billing_key())
        assert error_of(response) == (409, "ALREADY_PAID_OR_WAITING")

    def test_time_must_be_in_the_future(self, shop: Shop) -> None:
        response = schedule(shop, shop.issue_billing_key(), time="2026-07-03T09:00:00Z")
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert "timeToPay" in response.json()["message"]

    def test_amount_must_add_up(self, shop: Shop) -> None:
        response = schedule(shop, shop.issue_billing_key(), amount={"total": 1, "taxFree": 2})
        assert error_of(response) == (409, "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT")

    def test_revoked_by_key(self, emulator: Emulator, shop: Shop) -> None:
        key = shop.issue_billing_key()
        made = [schedule_id(shop, key, f"order-{number}") for number in range(2)]
        response = shop.send_query("DELETE", "/payment-schedules", {"billingKey": key}).json()
        assert response["revokedScheduleIds"] == made
        emulator.advance(days=60)
        assert emulator.payments == {}
        assert shop.get(f"/payment-schedules/{made[0]}").json()["status"] == "REVOKED"
        assert shop.delete(f"/billing-keys/{key}").is_success

    def test_revoked_by_id(self, emulator: Emulator, shop: Shop) -> None:
        key = shop.issue_billing_key()
        first, second = [schedule_id(shop, key, f"order-{number}") for number in range(2)]
        by_id = {"scheduleIds": [first]}
        assert shop.send_query("DELETE", "/payment-schedules", by_id).is_success
        again = shop.send_query("DELETE", "/payment-schedules", by_id)
        assert error_of(again) == (409, "PAYMENT_SCHEDULE_ALREADY_REVOKED")
        emulator.advance(days=60)
        late = shop.send_query("DELETE", "/payment-schedules", {"scheduleIds": [second]})
        assert error_of(late) == (409, "PAYMENT_SCHEDULE_ALREADY_PROCESSED")

    def test_revoke_is_all_or_nothing(self, shop: Shop) -> None:
        made = schedule_id(shop, shop.issue_billing_key())
        response = shop.send_query("DELETE", "/payment-schedules", {"scheduleIds": [made, "none"]})
        assert error_of(response) == (404, "PAYMENT_SCHEDULE_NOT_FOUND")
        assert shop.get(f"/payment-schedules/{made}").json()["status"] == "SCHEDULED"

    def test_revoke_needs_a_key_or_ids(self, shop: Shop) -> None:
        assert error_of(shop.send_query("DELETE", "/payment-schedules")) == (400, "INVALID_REQUEST")
        unknown = shop.send_query("DELETE", "/payment-schedules", {"billingKey": "none"})
        assert error_of(unknown) == NO_KEY

    def test_unknown(self, shop: Shop) -> None:
        response = shop.get("/payment-schedules/none")
        assert error_of(response) == (404, "PAYMENT_SCHEDULE_NOT_FOUND")

    def test_list_includes_the_future_only_with_until(self, shop: Shop) -> None:
        key = shop.issue_billing_key()
        first = schedule_id(shop, key, "order-1", "2026-08-01T00:00:00Z")
        second = schedule_id(shop, key, "order-2", "2026-09-01T00:00:00Z")

        def listed(**filters: Any) -> list[str]:
            response = shop.send_query("GET", "/payment-schedules", {"filter": filters}).json()
            return [item["id"] for item in response["items"]]

        until = "2026-09-02T00:00:00Z"
        assert listed() == []
        assert listed(until=until) == [second, first]
        assert listed(until=until, billingKey=key, status=["SCHEDULED"]) == [second, first]
        assert listed(until=until, billingKey="none") == []
        assert listed(until=until, status=["REVOKED"]) == []
        assert listed(until=until, isForTest=False) == []
        assert listed(until="2026-08-02T00:00:00Z") == [first]
