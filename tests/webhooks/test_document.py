"""Our OpenAPI document of the webhooks, and how the generator handles it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from codegen import webhooks
from codegen.document import CodegenError, load_vendored
from codegen.parse import parse
from portone_async._model import field_names
from portone_async.models import LegacyConfirmWebhook, LegacyWebhook

from .samples import DATA


def test_it_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(webhooks.load_webhooks()).validate()


def test_it_contains_no_prose() -> None:
    text = webhooks.WEBHOOKS.read_text(encoding="utf-8")
    assert text.isascii()
    assert '"summary"' not in text


def test_it_describes_the_samples() -> None:
    schemas = webhooks.load_webhooks()["components"]["schemas"]
    mapping = schemas["Webhook"]["discriminator"]["mapping"]
    assert mapping.keys() == DATA.keys()
    for kind, ref in mapping.items():
        data = schemas[ref.rpartition("/")[2]]["properties"]["data"]["$ref"].rpartition("/")[2]
        assert schemas[data]["properties"].keys() == DATA[kind].keys(), kind
        optional = {"storeId"} if kind == "Transaction.Confirm" else set[str]()
        assert set(schemas[data]["required"]) == DATA[kind].keys() - optional, kind
    assert {name for _, name in field_names(LegacyWebhook)} == {"payment_id", "tx_id", "status"}
    assert {name for _, name in field_names(LegacyConfirmWebhook)} == {
        "payment_id",
        "tx_id",
        "total_amount",
    }


def test_a_schema_that_the_api_also_has_stops_the_generator_and_is_named() -> None:
    api, ours = load_vendored(), webhooks.load_webhooks()
    ours["components"]["schemas"]["PaidPayment"] = {"type": "object"}
    with pytest.raises(CodegenError, match="PaidPayment"):
        webhooks.with_webhooks(api, ours)


def test_schemas_with_the_same_python_name_get_names_of_their_own() -> None:
    api, ours = load_vendored(), webhooks.load_webhooks()
    ours["components"]["schemas"]["Paidpayment"] = {"type": "object", "properties": {}}
    ours["components"]["schemas"]["Paid_Payment"] = {"type": "object", "properties": {}}
    found = parse(webhooks.with_webhooks(api, ours)).schemas
    schemas = [found[name] for name in ("PaidPayment", "Paidpayment", "Paid_Payment")]
    assert len({schema.class_name for schema in schemas}) == len(schemas)
    assert len({schema.module for schema in schemas}) == len(schemas)


def test_the_documents_themselves_are_not_changed() -> None:
    api, ours = load_vendored(), webhooks.load_webhooks()
    before = copy.deepcopy((api, ours))
    merged = webhooks.with_webhooks(api, ours)
    assert (api, ours) == before
    assert merged["components"]["schemas"].keys() >= {"PaidPayment", "Webhook"}


def test_a_schema_that_no_webhook_uses_stops_the_generator_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = webhooks.load_webhooks()
    ours["components"]["schemas"]["Stray"] = {"type": "object"}
    path = tmp_path / "webhooks.json"
    path.write_text(json.dumps(ours), encoding="utf-8")
    monkeypatch.setattr(webhooks, "WEBHOOKS", path)
    with pytest.raises(CodegenError, match="Stray"):
        webhooks.load_webhooks()
