"""schemathesis sends thousands of requests, valid and invalid by the OpenAPI document.

Each response must conform to the document: no 500, a listed status, content type and body.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any, TypeAlias, cast

import orjson
import pytest

pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed: pip install schemathesis"
)

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portone_emulator import Emulator

from .conftest import START, Shop
from .platform import CONTRACT, PARTNER

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
FILE = Path(__file__).parents[2] / "openapi" / "portone-v2.json"
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REQUESTS = 5_000
# For each operation: with a body (slower to generate) or without, valid or invalid.
EXAMPLES = {
    (False, GenerationMode.POSITIVE): 36,
    (False, GenerationMode.NEGATIVE): 12,
    (True, GenerationMode.POSITIVE): 16,
    (True, GenerationMode.NEGATIVE): 10,
}
# On a machine so slow that it takes longer, the remaining operations get few requests.
SECONDS = 150
FEW_EXAMPLES = 2
# Generated values of these would make invalid HTTP, which the server rejects, not the emulator.
FRAMING = {"connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"}


def operations() -> list[Operation]:
    schema = schemathesis.openapi.from_dict(orjson.loads(FILE.read_bytes()))
    return [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]


def prepare(emulator: Emulator) -> None:
    """Create records with short IDs, which schemathesis is likely to generate."""
    policy = {"name": "x", "partnerShareRate": 50_000}
    fee = {"name": "x", "fee": {"fixedRate": 5_000}, "vatPayer": "PARTNER"}
    partner = {**PARTNER, "defaultContractId": "0"}
    with Shop(emulator) as shop:
        shop.issue_billing_key()
        for test in ("false", "true"):
            for path, body in (
                ("/platform/contracts", CONTRACT),
                ("/platform/discount-share-policies", policy),
                ("/platform/additional-fee-policies", fee),
                ("/platform/partners", partner),
            ):
                shop.post(path, json={"id": "0", **body}, params={"test": test}).raise_for_status()
    for payment_id in "0123456789":
        emulator.checkout(payment_id, amount=1000)


def try_operation(
    operation: Operation,
    mode: GenerationMode,
    url: str,
    session: requests.Session,
    examples: int,
) -> None:
    @seed(20260703)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case[Any]) -> None:
        for name in [name for name in case.headers or () if name.lower() in FRAMING]:
            del case.headers[name]
        response = case.call(base_url=url, session=session)
        case.validate_response(response, checks=CHECKS)

    with contextlib.suppress(Unsatisfiable):  # an operation without input has no invalid input
        send()


def test_every_response_conforms_to_the_document() -> None:
    deadline = time.monotonic() + SECONDS
    with Emulator(start_at=START) as emulator, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"PortOne {emulator.secret}"
        prepare(emulator)
        for operation in operations():
            for mode in GenerationMode:
                planned = EXAMPLES[bool(operation.body), mode]
                examples = planned if time.monotonic() < deadline else FEW_EXAMPLES
                try_operation(operation, mode, emulator.url, session, examples)
        statuses = {record.status for record in emulator.requests}
        assert {200, 400, 404} <= statuses
        assert {record.operation_id for record in emulator.requests} >= {
            operation.definition.raw["operationId"] for operation in operations()
        }
        count = len(emulator.requests)
    if count < REQUESTS and time.monotonic() > deadline:
        pytest.skip(f"all {count} responses conformed, but {SECONDS} s were too few for {REQUESTS}")
    assert count >= REQUESTS
