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

from .conftest import Shop
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
