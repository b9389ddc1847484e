"""A shop's day with something of every kind, for the tests of the pages."""

from __future__ import annotations

from typing import Any

from portone_emulator import Emulator

from .conftest import Shop
from .platform import CONTRACT, COUNTERPARTY, INVOICE, PARTNER
from .receiver import Receiver

PAYMENT = "order-paid"


def fill(emulator: Emulator, shop: Shop, receiver: Receiver) -> None:
    """Make payments in several statuses, and one of everything else."""
    receiver.statuses.extend([200, 500])
    emulator.checkout(PAYMENT, amount=39000, order_name="책 두 권")
    emulator.wait_for_webhooks()
    emulator.advance(minutes=1)
    emulator.wait_for_webhooks()
    shop.get_payment(PAYMENT)
    shop.cancel(PAYMENT, amount=9000)
    emulator.checkout("order-account", "virtual_account", amount=128000, order_name="코트")
    emulator.checkout("order-open", "ready", amount=1050, currency="USD", order_name="A lamp")
    emulator.checkout("order-failed", "failed", amount=500)
    billing_key = shop.issue_billing_key(customer={"id": "customer-1"})
    schedule: dict[str, Any] = {
        "billingKey": billing_key,
        "orderName": "A month",
        "amount": {"total": 9900},
        "currency": "KRW",
    }
    _send(shop, "/payments/order-next/schedule", payment=schedule, timeToPay="2026-08-03T00:00:00Z")
    _send(
        shop,
        "/cash-receipts",
        paymentId="order-account",
        channelKey="channel-key-1",
        type="PERSONAL",
        orderName="코트",
        currency="KRW",
        amount={"total": 128000},
        customer={"identityNumber": "01012345678"},
    )
    _send(
        shop,
        "/identity-verifications/verification-1/send",
        channelKey="channel-key-1",
        customer={
            "name": "김하나",
            "phoneNumber": "01098765432",
            "identityNumber": "9503152",
            "ipAddress": "127.0.0.1",
        },
        operator="SKT",
        method="SMS",
    )
    for test in ("false", "true"):
        _send(shop, f"/platform/contracts?test={test}", id="contract-1", **CONTRACT)
        partner = {**PARTNER, "id": f"partner-{test}", "name": "하나 상점"}
        _send(shop, f"/platform/partners?test={test}", **partner)
    _settle(emulator, shop)
    shop.get("/payments/order-unknown")
    emulator.wait_for_webhooks()


def _settle(emulator: Emulator, shop: Shop) -> None:
    """Settle with a partner, pay it, and draft a tax invoice."""
    _send(
        shop,
        "/platform/additional-fee-policies",
        name="배송비",
        fee={"fixedRate": 2500},
        vatPayer="MERCHANT",
    )
    _send(shop, "/platform/discount-share-policies", name="쿠폰", partnerShareRate=50_000)
    transfer: dict[str, Any] = {"partnerId": "partner-false", "settlementAmount": 25_000}
    today = emulator.now.date().isoformat()
    _send(shop, "/platform/transfers/manual", **transfer, settlementDate=today)
    emulator.pay_partners()
    transfer["settlementAmount"] = 700
    _send(shop, "/platform/transfers/manual", **transfer, settlementDate=today)
    order: dict[str, Any] = {"partnerId": "partner-false", "paymentId": PAYMENT, "orderDetail": {}}
    _send(shop, "/platform/transfers/order", **order, discounts=[], additionalFees=[])
    _send(
        shop,
        "/b2b/counterparties",
        counterpartyId="lee",
        counterparty=COUNTERPARTY | {"companyName": "이상회"},
    )
    _send(shop, "/b2b/tax-invoices/draft", taxInvoice=INVOICE)


def _send(shop: Shop, path: str, **body: Any) -> None:
    shop.post(path, json=body).raise_for_status()
