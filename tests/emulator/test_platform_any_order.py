"""Random requests about the same few records, in any order: each response is a documented one."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.document.samples import Sampler

from .platform import BUSINESS, COUNTERPARTY, INVOICE, PARTNER, Marketplace
from .response_checks import operations

REQUESTS = 400
IDS = ("0", "1", "2")
# What a text or a number in a request is called, and the few values that it takes.
VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        (
            "id",
            "partnerId",
            "contractId",
            "defaultContractId",
            "policyId",
            "sharePolicyId",
            "paymentId",
            "transferId",
            "productId",
            "bulkPayoutId",
            "taxInvoiceKey",
        ),
        IDS,
    ),
    **dict.fromkeys(("supplierDocumentKey", "recipientDocumentKey"), tuple("abcdefghijkl")),
    "brn": ("1234567890", "9876543210"),
    "businessRegistrationNumber": ("1234567890",),
    "currency": ("KRW",),
    "settlementCurrency": ("KRW",),
    "lagDays": (1, 2),
    "fixedRate": (0, 10_000),
    "partnerShareRate": (0, 50_000),
    "quantity": (1, 2),
    "orderAmount": (100, 500, 1_000),
    "amount": (0, 10, 300),
    "taxFreeAmount": (0, 5),
    "totalSupplyAmount": (1_000,),
    "totalTaxAmount": (100,),
    "totalAmount": (1_100,),
    "writeDate": ("2026-07-01",),
    "issuanceType": ("NORMAL", "REVERSE"),
    "number": ("110123",),
    "phoneNumber": ("01012345678",),
    "counterpartyId": (*IDS, "lee"),
    "settlementDate": ("2026-07-03", "2026-07-10"),
    "settlementStartDate": ("2026-07-02", "2026-07-08"),
    "appliedAt": ("2026-07-05T00:00:00Z", "2026-07-20T00:00:00Z"),
    "test": (False,),
    "isForTest": (False,),
}
ONE_OF = {"platformFee", "fee", "type", "method", "orderDetail", "primaryFilter"}
# Requests that hardly ever succeed with random fields, and much depends on.
BODIES: dict[str, dict[str, Any]] = {
    "createPlatformOrderTransfer": {
        "partnerId": "",
        "paymentId": "",
        "orderDetail": {"orderAmount": 0, "orderLines": []},
        "discounts": [{"sharePolicyId": "0", "amount": 0}],
        "additionalFees": [{"policyId": "0"}],
    },
    "createPlatformOrderCancelTransfer": {
        "partnerId": "",
        "paymentId": "",
        "cancellationId": "",
        "orderDetail": {"orderAmount": 0, "all": {}},
        "discounts": [],
    },
    "createPlatformPartner": {"id": "", **PARTNER},
    **{
        operation: {"taxInvoice": {**INVOICE, "issuanceType": ""}}
        for operation in (
            "draftB2bTaxInvoice",
            "issueB2bTaxInvoiceImmediately",
            "requestB2bTaxInvoiceReverseIssuance",
        )
    },
}
OPERATIONS = [
    (method, path, operation)
    for method, path, operation in operations()
    if path.startswith(("/platform", "/b2b"))
]


class Requests:
    """Generates requests from the document."""

    def __init__(self, seed: int, cancellation_ids: list[str]) -> None:
        self.values = {**VALUES, "cancellationId": tuple(cancellation_ids)}
        self.random = random.Random(seed)
        self.sampler = Sampler(load(), self.random)

    def tame(self, value: Any, name: str = "") -> Any:
        """Replace values by those of `VALUES`, and leave one field of those with alternatives."""
        if isinstance(value, list):
            return [self.tame(item, name) for item in value]
        if isinstance(value, dict):
            fields = list(value.items())
            if name in ONE_OF and len(fields) > 1:
                fields = [self.random.choice(fields)]
            return {key: self.tame(item, key) for key, item in fields}
        return self.random.choice(self.values[name]) if name in self.values else value

    def path_value(self, path: str, parameter: dict[str, Any], known: list[str]) -> str:
        name = parameter["name"]
        if name == "bank":
            return self.sampler.value(parameter["schema"], name)
        if name == "brn" or name.startswith("business"):
            return self.random.choice(VALUES[name])
        kind = path.partition(f"/{{{name}}}")[0].rpartition("/")[2].rstrip("s")
        own = [each for each in known if each.startswith(f"{kind}-")]
        return self.random.choice([*own, "0", "1", "lee"])

    def send(self, shop: Marketplace, known: list[str]) -> tuple[str, int]:
        important = [each for each in OPERATIONS if each[2]["operationId"] in BODIES]
        choices = important if self.random.random() < 0.25 else OPERATIONS
        method, path, operation = self.random.choice(choices)
        query: dict[str, Any] = {}
        for parameter in operation.get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", self.path_value(path, parameter, known))
            elif "content" in parameter:
                schema = parameter["content"]["application/json"]["schema"]
                body = self.tame(self.sampler.value(schema))
                body.pop("page", None)
                if "filter" in body and self.random.random() < 0.7:
                    body["filter"] = {}
                query[name] = json.dumps(body)
        arguments: dict[str, Any] = {}
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            body = BODIES.get(operation["operationId"]) or self.sampler.value(schema)
            arguments["json"] = self.tame(body)
            if "partnerSettlementIds" in arguments["json"]:
                settlements = [each for each in known if each.startswith("partner-settlement-")]
                chosen = self.random.sample(settlements, min(2, len(settlements)))
                arguments["json"]["partnerSettlementIds"] = chosen
        response = shop.request(method, path, params=query, **arguments)
        if response.is_success and "json" in response.headers.get("content-type", ""):
            known += _ids(response.json())
            del known[:-200]
        return operation["operationId"], response.status_code


def _ids(value: Any) -> list[str]:
    """Return the generated IDs in a response."""
    if isinstance(value, dict):
        own = [value["id"]] if isinstance(value.get("id"), str) else []
        return own + [each for item in value.values() for each in _ids(item)]
    if isinstance(value, list):
        return [each for item in value for each in _ids(item)]
    return []


def prepare(shop: Marketplace) -> list[str]:
    """Create what other requests refer to, and return the IDs of cancellations."""
    shop.add_contract("0")
    for partner_id, kind in (("0", {"nonWhtPayer": {}}), ("1", BUSINESS)):
        shop.add_partner(partner_id, type=kind, defaultContractId="0")
    half = {"id": "0", "name": "x", "partnerShareRate": 50_000}
    shop.post("/platform/discount-share-policies", json=half)
    fee = {"id": "0", "name": "x", "fee": {"fixedAmount": 10}, "vatPayer": "PARTNER"}
    shop.post("/platform/additional-fee-policies", json=fee)
    lee = {"counterpartyId": "lee", "counterparty": COUNTERPARTY}
    shop.post("/b2b/counterparties", json=lee).raise_for_status()
    for payment_id in IDS:
        shop.emulator.checkout(payment_id, amount=1_000)
    return [shop.cancel_payment(payment_id, 300) for payment_id in IDS]


@pytest.mark.parametrize("seed", range(3))
def test_every_response_is_documented(emulator: Emulator, seed: int) -> None:
    """The fixture checks at the end that the journal has every change."""
    shop = Marketplace(emulator)
    requests = Requests(seed, prepare(shop))
    known: list[str] = []
    statuses: Counter[tuple[str, int]] = Counter()
    for _ in range(REQUESTS):
        statuses[requests.send(shop, known)] += 1
        if requests.random.random() < 0.02:
            shop.emulator.advance(days=1)
    succeeded = {operation for operation, status in statuses if status == 200}
    assert not [pair for pair in statuses if pair[1] == 500]
    assert len(succeeded) > 40
