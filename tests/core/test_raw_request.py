"""Raw requests: what is not generated yet, with the same authorization, retries and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portone_async import PortOne, errors, models
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import ORDER, SECRET
from tests.core.server import Ledger, Server, answer, empty, error, html, reset

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


async def test_a_change_without_a_body_has_a_length(server: Server, portone: PortOne) -> None:
    """Which servers ask of POST; a lookup has none."""
    server.plays(answer(), answer())
    await portone.request("POST", "/new/thing")
    await portone.request("GET", "/new/thing")
    post, get = server.requests
    assert post.header("content-length") == "0"
    assert post.header("content-type") is None
    assert get.header("content-length") is None


@pytest.mark.parametrize(
    "path",
    [
        "/payments/a%2Fb%20c",
        "/a!$&'()*+,;=:@-._~b",
        "/a//b/",
        "/",
        "/%ff%C3%A9",
        "/%252e%252e/x",
        "/a?b=[1]&c=/?:@!$'()*,;~&d=..",
        "/a?b?c",
    ],
)
async def test_a_path_is_sent_as_it_is_given(server: Server, portone: PortOne, path: str) -> None:
    """Escaped already."""
    server.plays(answer())
    await portone.request("GET", path)
    assert server.request.target == path


async def test_query_parameters_are_added_to_those_of_the_path(
    server: Server, portone: PortOne
) -> None:
    """And escaped, names too."""
    server.plays(answer())
    await portone.request("GET", "/a?b=1", query={"c&d": "e=f/가"})
    assert server.request.target == "/a?b=1&c%26d=e%3Df%2F%EA%B0%80"


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
        "/payments/..%2Flogin",
        "/payments/a%2F..%2Flogin",
        "/payments/..%5Clogin",
        "/a b",
        "/a#b",
        "/결제",
        "/a\r\nX: y",
        "@evil.example/",
        "/a\x00",
        "/a\n",
        "/a%",
        "/a%2",
        "/a%zz",
        '/a"b',
        "/a<b>",
        "/a\\b",
        "/a{b}",
        "/a|b",
        "/a^b",
        "/a`b",
        None,
        5,
        b"/payments/order-1",
    ],
)
async def test_paths_that_may_lead_elsewhere_are_refused(
    server: Server, portone: PortOne, path: Any
) -> None:
    """The secret goes to PortOne's API and to the path that was meant."""
    with pytest.raises(InvalidArgumentError, match="path"):
        await portone.request("GET", path)
    assert server.untouched


@pytest.mark.parametrize(
    "method", ["", "GET /x", "TRACE", "CONNECT", "PURGE", "G\r\nET", None, 5, b"GET"]
)
async def test_methods_of_no_known_meaning_are_refused(
    server: Server, portone: PortOne, method: Any
) -> None:
    """They could be sent twice without a key."""
    with pytest.raises(InvalidArgumentError, match="method is one of DELETE, GET, HEAD"):
        await portone.request(method, "/new/thing")
    assert server.untouched


@pytest.mark.parametrize("value", [object(), 1.5, [1], {"a": 1}])
async def test_query_values_that_no_query_carries_are_refused(
    server: Server, portone: PortOne, value: Any
) -> None:
    """Of a type that has no one way to be written."""
    with pytest.raises(InvalidArgumentError, match="page"):
        await portone.request("GET", "/new", query={"page": value})
    with pytest.raises(InvalidArgumentError):
        await portone.request("POST", "/new", json=object())
    assert server.untouched


@pytest.mark.parametrize("query", ["a=1", [("a", 1)], 5, {1: "a"}, {None: "a"}, {b"a": 1}])
async def test_a_query_is_a_mapping(server: Server, portone: PortOne, query: Any) -> None:
    """Of names to values."""
    with pytest.raises(InvalidArgumentError, match="query takes a mapping of names to values"):
        await portone.request("GET", "/new", query=query)
    assert server.untouched


async def test_a_name_in_a_query_is_text(server: Server, portone: PortOne) -> None:
    """And not half of a character."""
    with pytest.raises(InvalidArgumentError, match="a name in the query is not valid Unicode"):
        await portone.request("GET", "/new", query={"\ud800": 1})
    assert server.untouched


async def test_raw_requests_have_the_same_errors(server: Server, portone: PortOne) -> None:
    """By type and by status."""
    server.plays(error("PAYMENT_NOT_FOUND", 404), html(403))
    with pytest.raises(errors.PaymentNotFoundError) as caught:
        await portone.request("GET", f"/payments/{ORDER}")
    assert ORDER not in str(caught.value)
    with pytest.raises(errors.PermissionDeniedError):
        await portone.request("GET", "/new")


async def test_raw_requests_have_the_same_retries(server: Server, portone: PortOne) -> None:
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
