"""Bodies as PortOne sends them."""

from __future__ import annotations

import json
from typing import Any

SECRET = "whsec_cG9ydG9uZS1hc3luYydzIHdlYmhvb2sgdGVzdCBrZXk="
OTHER = "whsec_YW5vdGhlciBrZXksIGZyb20gYmVmb3JlIHRoZSBjaGFuZ2U="

TRANSACTION = {"storeId": "store-1", "paymentId": "order-1", "transactionId": "tx-1"}
CANCELLATION = TRANSACTION | {"cancellationId": "cancellation-1"}
BILLING_KEY = {"storeId": "store-1", "billingKey": "billing-key-1"}
TAX_INVOICE = {
    "taxInvoiceId": "invoice-1",
    "supplierDocumentKey": "supplier-1",
    "recipientDocumentKey": "recipient-1",
    "status": "ISSUED",
    "supplierBrn": "1234567890",
    "totalAmount": 11_000,
    "totalSupplyAmount": 10_000,
    "totalTaxAmount": 1_000,
}
DATA: dict[str, dict[str, Any]] = {
    "Transaction.Ready": TRANSACTION,
    "Transaction.Paid": TRANSACTION,
    "Transaction.VirtualAccountIssued": TRANSACTION,
    "Transaction.PartialCancelled": CANCELLATION,
    "Transaction.Cancelled": CANCELLATION,
    "Transaction.Failed": TRANSACTION,
    "Transaction.PayPending": TRANSACTION,
    "Transaction.CancelPending": CANCELLATION,
    "Transaction.DisputeCreated": TRANSACTION,
    "Transaction.DisputeResolved": TRANSACTION,
    "Transaction.Confirm": TRANSACTION | {"totalAmount": 10_000},
    "BillingKey.Ready": BILLING_KEY,
    "BillingKey.Issued": BILLING_KEY,
    "BillingKey.Failed": BILLING_KEY,
    "BillingKey.Deleted": BILLING_KEY,
    "BillingKey.Updated": BILLING_KEY,
    "TaxInvoice.Requested": TAX_INVOICE,
    "TaxInvoice.Issued": TAX_INVOICE,
    "TaxInvoice.RequestCancelled": TAX_INVOICE,
    "TaxInvoice.IssuanceCancelled": TAX_INVOICE,
    "TaxInvoice.Refused": TAX_INVOICE,
    "TaxInvoice.SendingCompleted": TAX_INVOICE,
    "TaxInvoice.Manual": TAX_INVOICE,
}


def webhook(kind: str = "Transaction.Paid", **changes: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": "2026-07-03T09:00:00.123Z",
        "data": DATA.get(kind, TRANSACTION),
    } | changes


def body(kind: str = "Transaction.Paid", **changes: Any) -> bytes:
    return json.dumps(webhook(kind, **changes), ensure_ascii=False).encode()
