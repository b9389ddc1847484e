"""Webhook events for changes of payments, billing keys and tax invoices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from attrs import evolve

from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.records import Payment
from portone_emulator.state.state import State
from portone_emulator.webhooks import bodies
from portone_emulator.webhooks.delivery import Delivery
from portone_emulator.webhooks.queue import REDELIVERIES

Trigger: TypeAlias = Literal[
    "VIRTUAL_ACCOUNT_DEPOSIT", "ASYNC_PAY_APPROVED", "ASYNC_CANCEL_APPROVED"
]
"""Why a payment changed without an API request, in PortOne's terms."""

# The successes whose webhooks `skipWebhook` skips. What only became pending did not succeed.
_SUCCESSES = frozenset(
    {"PAID", "VIRTUAL_ACCOUNT_ISSUED", "PARTIAL_CANCELLED", "CANCELLED", "ISSUED", "DELETED"}
)
_CANCELLATIONS = frozenset({"PartialCancelled", "Cancelled", "CancelPending"})
_PAYMENT_STATUSES = frozenset(
    {
        "READY",
        "VIRTUAL_ACCOUNT_ISSUED",
        "PAID",
        "FAILED",
        "PARTIAL_CANCELLED",
        "CANCELLED",
        "PAY_PENDING",
    }
)


def notify_payment(
    state: State,
    payment: Payment,
    status: str,
    *,
    trigger: Trigger | None = None,
    cancellation: JsonObject | None = None,
) -> None:
    """Queue the webhooks for a payment's new status, such as `PAID`.

    They are added to the payment's `webhooks`; the caller refreshes its view.
    """
    transaction = payment.latest
    name = _camel(status)
    data: JsonObject = {
        "storeId": payment.store_id,
        "paymentId": payment.id,
        "transactionId": transaction.id,
    }
    if name in _CANCELLATIONS:
        # Closing a virtual account makes no cancellation, but the event requires a cancellation ID.
        data["cancellationId"] = state.ids.uuid() if cancellation is None else cancellation["id"]
    subject = {"payment": (payment.store_id, payment.id), "transaction_id": transaction.id}
    for url in _urls(state, status, transaction.fields.get("noticeUrls")):
        delivery = _new_delivery(state, f"Transaction.{name}", data, url)
        if delivery is None:
            continue
        webhook = omit_none(
            paymentStatus=status if status in _PAYMENT_STATUSES else None,
            id=delivery.id,
            url=url,
            isAsync=trigger is not None,
            currentExecutionCount=0,
            maxExecutionCount=1 + len(REDELIVERIES),
            trigger=trigger,
            triggeredAt=state.now(),
        )
        transaction.fields["webhooks"] = [*transaction.fields["webhooks"], webhook]
        state.delivery_queue.add(evolve(delivery, **subject), state.clock.now())


def notify_billing_key(
    state: State, status: str, info: JsonObject, notice_urls: Iterable[str] | None = None
) -> None:
    """Queue the webhooks for a billing key's new status, such as `ISSUED`."""
    data = {"storeId": info["storeId"], "billingKey": info["billingKey"]}
    for url in _urls(state, status, notice_urls):
        delivery = _new_delivery(state, f"BillingKey.{_camel(status)}", data, url)
        if delivery is not None:
            state.delivery_queue.add(delivery, state.clock.now())


_TAX_INVOICE_EVENTS = {
    "REQUESTED": "Requested",
    "ISSUED": "Issued",
    "REQUEST_CANCELLED": "RequestCancelled",
    "ISSUANCE_CANCELLED": "IssuanceCancelled",
    "REQUEST_REFUSED": "Refused",
    "SENDING_COMPLETED": "SendingCompleted",
}


def notify_tax_invoice(state: State, invoice: JsonObject) -> None:
    """Queue the webhooks for a tax invoice's new status, such as `ISSUED`."""
    names = ("status", "totalAmount", "totalSupplyAmount", "totalTaxAmount")
    data: JsonObject = {
        "taxInvoiceId": invoice["id"],
        "supplierBrn": invoice["supplier"].get("brn", ""),
        "supplierDocumentKey": invoice.get("supplierDocumentKey", ""),
        "recipientDocumentKey": invoice.get("recipientDocumentKey", ""),
        **{name: invoice[name] for name in names},
    }
    event_type = f"TaxInvoice.{_TAX_INVOICE_EVENTS[invoice['status']]}"
    for url in _urls(state, invoice["status"], None):
        delivery = _new_delivery(state, event_type, data, url)
        if delivery is not None:
            state.delivery_queue.add(delivery, state.clock.now())


def _urls(state: State, status: str, notice_urls: Iterable[str] | None) -> list[str]:
    """Return the destinations: the request's, else the store's; none if the webhook is skipped."""
    if state.is_seeding or (state.skips_webhook and status in _SUCCESSES):
        return []
    settings_url = state.settings.webhook_url
    return list(notice_urls or ()) or ([] if settings_url is None else [settings_url])


def _new_delivery(state: State, event_type: str, data: JsonObject, url: str) -> Delivery | None:
    event = {"type": event_type, "timestamp": state.now(), "data": data}
    settings = state.settings
    if settings.webhook_version == "2024-01-01":
        body = bodies.encode_legacy(event, settings.webhook_format)
    else:
        body = bodies.encode(event)
    if body is None:
        return None
    content, content_type = body
    return Delivery(
        id=state.ids.uuid(), type=event_type, url=url, content=content, content_type=content_type
    )


def _camel(status: str) -> str:
    """Convert a status to its name in event types: `PAY_PENDING` to `PayPending`."""
    return status.title().replace("_", "")
