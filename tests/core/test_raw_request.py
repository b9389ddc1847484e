"""Raw access: what is not generated yet, and the response behind a typed reply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portone_async import (
    PortOne,
    RawResponse,
    Reply,
    RequestOptions,
    errors,
    models,
    with_response,
)
from tests.core.conftest import ORDER, SECRET, Waits, paid
from tests.core.server import Ledger, Server, Step, answer, empty, error, html, reset, until_close

pytestmark = pytest.mark.anyio


async def test_a_raw_request_gives_a_raw_response(server: Server, portone: PortOne) -> None:
    """With the client's secret, and whatever came."""
    server.plays(answer({"new": [1]}, headers={"X-More": "more"}))
    response = await portone.request("get", "/new/thing", query={"a": 1, "b": None, "c": True})
    assert server.request.method == "GET"
    assert server.request.target == "/new/thing?a=1&c=true"
    assert server.request.header("authorization") == f"PortOne {SECRET}"
    assert (response.status, response.json(), response.headers["x-more"]) == (
        200,
        {"new": [1]},
        "more",
    )
    assert response.attempts == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_json_goes_into_the_query_of_what_has_no_body(
    server: Server, portone: PortOne, method: str
) -> None:
    """As PortOne wants it."""
    server.plays(empty(200))
    await portone.request(method, "/new/thing?a=1", json={"이름": [1, None]})
    assert server.request.body == b""
    assert server.request.query["a"] == "1"
    assert json.loads(server.request.query["requestBody"]) == {"이름": [1, None]}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_json_is_the_body_of_what_has_one(
    server: Server, portone: PortOne, method: str
) -> None:
    """With a key, as every change."""
    server.plays(answer())
    await portone.request(method, "/new/thing", json={"page": models.PageInput(size=1)})
    assert server.request.json == {"page": {"size": 1}}
    assert server.request.header("content-type") == "application/json"
    assert server.request.key
    assert server.request.target == "/new/thing"


async def test_a_path_is_sent_as_it_is_given(server: Server, portone: PortOne) -> None:
    """Escaped already."""
    server.plays(answer())
    await portone.request("GET", "/payments/a%2Fb%20c")
    assert server.request.target == "/payments/a%2Fb%20c"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "payments",
        "https://evil.example/payments",
        "http:/evil.example",
        "//evil.example/payments",
        "/payments/../login",
        "/payments/..",
        "/..",
        "/.",
        "/payments/./x",
        "/payments/%2e%2e/login",
        "/payments/%2E./login",
        "/payments/..?a=b",
        "/a b",
        "/a#b",
        "/결제",
        "/a\r\nX: y",
        "@evil.example/",
        "/a\x00",
    ],
)
async def test_paths_that_may_lead_elsewhere_are_refused(
    server: Server, portone: PortOne, path: str
) -> None:
    """The secret goes to PortOne's API and to the path that was meant."""
    with pytest.raises(errors.InvalidArgumentError, match="path"):
        await portone.request("GET", path)
    assert server.untouched


@pytest.mark.parametrize("method", ["", "GET /x", "TRACE", "CONNECT", "PURGE", "G\r\nET"])
async def test_methods_of_no_known_meaning_are_refused(
    server: Server, portone: PortOne, method: str
) -> None:
    """They could be sent twice without a key."""
    with pytest.raises(errors.InvalidArgumentError, match="method"):
        await portone.request(method, "/new/thing")
    assert server.untouched


@pytest.mark.parametrize("value", [object(), 1.5, [1], {"a": 1}])
async def test_query_values_that_no_query_carries_are_refused(
    server: Server, portone: PortOne, value: Any
) -> None:
    """Of a type that has no one way to be written."""
    with pytest.raises(errors.InvalidArgumentError, match="page"):
        await portone.request("GET", "/new", query={"page": value})
    with pytest.raises(errors.InvalidArgumentError):
        await portone.request("POST", "/new", json=object())
    assert server.untouched


async def test_raw_requests_have_the_same_errors(server: Server, portone: PortOne) -> None:
    """By type and by status."""
    server.plays(error("PAYMENT_NOT_FOUND", 404), html(403))
    with pytest.raises(errors.PaymentNotFoundError) as caught:
        await portone.request("GET", f"/payments/{ORDER}")
    assert ORDER not in str(caught.value)
    with pytest.raises(errors.PermissionDeniedError):
        await portone.request("GET", "/new")


async def test_raw_requests_have_the_same_retries(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """Under one key."""
    ledger = Ledger(answer())
    server.plays(ledger.loses(reset()), ledger.loses(empty(503)), ledger.answers())
    response = await portone.request("POST", "/new/thing", json={})
    assert response.attempts == 3
    assert ledger.executed == 1


async def test_a_raw_success_need_not_be_json(server: Server, portone: PortOne) -> None:
    """Nobody declared it; `json()` says so when asked."""
    server.plays(html(200))
    response = await portone.request("GET", "/new/thing")
    assert response.content.startswith(b"<html>")
    with pytest.raises(errors.ResponseError, match="is not JSON"):
        response.json()
    assert len(server.requests) == 1


async def test_a_typed_reply_has_a_response(server: Server, portone: PortOne, waits: Waits) -> None:
    """Status, headers and raw body of the last attempt beside the value."""
    content = json.dumps(paid()).encode()
    server.plays(empty(503, {"X-Number": "1"}), answer(content, headers={"X-Number": "2"}))
    reply = await with_response(portone.payment.get_payment, "order-1")
    assert isinstance(reply, Reply)
    assert isinstance(reply.value, models.PaidPayment)
    response = reply.response
    assert (response.status, response.headers["x-number"]) == (200, "2")
    assert response.content == content
    assert response.attempts == 2
    assert response.request.operation_id == "getPayment"
    assert ORDER not in repr(response)


async def test_a_typed_reply_keeps_the_calls_options(server: Server, portone: PortOne) -> None:
    """Its headers and its own callback among them."""
    server.plays(answer(paid()))
    seen: list[RawResponse] = []
    options = RequestOptions(headers={"X-Trace": "1"}, on_response=seen.append)
    reply = await with_response(portone.payment.get_payment, "order-1", options=options)
    assert server.request.header("x-trace") == "1"
    assert seen == [reply.response]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (error("PAYMENT_NOT_FOUND", 404), errors.PaymentNotFoundError),
        (empty(500), errors.InternalServerError),
        (until_close(b'{"status"'), errors.ResponseError),
    ],
)
async def test_a_callback_sees_the_final_response_of_an_error_too(
    server: Server, portone: PortOne, waits: Waits, step: Step, kind: type[errors.PortOneError]
) -> None:
    """Once, whatever came before it."""
    server.plays(empty(503))
    server.always = step
    seen: list[RawResponse] = []
    with pytest.raises(kind) as caught:
        await portone.payment.get_payment(
            "order-1", options=RequestOptions(on_response=seen.append)
        )
    assert len(seen) == 1
    assert seen[0].attempts == len(server.requests) >= 2
    assert isinstance(caught.value, errors.APIError | errors.ResponseError)
    assert seen[0].status == caught.value.status
    assert seen[0].content == caught.value.content


async def test_a_callback_sees_nothing_where_nothing_came(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """A broken connection has no response."""
    server.always = reset()
    seen: list[RawResponse] = []
    with pytest.raises(errors.APIConnectionError):
        await portone.payment.get_payment(
            "order-1", options=RequestOptions(on_response=seen.append)
        )
    assert seen == []
