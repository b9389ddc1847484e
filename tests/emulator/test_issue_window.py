"""Billing keys of the window, with the shop's confirmation or without."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from portone_async.emulator import Emulator, Refusal

from .conftest import START, Shop, refusal
from .receiver import receiving

PAYMENT = {"payment_id": "order-1", "amount": 1000}


def confirm(shop: Shop, token: str | None, path: str = "confirm", **body: Any) -> httpx.Response:
    return shop.post(f"/billing-keys/{path}", json={"billingIssueToken": token, **body})


def test_issued_at_once(emulator: Emulator, shop: Shop) -> None:
    window = emulator.issue_billing_key(customer={"id": "customer-1"})
    info = shop.get(f"/billing-keys/{window.billing_key}").json()
    assert (info["status"], info["customer"]["id"]) == ("ISSUED", "customer-1")
    shop.charge("order-1", info["billingKey"]).raise_for_status()


def test_confirmed_by_the_shop(emulator: Emulator, shop: Shop) -> None:
    token = emulator.issue_billing_key("authenticated").billing_issue_token
    assert shop.ask("GET", "/billing-keys").json()["items"] == []
    assert refusal(confirm(shop, token, isTest=False)) == (409, "INFORMATION_MISMATCH")
    billing_key = confirm(shop, token, isTest=True).json()["billingKey"]
    assert shop.get(f"/billing-keys/{billing_key}").json()["status"] == "ISSUED"
    assert refusal(confirm(shop, token)) == (409, "BILLING_KEY_ALREADY_ISSUED")
    assert refusal(confirm(shop, "none")) == (404, "BILLING_KEY_NOT_FOUND")


def test_confirmed_and_paid(emulator: Emulator, shop: Shop) -> None:
    token = emulator.issue_billing_key("authenticated", **PAYMENT).billing_issue_token
    assert refusal(confirm(shop, token)) == (404, "BILLING_KEY_NOT_FOUND")
    path = "confirm-issue-and-pay"
    assert refusal(confirm(shop, token, path, totalAmount=1)) == (409, "INFORMATION_MISMATCH")
    reply = confirm(shop, token, path, paymentId="order-1", totalAmount=1000).json()
    payment = shop.get_payment()
    assert (payment["status"], payment["billingKey"]) == ("PAID", reply["billingKey"])
    assert reply["paymentId"] == "order-1"


def test_issued_and_paid_at_once(emulator: Emulator, shop: Shop) -> None:
    window = emulator.issue_billing_key(**PAYMENT)
    assert shop.get_payment()["billingKey"] == window.billing_key
    with pytest.raises(Refusal, match="ALREADY_PAID"):
        emulator.issue_billing_key(**PAYMENT)
    with pytest.raises(Refusal, match="INVALID_REQUEST"):
        emulator.issue_billing_key(payment_id="order-2")


def test_webhooks() -> None:
    with (
        receiving() as receiver,
        Emulator(webhook_url=receiver.url, start_at=START) as emulator,
        Shop(emulator) as shop,
    ):
        failed = emulator.issue_billing_key("failed")
        assert (failed.billing_key, failed.code) == (None, "PG_PROVIDER")
        token = emulator.issue_billing_key("authenticated").billing_issue_token
        confirm(shop, token).raise_for_status()
        emulator.wait_for_webhooks()
    assert receiver.types == [
        "BillingKey.Ready",
        "BillingKey.Failed",
        "BillingKey.Ready",
        "BillingKey.Issued",
    ]
