"""All operations of the document, called through the SDK, async and blocking, with Prism for a server.

Prism refuses a request whose method, path, query, body or credentials are not the document's. What it does
not look into, the JSON in `requestBody` query parameters, is judged by jsonschema. Its replies are made at
random from the document, and are read strictly and tolerantly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from portone_async import (
    APIError,
    Model,
    PortOne,
    PortOneError,
    RequestOptions,
    blocking,
    with_response,
)
from portone_async.errors import RequestInfo

from .document import OPERATIONS, problems
from .hints import Arguments, hints, mismatch, models_in, models_of, operations

pytestmark = pytest.mark.anyio
# Prism knows the document's bearer scheme. PortOne's own, for API secrets, is unknown to it and refused.
TOKEN = "a-token"
MOST_SEEDS = 50


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is behind no proxy, whatever the environment says."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def dynamic(seed: int) -> RequestOptions:
    """Replies at random, the same on every run: another seed brings other variants and enum values."""
    return RequestOptions(max_retries=0, headers={"Prefer": f"dynamic=true, seed={seed}"})


def refusal(error: PortOneError) -> str:
    """What Prism, or strict reading, holds against a call."""
    return f"{error} {getattr(error, 'headers', {}).get('sl-violations', '')}"


def listed(failed: dict[str, str]) -> str:
    """One operation a line, none left out."""
    return "\n".join(f"{name}: {problem}" for name, problem in failed.items())


@pytest.mark.parametrize("everything", [True, False], ids=["all arguments", "required arguments"])
async def test_every_request_is_valid(prism: str, tmp_path: Path, everything: bool) -> None:
    """By Prism and by jsonschema, for exactly the operations of the document."""
    sent: list[httpx.Request] = []

    async def record(request: httpx.Request) -> None:
        sent.append(request)

    arguments = Arguments(tmp_path, everything)
    called: list[str] = []
    failed: dict[str, str] = {}
    async with httpx.AsyncClient(event_hooks={"request": [record]}, trust_env=False) as client:
        portone = PortOne(access_token=TOKEN, base_url=prism, http_client=client)
        for function in operations(portone):
            try:
                reply = await with_response(
                    function, **arguments.of(function), options=dynamic(seed=0)
                )
            except PortOneError as error:
                failed[function.__name__] = refusal(error)
                continue
            asked = reply.response.request
            called.append(str(asked.operation_id))
            if found := judged(asked, sent[-1], everything):
                failed[function.__name__] = found
    assert not failed, listed(failed)
    assert sorted(called) == sorted(o["operationId"] for o in OPERATIONS.values())
    assert len(sent) == len(called)


@pytest.mark.parametrize("everything", [True, False], ids=["all arguments", "required arguments"])
def test_every_operation_of_the_blocking_client(
    prism: str, tmp_path: Path, everything: bool
) -> None:
    """The same requests, and responses of the same types."""
    sent: list[httpx.Request] = []

    async def record(request: httpx.Request) -> None:
        sent.append(request)

    arguments = Arguments(tmp_path, everything)
    called: list[str] = []
    failed: dict[str, str] = {}
    client = httpx.AsyncClient(event_hooks={"request": [record]}, trust_env=False)
    with blocking.PortOne(
        access_token=TOKEN, base_url=prism, http_client=client, strict=True
    ) as portone:
        for function in operations(portone):
            try:
                reply = blocking.with_response(
                    function, **arguments.of(function), options=dynamic(seed=0)
                )
            except PortOneError as error:
                failed[function.__name__] = refusal(error)
                continue
            asked = reply.response.request
            called.append(str(asked.operation_id))
            found = judged(asked, sent[-1], everything)
            if found := found or mismatch(reply.value, hints(function)["return"]):
                failed[function.__name__] = found
    assert not failed, listed(failed)
    assert sorted(called) == sorted(o["operationId"] for o in OPERATIONS.values())
    assert len(sent) == len(called)
    assert client.is_closed


def judged(asked: RequestInfo, sent: httpx.Request, everything: bool) -> str:
    """What jsonschema holds against a request, and whether it is another operation's."""
    found = list(problems(sent, asked.path, everything=everything))
    if OPERATIONS[asked.method, asked.path]["operationId"] != asked.operation_id:
        found.append(f"{asked} is another operation than {asked.operation_id}")
    return "; ".join(found)


