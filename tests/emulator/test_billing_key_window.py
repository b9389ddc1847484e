"""The billing-key window, with and without the shop's confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import EmulatedAPIError, Emulator, IssueOutcome, IssueResult

from .conftest import START, Shop, error_of
from .receiver import receiving

if TYPE_CHECKING:
    import httpx


def issue_and_pay(emulator: Emulator, outcome: IssueOutcome = "issued") -> IssueResult:
    return emulator.issue_billing_key(outcome, payment_id="order-1", amount=1000)


def confirm(shop: Shop, token: str | None, path: str = "confirm", **body: Any) -> httpx.Response:
    return shop.post(f"/billing-keys/{path}", json={"billingIssueToken": token, **body})


def test_issued_at_once(emulator: Emulator, shop: Shop) -> None:
    result = emulator.issue_billing_key(customer={"id": "customer-1"})
    info = shop.get(f"/billing-keys/{result.billing_key}").json()
    assert (info["status"], info["customer"]["id"]) == ("ISSUED", "customer-1")
    shop.charge("order-1", info["billingKey"]).raise_for_status()


def test_confirmed_by_the_shop(emulator: Emulator, shop: Shop) -> None:
    result = emulator.issue_billing_key("authenticated")
    assert result.billing_key == "NEEDS_CONFIRMATION"
    token = result.billing_issue_token
    assert shop.send_query("GET", "/billing-keys").json()["items"] == []
    assert error_of(confirm(shop, token, isTest=False)) == (409, "INFORMATION_MISMATCH")
    billing_key = confirm(shop, token, isTest=True).json()["billingKey"]
    assert shop.get(f"/billing-keys/{billing_key}").json()["status"] == "ISSUED"
    assert error_of(confirm(shop, token)) == (409, "BILLING_KEY_ALREADY_ISSUED")
    assert error_of(confirm(shop, "none")) == (404, "BILLING_KEY_NOT_FOUND")


def test_confirmed_and_paid(emulator: Emulator, shop: Shop) -> None:
    token = issue_and_pay(emulator, "authenticated").billing_issue_token
    assert error_of(confirm(shop, token)) == (404, "BILLING_KEY_NOT_FOUND")
    path = "confirm-issue-and-pay"
    assert error_of(confirm(shop, token, path, totalAmount=1)) == (409, "INFORMATION_MISMATCH")
    response = confirm(shop, token, path, paymentId="order-1", totalAmount=1000).json()
    payment = shop.get_payment()
    assert (payment["status"], payment["billingKey"]) == ("PAID", response["billingKey"])
    assert response["paymentId"] == "order-1"


def test_issued_and_paid_at_once(emulator: Emulator, shop: Shop) -> None:
    result = issue_and_pay(emulator)
    assert shop.get_payment()["billingKey"] == result.billing_key
    with pytest.raises(EmulatedAPIError, match="ALREADY_PAID"):
        issue_and_pay(emulator)
    with pytest.raises(EmulatedAPIError, match="INVALID_REQUEST"):
        emulator.issue_billing_key(payment_id="order-2")


def test_declined_payment_ends_the_window(emulator: Emulator, shop: Shop) -> None:
    emulator.decline(pg_code="LIMIT", pg_message="over the limit")
    result = issue_and_pay(emulator)
    assert result == IssueResult(
        result.billing_key,
        code="FAILURE_TYPE_PG",
        message="over the limit",
        pg_code="LIMIT",
        pg_message="over the limit",
        payment_id="order-1",
        tx_id=shop.get_payment()["transactionId"],
    )
    assert shop.get_payment()["failure"]["pgCode"] == "LIMIT"
    assert shop.get(f"/billing-keys/{result.billing_key}").json()["status"] == "ISSUED"


def test_a_failure_issues_and_pays_nothing(emulator: Emulator, shop: Shop) -> None:
    result = issue_and_pay(emulator, "failed")
    payment = shop.get_payment()
    assert (payment["status"], payment["transactionId"]) == ("FAILED", result.tx_id)
    assert payment["failure"]["pgCode"] == result.pg_code
    unknown = shop.get(f"/billing-keys/{result.billing_key}")
    assert error_of(unknown) == (404, "BILLING_KEY_NOT_FOUND")
    paid = issue_and_pay(emulator)
    assert shop.get_payment()["transactionId"] == paid.tx_id != result.tx_id


def test_leaving_issues_and_pays_nothing(emulator: Emulator, shop: Shop) -> None:
    result = issue_and_pay(emulator, "ready")
    payment = shop.get_payment()
    assert (payment["status"], payment["transactionId"]) == ("READY", result.tx_id)
    unknown = shop.get(f"/billing-keys/{result.billing_key}")
    assert error_of(unknown) == (404, "BILLING_KEY_NOT_FOUND")
    assert emulator.issue_billing_key("ready").code is None


def test_webhooks() -> None:
    with (
        receiving() as receiver,
        Emulator(webhook_url=receiver.url, start_at=START) as emulator,
        Shop(emulator) as shop,
    ):
        failed = emulator.issue_billing_key("failed")
        assert failed.billing_key
        assert failed.code == "FAILURE_TYPE_PG"
        assert failed.pg_code
        assert failed.pg_message
        token = emulator.issue_billing_key("authenticated").billing_issue_token
        confirm(shop, token).raise_for_status()
        issue_and_pay(emulator, "ready")
        issue_and_pay(emulator, "failed")
        issue_and_pay(emulator)
        emulator.wait_for_webhooks()
    assert receiver.types == [
        "BillingKey.Ready",
        "BillingKey.Failed",
        "BillingKey.Ready",
        "BillingKey.Issued",
        *("BillingKey.Ready", "Transaction.Ready"),
        *("BillingKey.Ready", "Transaction.Ready", "BillingKey.Failed", "Transaction.Failed"),
        *("BillingKey.Ready", "Transaction.Ready", "BillingKey.Issued", "Transaction.Paid"),
    ]
