"""Random input, valid or not, always gets a documented response, never an internal error."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

import pytest

from portone_emulator import CheckoutOutcome, Emulator
from portone_emulator.document.document import load
from portone_emulator.document.samples import Sampler

from .conftest import START, Shop
from .response_checks import operations

UNUSUAL: list[Any] = [None, 0, -1, 2**70, 1.5, "", [], {}, True, "9" * 30, "2026-01-01T00:00:00Z"]
OUTCOMES: tuple[CheckoutOutcome, ...] = (
    "paid",
    "ready",
    "authenticated",
    "failed",
    "virtual_account",
    "pay_pending",
)


def corrupt(value: Any, chance: random.Random, share: float) -> Any:
    """Omit or replace random parts of a value."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if chance.random() > share / 2}
        return {key: corrupt(item, chance, share) for key, item in kept.items()}
    if isinstance(value, list):
        return [corrupt(item, chance, share) for item in value]
    return chance.choice(UNUSUAL) if chance.random() < share else value


@pytest.mark.parametrize("seed", range(4))
def test_every_response_conforms_to_the_document(seed: int) -> None:
    chance = random.Random(seed)
    sampler = Sampler(load(), chance)
    with Emulator(start_at=START) as emulator, Shop(emulator) as shop:
        known = {"billingKey": shop.issue_billing_key(), "storeId": emulator.store_id}
        for outcome in OUTCOMES:
            emulator.checkout(outcome, outcome, amount=1000)
        for method, template, operation in operations():
            path = template
            share = chance.choice([0, 0, 0.05, 0.2])
            query: dict[str, str] = {}
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                if "content" in parameter:
                    schema = parameter["content"]["application/json"]["schema"]
                    query[name] = json.dumps(corrupt(sampler.value(schema), chance, share))
                    continue
                value = str(known.get(name, sampler.value(parameter["schema"], name)))
                if name == "paymentId":
                    value = chance.choice([*OUTCOMES, "another"])
                if parameter["in"] == "path":
                    path = path.replace(f"{{{name}}}", quote(value, safe=""))
                else:
                    query[name] = value
            content: dict[str, Any] = {}
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                body = sampler.value(schema)
                body |= {name: value for name, value in known.items() if name in body}
                content["json"] = corrupt(body, chance, share)
            shop.request(method, path, params=query, **content)
        assert {record.status for record in emulator.requests} <= {200, 400, 401, 403, 404, 409}
        for payment in emulator.payments.values():
            assert 0 <= payment["amount"]["cancelled"] <= payment["amount"]["paid"]
