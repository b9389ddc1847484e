"""The operations that keep no state: valid replies, the same for the same seed."""

from __future__ import annotations

import json
import random
from typing import Any

import httpx
import pytest

from portone_async.emulator import Emulator
from portone_async.emulator.document import load
from portone_async.emulator.emulator import STATEFUL_OPERATIONS
from portone_async.emulator.samples import Sampler

from .conftest import Shop, refusal
from .replies import operations


def ask(shop: Shop, method: str, path: str, operation: dict[str, Any]) -> httpx.Response:
    """Send a valid request, made from the document."""
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
def test_every_operation_gives_a_reply_of_the_document(seed: int) -> None:
    with Emulator(seed=seed) as emulator, Shop(emulator) as shop:
        refused: dict[str, Any] = {}
        for method, path, operation in operations():
            reply = ask(shop, method, path, operation)
            if reply.is_error:
                refused[operation["operationId"]] = reply.json()
        assert len(emulator.requests) == 147
        assert not [reply for reply in refused.values() if reply["type"] == "INTERNAL_SERVER_ERROR"]
        assert refused.keys() <= STATEFUL_OPERATIONS


def test_same_seed_same_reply_whatever_came_before() -> None:
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


def test_what_is_asked_for_by_id_has_that_id(shop: Shop) -> None:
    assert shop.get("/platform/partners/partner-1").json()["id"] == "partner-1"


def test_page_agrees_with_what_was_asked(shop: Shop) -> None:
    first = shop.ask("GET", "/platform/partners", {"page": {"number": 0, "size": 50}}).json()
    assert first["page"] == {"number": 0, "size": 50, "totalCount": len(first["items"])}
    second = shop.ask("GET", "/platform/partners", {"page": {"number": 1, "size": 50}}).json()
    assert second["items"] == []


def test_csv_and_empty_replies(shop: Shop) -> None:
    sheet = shop.ask("GET", "/platform/transfer-summaries/sheet-file")
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


class TestWhatWasMadeIsFoundAgain:
    def test_by_get_and_list(self, shop: Shop) -> None:
        partners = "/platform/partners"
        made = shop.post(partners, json={"id": "partner-1", **PARTNER}).json()["partner"]
        assert (made["id"], made["name"], made["tags"]) == ("partner-1", "a partner", ["a"])
        assert made["contact"] == PARTNER["contact"]
        other = shop.post(partners, json=PARTNER).json()["partner"]
        assert other["id"] != "partner-1"
        assert shop.get(f"{partners}/partner-1").json() == made
        listed = shop.ask("GET", partners).json()
        assert listed["items"] == [other, made]
        assert listed["page"]["totalCount"] == 2

    def test_changes_stay(self, shop: Shop) -> None:
        path = "/platform/contracts/contract-1"
        before = shop.get(path).json()
        changed = shop.patch(path, json={"name": "another"}).json()["contract"]
        assert changed == before | {"name": "another"}
        assert shop.post(f"{path}/archive").json()["contract"]["isArchived"] is True
        after = shop.get(path).json()
        assert after == changed | {"isArchived": True}
        shop.post(f"{path}/recover").raise_for_status()
        assert shop.get(path).json()["isArchived"] is False

    def test_what_is_said_under_its_name(self, shop: Shop) -> None:
        path = "/b2b/counterparties/1"
        changes = {"counterparty": {"brn": "1234567890", "address": "Seoul"}}
        assert shop.patch(path, json=changes).json()["counterparty"]["address"] == "Seoul"
        assert shop.get(path).json()["address"] == "Seoul"

    def test_what_there_is_one_of(self, shop: Shop) -> None:
        setting = shop.get("/platform/setting").json()
        body = {"deductWht": not setting["deductWht"]}
        assert shop.patch("/platform/setting", json=body).is_success
        assert shop.get("/platform/setting").json() == setting | body

    def test_deleted(self, shop: Shop) -> None:
        path = "/platform/transfers/transfer-1"
        assert shop.get(path).is_success
        assert shop.delete(path).is_success
        assert refusal(shop.get(path)) == (404, "PLATFORM_TRANSFER_NOT_FOUND")
        counterparty = "/b2b/counterparties/1"
        shop.delete(counterparty)
        changes = {"counterparty": {"brn": "1234567890", "address": "Seoul"}}
        assert refusal(shop.patch(counterparty, json=changes)) == (
            404,
            "B2B_COUNTERPARTY_NOT_FOUND",
        )

    def test_a_plan_is_not_yet_so(self, shop: Shop) -> None:
        path = "/platform/partners/partner-1"
        before = shop.get(path).json()
        body = {"update": {"name": "later"}, "appliedAt": "2026-08-01T00:00:00Z"}
        shop.post(f"{path}/schedule", json=body).raise_for_status()
        assert shop.get(path).json() == before

    def test_replies_given_do_not_change(self, emulator: Emulator, shop: Shop) -> None:
        key = {"Idempotency-Key": '"0123456789abcdef"'}
        body = {"id": "partner-1", **PARTNER}
        first = shop.post("/platform/partners", json=body, headers=key)
        shop.patch("/platform/partners/partner-1", json={"name": "another"})
        assert shop.post("/platform/partners", json=body, headers=key).content == first.content
