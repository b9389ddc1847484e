"""A marketplace's server, which settles with partners; in process, without a server of its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from portone_emulator import Emulator

from .response_checks import check

CONTRACT: dict[str, Any] = {
    "name": "ten percent",
    "platformFee": {"fixedRate": 10_000},
    "platformFeeVatPayer": "PARTNER",
    "subtractPaymentVatAmount": False,
    "settlementCycle": {
        "lagDays": 2,
        "datePolicy": "HOLIDAY_BEFORE",
        "method": {"monthly": {"daysOfMonth": [31]}},
    },
}
PARTNER: dict[str, Any] = {
    "name": "a partner",
    "contact": {"name": "Kim", "email": "kim@example.com"},
    "account": {"bank": "SHINHAN", "currency": "KRW", "number": "110123", "holder": "Kim"},
    "defaultContractId": "contract-1",
    "tags": ["fruit"],
    "type": {"nonWhtPayer": {}},
}
BUSINESS: dict[str, Any] = {
    "business": {
        "companyName": "a company",
        "businessRegistrationNumber": "1234567890",
        "representativeName": "Lee",
    }
}

COUNTERPARTY: dict[str, Any] = {
    "brn": "1234567890",
    "name": "a company",
    "representativeName": "Lee",
    "contact": {"name": "Lee", "email": "lee@example.com"},
}
INVOICE: dict[str, Any] = {
    "supplier": {"brn": "1234567890"},
    "recipient": {"brn": "9876543210"},
    "supplierDocumentKey": "supplier-1",
    "recipientDocumentKey": "recipient-1",
    "writeDate": "2026-07-02",
    "purposeType": "RECEIPT",
    "taxationType": "TAXABLE",
    "totalSupplyAmount": 10_000,
    "totalTaxAmount": 1_000,
    "totalAmount": 11_000,
    "items": [{"name": "apples", "quantity": {"value": 5}, "supplyCostAmount": 10_000}],
}


class _InProcess(httpx.BaseTransport):
    """Passes requests to an emulator without a socket."""

    def __init__(self, emulator: Emulator) -> None:
        self._transport = httpx.ASGITransport(app=emulator.app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._send(request))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


class Marketplace(httpx.Client):
    """Every response is checked against the OpenAPI document."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(
            base_url="http://127.0.0.1",
            headers={"Authorization": f"PortOne {emulator.secret}"},
            transport=_InProcess(emulator),
            event_hooks={"response": [_check]},
        )
        self.emulator = emulator

    def list(self, path: str, filters: dict[str, Any] | None = None, **query: Any) -> Any:
        """Return what a list operation responds."""
        # Only this list needs a filter, and only that of payouts needs something in it.
        needs_filter = path.endswith("/partner-settlements")
        given = {} if filters is None and not needs_filter else {"filter": filters or {}}
        body = {**given, **query.pop("body", {})}
        return self.get(path, params={"requestBody": json.dumps(body), **query}).json()

    def ids(self, path: str, filters: dict[str, Any] | None = None, **query: Any) -> list[str]:
        """Return the IDs of a list."""
        found = self.list(path, filters, **query)
        return [item["id"] for item in found.get("items", found.get("transferSummaries"))]

    def add_contract(self, contract_id: str = "contract-1", **changes: Any) -> dict[str, Any]:
        body = {"id": contract_id, **CONTRACT, **changes}
        return self.post("/platform/contracts", json=body).raise_for_status().json()["contract"]

    def add_partner(self, partner_id: str = "partner-1", **changes: Any) -> dict[str, Any]:
        body = {"id": partner_id, **PARTNER, **changes}
        return self.post("/platform/partners", json=body).raise_for_status().json()["partner"]

    def order(self, payment_id: str, amount: int | None = None, **changes: Any) -> httpx.Response:
        """Create an order transfer."""
        body: dict[str, Any] = {
            "partnerId": "partner-1",
            "paymentId": payment_id,
            "orderDetail": {} if amount is None else {"orderAmount": amount},
            "discounts": [],
            "additionalFees": [],
        }
        return self.post("/platform/transfers/order", json=body | changes)

    def take_back(
        self, payment_id: str, cancellation_id: str, amount: int | None = None, **changes: Any
    ) -> httpx.Response:
        """Create an order cancellation transfer."""
        body: dict[str, Any] = {
            "partnerId": "partner-1",
            "paymentId": payment_id,
            "cancellationId": cancellation_id,
            "orderDetail": {"all": {}} if amount is None else {"orderAmount": amount},
            "discounts": [],
        }
        return self.post("/platform/transfers/order-cancel", json=body | changes)

    def cancel_payment(self, payment_id: str, amount: int | None = None) -> str:
        """Cancel a payment and return the cancellation's ID."""
        body = {"reason": "x"} if amount is None else {"reason": "x", "amount": amount}
        response = self.post(f"/payments/{payment_id}/cancel", json=body)
        return response.raise_for_status().json()["cancellation"]["id"]


def _check(response: httpx.Response) -> None:
    response.read()
    check(response)
