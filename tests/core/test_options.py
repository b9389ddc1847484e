"""Timeouts and the options of one call: what they take is checked before anything is sent."""

from __future__ import annotations

import pickle
from datetime import timedelta
from decimal import Decimal
from math import inf, nan
from typing import Any

import httpx
import pytest

from portone_async import PortOne, RawResponse, RequestOptions, Timeout, errors
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import paid
from tests.core.server import Server, answer, silence

NO_SECONDS = [
    *(0, -1, -0.0, 86_401, 10**400, nan, inf, -inf, True, False),
    *("5", b"5", [5], (5, 5), {"read": 5}, timedelta(seconds=5), Decimal(5), 5j),
]


@pytest.mark.parametrize("timeout", [*NO_SECONDS, httpx.Timeout(3)])
def test_a_timeout_takes_seconds_or_a_timeout(timeout: Any) -> None:
    """Above 0, at most a day. httpx's timeout has no total, so it is refused."""
    with pytest.raises(InvalidArgumentError, match=r"seconds .*or a portone_async.Timeout"):
        RequestOptions(timeout=timeout)
    with pytest.raises(InvalidArgumentError, match=r"seconds .*or a portone_async.Timeout"):
        PortOne("x", timeout=timeout)


def test_a_clients_timeout_cannot_be_none() -> None:
    """Which would mean for ever elsewhere; in the options of a call it is the client's."""
    with pytest.raises(InvalidArgumentError, match="timeout takes seconds"):
        PortOne("x", timeout=None)  # pyright: ignore[reportArgumentType]
    assert RequestOptions(timeout=None).timeout is None


@pytest.mark.parametrize("name", ["connect", "read", "write", "pool", "total"])
@pytest.mark.parametrize("value", [*NO_SECONDS, None])
def test_each_step_takes_seconds(name: str, value: Any) -> None:
    """Above 0, at most a day."""
    with pytest.raises(InvalidArgumentError, match=rf"Timeout\({name}=.*above 0, at most 86400"):
        Timeout(**{name: value})


def test_seconds_are_those_of_every_step() -> None:
    """The total time is the default, unless one step alone may take longer."""
    assert Timeout.of(5) == Timeout(5, 5, 5, 5, 180)
    assert Timeout.of(0.5) == Timeout(0.5, 0.5, 0.5, 0.5, 180)
    assert Timeout.of(86_400) == Timeout(86_400, 86_400, 86_400, 86_400, 86_400)
    timeout = Timeout(read=3)
    assert Timeout.of(timeout) is timeout


def test_the_time_that_is_left_limits_the_total_only() -> None:
    timeout = Timeout(read=3)
    assert timeout.within(200) is timeout
    assert timeout.within(2) == Timeout(read=3, total=2)


@pytest.mark.anyio
async def test_a_call_may_be_less_patient_than_its_client(server: Server, portone: PortOne) -> None:
    """A timeout of the call, in seconds or step by step."""
    server.plays(answer(), silence(), silence())
    await portone.payment.get_payment("order-1")  # opens the connection, which may take its time
    for timeout in (0.02, Timeout(read=0.02)):
        options = RequestOptions(timeout=timeout, max_retries=0)
        with pytest.raises(errors.APITimeoutError):
            await portone.payment.get_payment("order-1", options=options)
    await server.until(lambda: len(server.requests) == 3)


@pytest.mark.parametrize("retries", [-1, True, False, 1.5, nan, "2"])
def test_max_retries_takes_a_whole_number(retries: Any) -> None:
    """From 0."""
    with pytest.raises(InvalidArgumentError, match="max_retries takes a whole number from 0"):
        RequestOptions(max_retries=retries)
    with pytest.raises(InvalidArgumentError, match="max_retries takes a whole number from 0"):
        PortOne("x", max_retries=retries)


