"""The same calls over each transport, to the emulator and to a scripted server."""

from __future__ import annotations

from typing import Any

import anyio
import httpcore
import httpx
import pytest

from portone_async import RequestOptions, Timeout, errors, models
from portone_async._transport.direct.connector import Connector
from portone_emulator import Emulator
from tests.core.conftest import WORD, paid
from tests.core.server import (
    Ledger,
    Server,
    Step,
    answer,
    empty,
    error,
    garbage,
    half,
    half_chunked,
    html,
    reset,
    reset_unread,
    stalled,
)
from tests.core.transport.matrix import AT_ONCE, DEFAULT, ONCE, Kind, on
from tests.core.transport.servers import get_paid

pytestmark = pytest.mark.anyio


async def test_any_id_arrives_as_it_is_and_a_lost_response_cancels_once(kind: Kind) -> None:
    payment_id = "o/1 é%2F+'~한글?#&"
    async with Emulator() as emulator, _client(kind, emulator) as portone:
        emulator.checkout(payment_id, amount=1_000)
        assert (await get_paid(portone, payment_id)).id == payment_id
        emulator.fault("cancelPayment", "reset_after")
        await portone.payment.cancel_payment(payment_id, reason="x", amount=400)
        assert emulator.payments[payment_id]["amount"]["cancelled"] == 400


def _client(kind: Kind, emulator: Emulator) -> Any:
    return kind.client(emulator.url, api_secret=emulator.secret, retry=AT_ONCE)


async def test_a_broken_connection_may_have_reached_portone(kind: Kind) -> None:
    async with Emulator() as emulator, _client(kind, emulator) as portone:
        emulator.checkout("order-1", amount=1_000)
        for fault in ("reset_after", "truncated"):
            emulator.fault("cancelPayment", fault)
            with pytest.raises(errors.APIConnectionError) as raised:
                await portone.payment.cancel_payment("order-1", reason="x", amount=1, options=ONCE)
            assert raised.value.may_have_reached
            assert not isinstance(raised.value, errors.APITimeoutError)


async def test_a_refused_connection_did_not_reach_portone(kind: Kind, refusing: str) -> None:
    async with kind.client(refusing, retry=AT_ONCE) as portone:
        with pytest.raises(errors.APIConnectionError) as raised:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert not raised.value.may_have_reached
    assert raised.value.attempts == 3


async def test_a_slow_response_is_a_timeout(kind: Kind) -> None:
    async with Emulator() as emulator, _client(kind, emulator) as portone:
        with emulator.hold("getPayment"), pytest.raises(errors.APITimeoutError) as raised:
            await portone.payment.get_payment(
                "order-1", options=RequestOptions(max_retries=0, timeout=Timeout(read=0.05))
            )
    assert raised.value.may_have_reached


async def test_each_transport_sends_the_same_request(kind: Kind, server: Server) -> None:
    """As the default one does, header for header."""
    server.always = answer(paid())
    options = RequestOptions(idempotency_key="refund-of-order-1", headers={"X-Trace": "1"})
    default = Kind("httpx", kind.loop)
    for each in (default, kind):
        async with each.client(server.url) as portone:
            await portone.payment.get_payment("결제/1 %")
            await portone.payment.cancel_payment("order-1", reason="이유", options=options)
            await portone.payment.get_payments(page=models.PageInput(size=1))
            await portone.common.get_bank_infos()
    for expected, found in zip(server.requests[:4], server.requests[4:], strict=True):
        assert (found.method, found.target, found.body) == (
            expected.method,
            expected.target,
            expected.body,
        )
        headers = [
            {header for header in each.headers if header[0] != "connection"}
            for each in (found, expected)
        ]
        assert headers[0] == headers[1]


async def test_each_transport_raises_the_same_errors(kind: Kind, server: Server) -> None:
    """By type and by status."""
    server.plays(error("PAYMENT_NOT_FOUND", 404, message=WORD), html(403), empty(302))
    async with kind.client(server.url) as portone:
        with pytest.raises(errors.PaymentNotFoundError) as caught:
            await portone.payment.get_payment("order-1")
        assert caught.value.message == WORD
        with pytest.raises(errors.PermissionDeniedError):
            await portone.payment.get_payment("order-1")
        with pytest.raises(errors.APIError) as moved:
            await portone.payment.get_payment("order-1")
        assert moved.value.status == 302


async def test_redirects_are_not_followed(kind: Kind, server: Server) -> None:
    """The secret goes where it was meant to go."""
    server.plays(empty(302, {"Location": "/elsewhere"}))
    async with kind.client(server.url) as portone:
        with pytest.raises(errors.APIError) as caught:
            await portone.payment.get_payment("order-1")
    assert caught.value.status == 302
    assert len(server.requests) == 1


async def test_cookies_are_not_sent_back(kind: Kind, server: Server) -> None:
    """Of one call, they have no business in another."""
    server.always = answer(paid(), headers={"Set-Cookie": "session=1; Path=/"})
    async with kind.client(server.url) as portone:
        for _ in range(2):
            await portone.payment.get_payment("order-1")
    assert [request.header("cookie") for request in server.requests] == [None, None]


BROKEN = {
    "reset": reset(),
    "reset unread": reset_unread(),
    "half": half(b'{"status": "PAID"}'),
    "half chunked": half_chunked(b'{"status": "PAID"}'),
    "garbage": garbage(WORD.encode() + b"\r\n\r\n"),
}


