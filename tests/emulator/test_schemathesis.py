"""schemathesis, which nobody here wrote, sends what the document allows and what it does not.

Thousands of requests, half of them wrong by the document; each reply is judged by it: no 500, a status and a
content that the operation lists.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

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
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portone_async.emulator import Emulator

from .conftest import START, Shop

FILE = Path(__file__).parents[2] / "openapi" / "portone-v2.json"
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REQUESTS = 5_000
# For each of 147 operations: with and without a body, which takes longer to make; right and wrong.
EXAMPLES = {
    (False, GenerationMode.POSITIVE): 36,
    (False, GenerationMode.NEGATIVE): 12,
    (True, GenerationMode.POSITIVE): 16,
    (True, GenerationMode.NEGATIVE): 10,
}
# On a machine so slow that it takes longer, the operations left get few requests.
SECONDS = 90
FEW_EXAMPLES = 2
# Made up, these make a request that is no HTTP, which is the server's to refuse.
FRAMING = {"connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"}


def operations() -> list[APIOperation]:
    schema = schemathesis.openapi.from_dict(orjson.loads(FILE.read_bytes()))
    return [result.ok() for result in schema.get_all_operations()]


def prepare(emulator: Emulator) -> None:
    """Have something there that ids may hit: schemathesis likes short ones."""
    with Shop(emulator) as shop:
        shop.issue_billing_key()
    for payment_id in "0123456789":
        emulator.checkout(payment_id, amount=1000)


def try_operation(
    operation: APIOperation,
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
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        for name in [name for name in case.headers or () if name.lower() in FRAMING]:
            del case.headers[name]
        response = case.call(base_url=url, session=session)
        case.validate_response(response, checks=CHECKS)

    with contextlib.suppress(Unsatisfiable):  # what has no input has no wrong input
        send()


def test_no_reply_is_a_failure_or_invalid() -> None:
    late = time.monotonic() + SECONDS
    with Emulator(start_at=START) as emulator, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"PortOne {emulator.secret}"
        prepare(emulator)
        for operation in operations():
            for mode in GenerationMode:
                planned = EXAMPLES[bool(operation.body), mode]
                examples = planned if time.monotonic() < late else FEW_EXAMPLES
                try_operation(operation, mode, emulator.url, session, examples)
        statuses = {record.status for record in emulator.requests}
        assert {200, 400, 404} <= statuses
        assert {record.operation_id for record in emulator.requests} >= {
            operation.definition.raw["operationId"] for operation in operations()
        }
        count = len(emulator.requests)
    if count < REQUESTS and time.monotonic() > late:
        pytest.skip(f"all {count} replies were right, but {SECONDS} s were too few for {REQUESTS}")
    assert count >= REQUESTS
