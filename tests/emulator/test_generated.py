"""The operations without a handler: valid responses, the same for the same seed."""

from __future__ import annotations

import json
import random
from typing import Any

import httpx
import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.document.generated import ResponseGenerator
from portone_emulator.document.samples import Sampler
from portone_emulator.emulator import STATEFUL_OPERATIONS
from portone_emulator.http.validation import ParsedRequest

from .conftest import Shop
from .response_checks import operations


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


def test_same_seed_gives_the_same_values_regardless_of_earlier_requests() -> None:
    document = load()

    def respond(seed: int, *operation_ids: str) -> bytes:
        generator = ResponseGenerator(document, seed)
        request = ParsedRequest(path={}, query={}, body={})
        operations = [document.operations[each] for each in operation_ids]
        return [generator.respond(operation, request).content for operation in operations][-1]

    first = respond(1, "getPgCardPromotions")
    assert respond(1, "getBankInfos", "getPgCardPromotions") == first
    assert respond(2, "getPgCardPromotions") != first


def test_new_operations_get_generated_responses() -> None:
    """Lists are the requested page, and responses have the ID of the path."""
    document = load()
    generator = ResponseGenerator(document, seed=0)

    def respond(operation_id: str, path: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        request = ParsedRequest(path=path, query={}, body=body)
        response = generator.respond(document.operations[operation_id], request)
        return httpx.Response(response.status, content=response.content)

    assert respond("getPlatformPartner", {"id": "partner-1"}, {}).json()["id"] == "partner-1"
    pages = [
        respond("getPlatformPartners", {}, {"page": {"number": number, "size": 50}}).json()
        for number in (0, 1)
    ]
    count = len(pages[0]["items"])
    assert pages[0]["page"] == {"number": 0, "size": 50, "totalCount": count}
    assert pages[1]["items"] == []
    sheet = respond("downloadPlatformTransferSheet", {}, {})
    assert sheet.text.splitlines()[0] == "id,amount"
    assert respond("attachB2bTaxInvoiceFile", {"taxInvoiceKey": "1"}, {}).content == b""