@pytest.mark.parametrize("step", BROKEN.values(), ids=BROKEN)
async def test_a_broken_connection_is_retried(kind: Kind, any_server: Server, step: Step) -> None:
    any_server.always = step
    async with kind.client(any_server.url, retry=AT_ONCE) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.cancel_payment("order-1", reason=WORD)
    assert caught.value.attempts == 3
    assert caught.value.may_have_reached
    assert not isinstance(caught.value, errors.APITimeoutError)
    assert WORD not in str(caught.value)


@pytest.mark.parametrize("step", [reset(), stalled(b"{}" * 9), half(b"{}" * 9)])
async def test_a_lost_response_is_asked_for_again(
    kind: Kind, any_server: Server, step: Step
) -> None:
    """Under the same key; PortOne carries it out once."""
    ledger = Ledger(answer({"cancellation": {"status": "SUCCEEDED"}}))
    any_server.plays(ledger.loses(step), ledger.answers())
    options = RequestOptions(timeout=Timeout(read=0.2))
    async with kind.client(any_server.url, retry=AT_ONCE) as portone:
        await portone.payment.cancel_payment("order-1", reason="r", options=options)
    assert ledger.executed == 1
    assert len(set(any_server.keys)) == 1


async def test_each_transport_is_the_one_that_was_asked_for(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []

    def note(name: str, owner: Any, method: str) -> None:
        whole = getattr(owner, method)

        def noted(*arguments: Any, **options: Any) -> Any:
            used.append(name)
            return whole(*arguments, **options)

        monkeypatch.setattr(owner, method, noted)

    note("direct", Connector, "connect")
    note("httpx", httpcore.AsyncHTTPConnection, "handle_async_request")
    if kind.library == "httpx2":
        import httpcore2  # noqa: PLC0415  (if it is installed)

        note("httpx2", httpcore2.AsyncHTTPConnection, "handle_async_request")
    server.plays(answer(paid()))
    async with kind.client(server.url) as portone:
        await portone.payment.get_payment("order-1")
    # By default the connection below httpcore's is the direct transport's, but for trio.
    is_own = kind in (Kind("httpx", "asyncio"), Kind("httpx", "uvloop"))
    assert used == [kind.library or kind.transport] + ["direct"] * is_own


PATCHED = {
    httpx.AsyncClient: "send",
    httpx.AsyncHTTPTransport: "handle_async_request",
    httpcore.AsyncConnectionPool: "handle_async_request",
    httpcore.AsyncHTTPConnection: "handle_async_request",
}
"""What tools patch to mock, record or trace requests."""


@on(DEFAULT)
@pytest.mark.parametrize("owner", PATCHED)
async def test_a_call_goes_through_whatever_tools_patch(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, owner: type
) -> None:
    """On a connection that is open as on a new one: nothing reaches the server."""
    server.plays(answer(paid()))

    async def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("mocked")

    async with kind.client(server.url) as portone:
        for seen in (0, 1):
            with monkeypatch.context() as patch:
                patch.setattr(owner, PATCHED[owner], refuse)
                with pytest.raises(AssertionError, match="mocked"):
                    await portone.payment.cancel_payment("order-1", reason="r")
            assert len(server.requests) == seen
            if not seen:
                await portone.payment.get_payment("order-1")


FAILURES = {
    "ReadError": reset(),
    "RemoteProtocolError": garbage(b"no response\r\n\r\n"),
    "ReadTimeout": Step(lambda _: anyio.sleep_forever()),
}


@on(DEFAULT)
@pytest.mark.parametrize("name", FAILURES)
async def test_tools_see_the_exceptions_of_httpx(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever carries the bytes."""
    seen: list[str] = []
    send = httpx.AsyncClient.send

    async def watched(*arguments: Any, **options: Any) -> httpx.Response:
        try:
            return await send(*arguments, **options)
        except Exception as error:
            seen.append(type(error).__name__)
            raise

    monkeypatch.setattr(httpx.AsyncClient, "send", watched)
    server.plays(FAILURES[name])
    async with kind.client(server.url, timeout=Timeout(read=0.2), max_retries=0) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert seen == [name]
    assert caught.value.may_have_reached
    assert name in str(caught.value)


@on(DEFAULT)
async def test_tools_find_the_socket_behind_a_response(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind any response of httpx's."""
    found: list[Any] = []
    send = httpx.AsyncClient.send

    async def watched(*arguments: Any, **options: Any) -> httpx.Response:
        response = await send(*arguments, **options)
        stream = response.extensions["network_stream"]
        found.append(stream.get_extra_info("server_addr")[:2])
        found.append(stream.get_extra_info("ssl_object"))
        found.append(response.http_version)
        return response

    monkeypatch.setattr(httpx.AsyncClient, "send", watched)
    server.plays(answer(paid()))
    async with kind.client(server.url) as portone:
        await portone.payment.get_payment("order-1")
    host, _, port = server.url.removeprefix("http://").partition(":")
    assert found == [(host, int(port)), None, "HTTP/1.1"]


@on(DEFAULT[:2])
async def test_what_httpcore_shows_of_a_connection(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debuggers and tools that collect errors show the pool's connections."""
    shown: list[str] = []
    handle = httpcore.AsyncConnectionPool.handle_async_request

    async def watched(pool: httpcore.AsyncConnectionPool, request: Any) -> httpcore.Response:
        response = await handle(pool, request)
        shown.extend(map(repr, pool.connections))
        return response

    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", watched)
    server.plays(answer(paid()))
    async with kind.client(server.url) as portone:
        await portone.payment.get_payment("order-1")
    assert shown == ["<AsyncHTTPConnection [portone_async]>"]