@pytest.mark.parametrize(
    "key",
    [
        *("", "short", "x" * 15, "x" * 257, "x" * 16 + "\n"),
        *('quoted-"-0123456789', "한글" * 10, "with space 0123456789"),
    ],
)
def test_a_key_that_portone_would_refuse_is_refused(key: str) -> None:
    """16 to 256 of the characters that PortOne recommends. The key is not repeated."""
    with pytest.raises(InvalidArgumentError, match="16 to 256 ASCII letters") as caught:
        RequestOptions(idempotency_key=key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("key", [5, 10**20, b"x" * 16, ["x" * 16], True])
def test_a_key_is_text(key: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="idempotency_key takes a str of 16 to 256"):
        RequestOptions(idempotency_key=key)


@pytest.mark.parametrize("key", ["x" * 16, "x" * 256, "a-Z_0.:~+/=@1234"])
def test_a_key_that_portone_takes(key: str) -> None:
    assert RequestOptions(idempotency_key=key).idempotency_key == key


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Idempotency-Key",
        "Content-Type",
        "Content-Length",
        "Host",
        "Transfer-Encoding",
    ],
)
def test_the_clients_own_headers_are_refused(name: str) -> None:
    """They have arguments of their own, or follow from the request."""
    with pytest.raises(InvalidArgumentError, match=name):
        RequestOptions(headers={name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("X-A", "a\r\nX-B: b"), ("X A", "word"), ("X-A", "가"), ("", "word"), ("X-A:", "word")),
        *(("X-A", " word"), ("X-A", "word\n"), ("X-A\n", "word"), ("X-Ä", "word")),
    ],
)
def test_headers_that_http_cannot_carry_are_refused(name: str, value: str) -> None:
    """No header smuggles another one in, and none is repeated."""
    with pytest.raises(InvalidArgumentError) as caught:
        RequestOptions(headers={name: value})
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "headers", [{"X-A": 5}, {"X-A": b"x"}, {"X-A": None}, {5: "x"}, {b"X-A": "x"}]
)
def test_headers_are_text(headers: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="header"):
        RequestOptions(headers=headers)


@pytest.mark.parametrize("headers", [[("X-A", "x")], ["X-A: x"], "X-A: x", 5, {"X-A"}])
def test_headers_are_a_mapping(headers: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="headers takes a mapping of names to values"):
        RequestOptions(headers=headers)


@pytest.mark.parametrize(
    "headers", [{}, {"X-A": ""}, {"X-A": "a b\tc"}, httpx.Headers({"X-A": "x"})]
)
def test_headers_that_http_carries(headers: Any) -> None:
    """Any mapping, and an empty value."""
    assert RequestOptions(headers=headers).headers == headers


def test_headers_are_copied() -> None:
    """What was checked is what is sent."""
    headers = {"X-A": "x"}
    options = RequestOptions(headers=headers)
    headers["X-B"] = "a\r\nX-C: b"
    assert options.headers == {"X-A": "x"}


@pytest.mark.anyio
async def test_the_headers_of_a_call_are_added(server: Server, portone: PortOne) -> None:
    """A general one of the client's is replaced, not doubled."""
    server.plays(answer(), answer())
    headers = {"X-Trace": "trace-1", "User-Agent": "my-shop/1"}
    await portone.payment.get_payment("order-1", options=RequestOptions(headers=headers))
    await portone.payment.get_payment("order-1")
    first, second = server.requests
    assert first.header("x-trace") == "trace-1"
    assert first.header("user-agent") == "my-shop/1"
    assert second.header("x-trace") is None
    assert (second.header("user-agent") or "").startswith("portone-async/")


async def on_response(response: RawResponse) -> None:
    raise AssertionError


@pytest.mark.parametrize("function", ["text", 5, [], on_response])
def test_on_response_takes_a_function(function: Any) -> None:
    """And not a coroutine function: nobody would await it."""
    with pytest.raises(InvalidArgumentError, match="on_response takes a function of one Raw"):
        RequestOptions(on_response=function)


@pytest.mark.anyio
@pytest.mark.parametrize("options", [{"timeout": 5}, 5, Timeout(), httpx.Timeout(3), [], False])
async def test_options_are_request_options(server: Server, portone: PortOne, options: Any) -> None:
    """And nothing is sent."""
    server.always = answer(paid())
    with pytest.raises(InvalidArgumentError, match=r"options takes RequestOptions\(timeout"):
        await portone.payment.cancel_payment("order-1", reason="r", options=options)
    with pytest.raises(InvalidArgumentError, match=r"options takes RequestOptions\(timeout"):
        await portone.request("GET", "/payments/order-1", options=options)
    assert server.untouched


def test_options_do_not_print_what_may_be_secret() -> None:
    """Headers and keys may identify somebody."""
    options = RequestOptions(5, 1, "key-0123456789abcdef", {"X-Token": "token"})
    assert repr(options) == "RequestOptions(timeout=5, max_retries=1)"


def test_options_can_be_pickled() -> None:
    """As jobs are that are handed to another process."""
    options = RequestOptions(Timeout(read=3), 1, "key-0123456789abcdef", {"X-Trace": "1"}, print)
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301  (bytes of our own)
