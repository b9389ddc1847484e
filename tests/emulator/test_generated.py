"""The operations without a handler: valid responses, the same for the same seed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.document.samples import Sampler
from portone_emulator.emulator import STATEFUL_OPERATIONS

from .conftest import Shop, error_of
from .response_checks import operations

if TYPE_CHECKING:
    import httpx


def send_valid_request(
    shop: Shop, method: str, path: str, operation: dict[str, Any]
) -> httpx.Response:
    """Send a valid request, generated from the document."""
    sampler = Sampler(load(), random.Random(operation["operationId"]))
    query: dict[str, str] = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            value = sampler.value(parameter["schema"], parameter["name"])
            path = path.replace(f"{{{parameter['name']}}}", value)
        elif "content" in parameter:
            schema = parameter["content"]["application/json"]["schema"]
            body = sampler.value(schema)
            body.pop("page", None)
            query[parameter["name"]] = json.dumps(body)
        elif parameter.get("required"):
            query[parameter["name"]] = str(sampler.value(parameter["schema"], parameter["name"]))
    if "requestBody" in operation:
        body = sampler.value(operation["requestBody"]["content"]["application/json"]["schema"])
        return shop.request(method, path, params=query, json=body)
    return shop.request(method, path, params=query)


@pytest.mark.parametrize("seed", range(3))
def test_every_operation_returns_a_documented_response(seed: int) -> None:
    with Emulator(seed=seed) as emulator, Shop(emulator) as shop:
        errors: dict[str, Any] = {}
        for method, path, operation in operations():
            response = send_valid_request(shop, method, path, operation)
            if response.is_error:
                errors[operation["operationId"]] = response.json()
        assert len(emulator.requests) == len(operations())
        assert not [
            response for response in errors.values() if response["type"] == "INTERNAL_SERVER_ERROR"
        ]
        assert errors.keys() <= STATEFUL_OPERATIONS


def test_same_seed_gives_the_same_response_regardless_of_earlier_requests() -> None:
    path = "/platform/partners/partner-1"
    with Emulator(seed=1) as emulator, Shop(emulator) as shop:
        first = shop.get(path).content
        shop.get("/platform/setting")
        assert shop.get(path).content == first
    with Emulator(seed=1) as emulator, Shop(emulator) as shop:
        shop.get("/platform/setting")
        assert shop.get(path).content == first
    with Emulator(seed=2) as emulator, Shop(emulator) as shop:
        assert shop.get(path).content != first


def test_response_has_the_requested_id(shop: Shop) -> None:
    assert shop.get("/platform/partners/partner-1").json()["id"] == "partner-1"


def test_page_is_the_requested_one(shop: Shop) -> None:
    first = shop.send_query("GET", "/platform/partners", {"page": {"number": 0, "size": 50}}).json()
    assert first["page"] == {"number": 0, "size": 50, "totalCount": len(first["items"])}
    second = shop.send_query(
        "GET", "/platform/partners", {"page": {"number": 1, "size": 50}}
    ).json()
    assert second["items"] == []


def test_csv_and_empty_responses(shop: Shop) -> None:
    sheet = shop.send_query("GET", "/platform/transfer-summaries/sheet-file")
    assert sheet.text.splitlines()[0] == "id,amount"
    empty = shop.delete("/b2b/tax-invoices/1/attachments/2", params={"brn": "1234567890"})
    assert (empty.status_code, empty.content) == (200, b"")


PARTNER = {
    "name": "a partner",
    "contact": {"name": "Kim", "email": "kim@example.com"},
    "account": {"bank": "SHINHAN", "currency": "KRW", "number": "110123", "holder": "Kim"},
    "defaultContractId": "contract-1",
    "tags": ["a"],
    "type": {"nonWhtPayer": {}},
}


class TestStoredResources:
    def test_created_resource_is_found_by_get_and_list(self, shop: Shop) -> None:
        partners = "/platform/partners"
        made = shop.post(partners, json={"id": "partner-1", **PARTNER}).json()["partner"]
        assert (made["id"], made["name"], made["tags"]) == ("partner-1", "a partner", ["a"])
        assert made["contact"] == PARTNER["contact"]
        other = shop.post(partners, json=PARTNER).json()["partner"]
        assert other["id"] != "partner-1"
        assert shop.get(f"{partners}/partner-1").json() == made
        listed = shop.send_query("GET", partners).json()
        assert listed["items"] == [other, made]
        assert listed["page"]["totalCount"] == 2

    def test_changes_persist(self, shop: Shop) -> None:
        path = "/platform/contracts/contract-1"
        before = shop.get(path).json()
        changed = shop.patch(path, json={"name": "another"}).json()["contract"]
        assert changed == before | {"name": "another"}
        assert shop.post(f"{path}/archive").json()["contract"]["isArchived"] is True
        after = shop.get(path).json()
        assert after == changed | {"isArchived": True}
        shop.post(f"{path}/recover").raise_for_status()
        assert shop.get(path).json()["isArchived"] is False

    def test_changes_nested_under_the_resource_name(self, shop: Shop) -> None:
        path = "/b2b/counterparties/1"
        changes = {"counterparty": {"brn": "1234567890", "address": "Seoul"}}
        assert shop.patch(path, json=changes).json()["counterparty"]["address"] == "Seoul"
        assert shop.get(path).json()["address"] == "Seoul"

    def test_singleton(self, shop: Shop) -> None:
        setting = shop.get("/platform/setting").json()
        body = {"deductWht": not setting["deductWht"]}
        assert shop.patch("/platform/setting", json=body).is_success
        assert shop.get("/platform/setting").json() == setting | body

    def test_deleted(self, shop: Shop) -> None:
        path = "/platform/transfers/transfer-1"
        assert shop.get(path).is_success
        assert shop.delete(path).is_success
        assert error_of(shop.get(path)) == (404, "PLATFORM_TRANSFER_NOT_FOUND")
        counterparty = "/b2b/counterparties/1"
        shop.delete(counterparty)
        changes = {"counterparty": {"brn": "1234567890", "address": "Seoul"}}
        assert error_of(shop.patch(counterparty, json=changes)) == (
            404,
            "B2B_COUNTERPARTY_NOT_FOUND",
        )

    def test_scheduled_change_is_not_applied_yet(self, shop: Shop) -> None:
        path = "/platform/partners/partner-1"
        before = shop.get(path).json()
        body = {"update": {"name": "later"}, "appliedAt": "2026-08-01T00:00:00Z"}
        shop.post(f"{path}/schedule", json=body).raise_for_status()
        assert shop.get(path).json() == before

    def test_stored_responses_do_not_change(self, shop: Shop) -> None:
        key = {"Idempotency-Key": '"0123456789abcdef"'}
        body = {"id": "partner-1", **PARTNER}
        first = shop.post("/platform/partners", json=body, headers=key)
        shop.patch("/platform/partners/partner-1", json={"name": "another"})
        assert shop.post("/platform/partners", json=body, headers=key).content == first.content