@pytest.mark.parametrize("strict", [True, False], ids=["strictly", "tolerantly"])
async def test_every_reply_is_read_into_its_declared_type(
    prism: str, tmp_path: Path, strict: bool
) -> None:
    """With as many random replies as it takes until every model of a reply was read."""
    unread: set[type[Model]] = set()
    failed: dict[str, str] = {}
    arguments = Arguments(tmp_path, everything=True)
    async with PortOne(access_token=TOKEN, base_url=prism, strict=strict) as portone:
        functions = list(operations(portone))
        for function in functions:
            unread |= models_of(hints(function)["return"])
        assert unread
        for seed in range(MOST_SEEDS):
            for function in functions:
                try:
                    value = await function(**arguments.of(function), options=dynamic(seed))
                except PortOneError as error:
                    failed[function.__name__] = refusal(error)
                    continue
                unread.difference_update(models_in(value))
                if found := mismatch(value, hints(function)["return"]):
                    failed[function.__name__] = found
                if isinstance(value, Path) and value.stat().st_size == 0:
                    failed[function.__name__] = "an empty download"
            if failed or not unread:
                break
    assert not failed, listed(failed)
    assert unread == set()


@pytest.mark.parametrize(
    ("method", "path", "json", "reason"),
    [
        ("POST", "/payments/a/cancel", {"reason": 1}, "must be string"),
        ("POST", "/payments/a/cancel", {"reason": "", "raeson": ""}, "additional properties"),
        ("POST", "/payments/a/cancel", {}, "must have required property 'reason'"),
        ("POST", "/payments/a/cancel", None, "Body parameter is required"),
        ("GET", "/payments/a/cancel", None, ""),
        ("GET", "/no-such-path", None, ""),
    ],
    ids=["wrong type", "unknown field", "missing field", "no body", "wrong method", "wrong path"],
)
async def test_prism_refuses_a_bad_request(
    prism: str, method: str, path: str, json: Any, reason: str
) -> None:
    """A judge that lets everything pass would make the tests above worthless."""
    async with PortOne(access_token=TOKEN, base_url=prism) as portone:
        with pytest.raises(APIError) as caught:
            await portone.request(method, path, json=json, options=dynamic(seed=0))
    assert 400 <= caught.value.status < 500
    assert reason in refusal(caught.value)


async def test_prism_refuses_a_request_without_credentials(prism: str) -> None:
    """The same request with them is welcome."""
    async with httpx.AsyncClient(base_url=prism, trust_env=False) as client:
        refused = await client.get("/payments/a")
        welcome = await client.get("/payments/a", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (refused.status_code, welcome.status_code) == (401, 200)


def test_jsonschema_refuses_what_prism_lets_pass_in_a_query() -> None:
    """Wrong types, unknown fields and missing ones in `requestBody`, and query parameters of no operation."""
    url = "http://127.0.0.1/payments"
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def found(*, everything: bool = False, **query: str) -> str:
        request = httpx.Request("GET", url, params=query, headers=headers)
        return "; ".join(problems(request, "/payments", everything=everything))

    assert found(requestBody='{"page": {"number": 0}}') == ""
    assert "'0' is not of type 'integer'" in found(requestBody='{"page": {"number": "0"}}')
    assert "'nubmer' was unexpected" in found(requestBody='{"page": {"nubmer": 0}}')
    assert "'filter' is a required property" in found(everything=True, requestBody="{}")
    assert "there is no query parameter reqestBody" in found(reqestBody="{}")
