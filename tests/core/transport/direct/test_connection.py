"""The client's own connections on asyncio: what a server, a network or a cancellation can do to them.

Tests with `either` run over plain TCP and over TLS, and all of them on asyncio's own event loop and on uvloop.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import socket
import ssl
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import AnyByteStream, SocketAttribute
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import define, field

from portone_async import PortOne, RequestOptions, Timeout, errors, with_response
from portone_async._errors import RequestInfo
from portone_async._request import Request
from portone_async._transport import Lanes, Origin, TransportFault, direct
from tests.core.conftest import SECRET, paid
from tests.core.server import (
    PATIENCE,
    Exchange,
    Hangup,
    Server,
    Step,
    answer,
    head,
    serving,
    silence,
    when,
)
from tests.core.tls import Authority

pytestmark = pytest.mark.anyio
ONCE = RequestOptions(max_retries=0)
LOOPS = {"asyncio": {}, "uvloop": {"use_uvloop": True}}


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return "asyncio", LOOPS[request.param]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    try:
        return Authority.found(tmp_path_factory.mktemp("authority"))
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that clients trust without being told."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


@pytest.fixture
async def secure(trusted: Authority) -> AsyncIterator[Server]:
    """A server with TLS, in whose authority clients trust."""
    async with serving(trusted.server()) as server:
        yield server


@pytest.fixture(params=["plain", "tls"])
def context(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    """TLS or not, for a server."""
    if request.param == "plain":
        return None
    return request.getfixturevalue("trusted").server()


@pytest.fixture
async def either(context: ssl.SSLContext | None) -> AsyncIterator[Server]:
    async with serving(context) as server:
        yield server


@define
class Distant:
    """A server in a thread of its own: what it does it does while the client's loop is held up."""

    server: Server
    portal: BlockingPortal
    kept: list[Exchange] = field(factory=list)

    def answers_and_stays(self) -> None:
        """Answer the next request, and keep the connection at hand."""

        async def play(exchange: Exchange) -> None:
            self.kept.append(exchange)
            await answer(paid()).play(exchange)

        self.server.plays(Step(play))

    def writes(self, data: bytes) -> None:
        self.portal.call(self.kept[-1].write, data)

    def hangs_up(self, *, reset: bool = False) -> None:
        stream = self.kept[-1].stream
        if reset:
            raw = stream.extra(SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.portal.call(stream.aclose)


@pytest.fixture
def distant(context: ssl.SSLContext | None) -> Iterator[Distant]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(context)) as server,
    ):
        yield Distant(server, portal)


@asynccontextmanager
async def listening(
    handler: Callable[[AnyByteStream], Awaitable[None]], host: str = "127.0.0.1"
) -> AsyncGenerator[str]:
    """A server that does as it likes with each connection."""

    async def handle(stream: AnyByteStream) -> None:
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
                await handler(stream)

    listener = (await anyio.create_tcp_listener(local_host=host, local_port=0)).listeners[0]
    async with listener, anyio.create_task_group() as tasks:
        port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(listener.serve, handle)
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        tasks.cancel_scope.cancel()


@define
class Raw:
    """A server's side of a connection, of which nothing is read before it is asked for."""

    sock: socket.socket

    async def receive(self) -> bytes:
        """The next bytes; none at the end."""
        try:
            return await asyncio.get_running_loop().sock_recv(self.sock, 65_536)
        except ConnectionError:
            return b""

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def rest(self) -> int:
        """How much comes until the other side hangs up."""
        count = 0
        while data := await self.receive():
            count += len(data)
        return count


@asynccontextmanager
async def reluctant(handler: Callable[[Raw], Awaitable[None]]) -> AsyncGenerator[str]:
    """A server with little room for what it does not read."""

    async def serve(sock: socket.socket) -> None:
        with sock:
            sock.setblocking(False)
            await handler(Raw(sock))

    async def accept() -> None:
        while True:
            sock, _ = await asyncio.get_running_loop().sock_accept(listener)
            tasks.start_soon(serve, sock)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        listener.setblocking(False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(accept)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            tasks.cancel_scope.cancel()


async def until_gone(stream: AnyByteStream) -> None:
    """Read until the other side hangs up."""
    with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
        while True:
            await stream.receive()


async def close(portone: PortOne) -> None:
    with anyio.fail_after(PATIENCE):
        await portone.aclose()


WHOLE = json.dumps(paid(id="another")).encode()
ANSWER = head(200, {"Content-Length": str(len(WHOLE))}) + WHOLE


def replies(data: bytes) -> Step:
    """Just these bytes."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(data)

    return Step(play)


def named(identifier: str) -> bytes:
    """An answer with the payment that was asked for."""
    body = json.dumps(paid(id=identifier)).encode()
    return head(200, {"Content-Length": str(len(body))}) + body


# What nobody asked for


@pytest.mark.parametrize("extra", [ANSWER, ANSWER * 3, b"\r\n", b"x", ANSWER[:20]])
async def test_bytes_after_an_answer_reach_no_other_call(either: Server, extra: bytes) -> None:
    """A second answer would be another call's: the connection ends with the first one."""
    either.plays(replies(named("order-1") + extra), replies(named("order-2")))
    async with PortOne(SECRET, base_url=either.url, max_retries=0) as portone:
        assert (await portone.payment.get_payment("order-1")).id == "order-1"
        assert (await portone.payment.get_payment("order-2")).id == "order-2"
        assert either.opened == 2
        await either.until(lambda: either.open == 1)


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
@pytest.mark.parametrize("extra", [ANSWER, b"\r\n", b"x"])
async def test_bytes_on_an_idle_connection_reach_no_call(
    distant: Distant, extra: bytes, seen: bool
) -> None:
    """Whether the event loop has read them yet or not, they end it; the next call takes a new one, and no retry."""
    distant.answers_and_stays()
    distant.server.plays(replies(named("order-2")))
    async with PortOne(SECRET, base_url=distant.server.url) as portone:
        await portone.payment.get_payment("order-1")
        distant.writes(extra)
        time.sleep(0.02)
        if seen:
            await asyncio.sleep(0.02)
        reply = await with_response(portone.payment.get_payment, "order-2")
    assert reply.value.id == "order-2"
    assert reply.response.attempts == 1
    assert distant.server.opened == 2


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
async def test_a_connection_that_was_closed_while_idle_costs_no_attempt(
    distant: Distant, seen: bool, reset: bool
) -> None:
    """Nothing was sent by it."""
    distant.answers_and_stays()
    distant.server.plays(answer(paid()))
    async with PortOne(SECRET, base_url=distant.server.url, max_retries=0) as portone:
        await portone.payment.get_payment("order-1")
        distant.hangs_up(reset=reset)
        time.sleep(0.02)
        if seen:
            await asyncio.sleep(0.02)
        reply = await with_response(portone.payment.cancel_payment, "order-1", reason="x")
    assert reply.response.attempts == 1
    assert distant.server.opened == 2


async def test_tickets_of_tls_do_not_cost_a_connection(secure: Server) -> None:
    """A server may send some of TLS's own bytes after each answer; those are not the answer to anything."""
    secure.always = answer(paid())
    async with PortOne(SECRET, base_url=secure.url) as portone:
        for _ in range(5):
            await portone.payment.get_payment("order-1")
    assert secure.opened == 1


async def test_whatever_comes_an_answer_belongs_to_its_call(either: Server) -> None:
    """Calls that are cut off, answers in pieces, too much, too little, too late: never another call's answer."""
    chance = random.Random(7)

    async def play(exchange: Exchange) -> None:
        data = named(exchange.request.path.rpartition("/")[2])
        how = chance.randrange(8)
        cut = chance.randrange(1, len(data))
        if how == 0:
            # With the end of the answer: what came after it could be meant for nobody but the next call.
            data += named("a-stranger")
        elif how == 1:
            data = data[: chance.randrange(len(data))]
        await exchange.write(data[:cut])
        await anyio.sleep(chance.random() * 0.004)
        if data[cut:]:
            await exchange.write(data[cut:])
        if how in (1, 2):
            raise Hangup(reset=chance.random() < 0.5)

    either.always = Step(play)
    ends = {"answer": 0, "fault": 0, "cancelled": 0}
    async with PortOne(SECRET, base_url=either.url, max_connections=5) as portone:

        async def call(number: int) -> None:
            with anyio.move_on_after(chance.choice([0.004, 0.02, PATIENCE, PATIENCE])) as scope:
                try:
                    payment = await portone.payment.get_payment(f"order-{number}", options=ONCE)
                except errors.APIConnectionError:
                    ends["fault"] += 1
                else:
                    assert payment.id == f"order-{number}"
                    ends["answer"] += 1
            ends["cancelled"] += scope.cancelled_caught

        for turn in range(30):
            async with anyio.create_task_group() as tasks:
                for number in range(8):
                    tasks.start_soon(call, turn * 8 + number)
        either.always = Step(lambda exchange: answer(paid()).play(exchange))
        await _all_places_are_free(portone, either, 5)
    assert min(ends.values()) > 0
    assert either.most_open <= 5 + 8  # those that were given up are noticed a little later


async def _all_places_are_free(portone: PortOne, server: Server, places: int) -> None:
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    seen = len(server.requests)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(places):
                tasks.start_soon(portone.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == seen + places)
            gate.set()


# Sending and waiting

BIG = {"text": "x" * 32_000_000}


async def test_an_answer_before_all_is_sent_is_the_answer() -> None:
    """413 while a big body is under way; the rest of the body never reaches a later request's connection."""
    opened: list[bytes] = []
    go_on = anyio.Event()
    rest: list[int] = []

    async def handler(raw: Raw) -> None:
        opened.append(await raw.receive())
        if len(opened) > 1:
            await raw.send(ANSWER)
        else:
            await raw.send(head(413, {"Content-Length": "2"}) + b"{}")
            await go_on.wait()
        rest.append(await raw.rest())

    async with reluctant(handler) as url, PortOne(SECRET, base_url=url, max_retries=0) as portone:
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APIError) as caught:
            await portone.request("POST", "/big", json=BIG)
        assert caught.value.status == 413
        go_on.set()
        with anyio.fail_after(PATIENCE):
            while not rest:
                await asyncio.sleep(0.001)
        await portone.payment.get_payment("order-1")
    assert [data.split(b" ")[0] for data in opened] == [b"POST", b"GET"]
    assert rest[0] < 20_000_000


async def test_a_server_that_takes_nothing_is_a_write_timeout() -> None:
    """PortOne may have got enough of it."""

    async def handler(raw: Raw) -> None:
        await anyio.sleep_forever()

    timeout = Timeout(write=0.1)
    async with (
        reluctant(handler) as url,
        PortOne(SECRET, base_url=url, max_retries=0, timeout=timeout) as portone,
    ):
        with (
            anyio.fail_after(PATIENCE),
            pytest.raises(errors.APITimeoutError, match="WriteTimeout") as caught,
        ):
            await portone.request("POST", "/big", json=BIG)
    assert caught.value.may_have_reached


async def test_the_time_to_read_begins_when_all_is_sent() -> None:
    """An upload may take longer than an answer."""

    async def handler(raw: Raw) -> None:
        await anyio.sleep(0.4)
        while (await raw.receive())[-2:] != b'"}':
            pass
        await raw.send(ANSWER)
        await raw.rest()

    timeout = Timeout(read=0.3)
    async with (
        reluctant(handler) as url,
        PortOne(SECRET, base_url=url, max_retries=0, timeout=timeout) as portone,
    ):
        with anyio.fail_after(2 * PATIENCE):
            reply = await portone.request("POST", "/big", json=BIG)
    assert reply.content == WHOLE


async def test_a_big_body_arrives_whole_both_ways(either: Server) -> None:
    """In order, to the last byte."""
    text = "".join(chr(33 + number % 90) for number in range(6_000_011))
    either.plays(answer({"text": text}))
    async with PortOne(SECRET, base_url=either.url, max_retries=0) as portone:
        with anyio.fail_after(4 * PATIENCE):
            reply = await portone.request("POST", "/big", json={"text": text})
            assert reply.json() == either.request.json == {"text": text}
            either.plays(answer(paid()))
            await portone.payment.get_payment("order-1")
    assert either.opened == 1


async def test_a_slow_server_is_no_timeout_while_it_goes_on(either: Server) -> None:
    """The time to read is from bytes to bytes, in the head and in the body; one that stops is a timeout."""
    data = named("order-1")
    step = len(data) // 8

    async def drip(exchange: Exchange) -> None:
        for start in range(0, len(data), step):
            await anyio.sleep(0.06)
            await exchange.write(data[start : start + step])

    async def stop(exchange: Exchange) -> None:
        await exchange.write(data[:-1])
        await exchange.until_gone()

    either.plays(Step(drip), Step(stop))
    options = RequestOptions(max_retries=0, timeout=Timeout(read=0.3))
    async with PortOne(SECRET, base_url=either.url) as portone:
        started = time.monotonic()
        await portone.payment.get_payment("order-1", options=options)
        assert time.monotonic() - started > 0.4
        with pytest.raises(errors.APITimeoutError, match="ReadTimeout") as caught:
            await portone.payment.get_payment("order-1", options=options)
        assert caught.value.may_have_reached
        await either.until(lambda: either.open == 0)


async def test_each_call_has_its_own_timeouts(server: Server, portone: PortOne) -> None:
    """On one connection: a long one before a short one, a short one before a long one, and none at all."""
    slow = when(_after(0.2), answer(paid()))
    server.plays(answer(paid()), slow)
    await portone.payment.get_payment("order-1", options=RequestOptions(timeout=0.05))
    await portone.payment.get_payment("order-1", options=RequestOptions(timeout=PATIENCE))
    server.plays(answer(paid()), when(_after(0.1), answer(paid())), silence())
    endless = Timeout(read=float("inf"))
    await portone.payment.get_payment("order-1", options=RequestOptions(timeout=endless))
    await portone.payment.get_payment("order-1", options=RequestOptions(timeout=endless))
    assert server.opened == 1
    started = time.monotonic()
    with pytest.raises(errors.APITimeoutError, match="ReadTimeout"):
        await portone.payment.get_payment(
            "order-1", options=RequestOptions(max_retries=0, timeout=0.05)
        )
    assert time.monotonic() - started < 1


class _after(anyio.Event):
    """Waits a while."""

    def __new__(cls, delay: float) -> Any:
        gate = object.__new__(cls)
        gate.delay = delay
        return gate

    def __init__(self, delay: float) -> None: ...

    async def wait(self) -> None:
        await anyio.sleep(self.delay)


async def test_what_came_in_time_counts_when_the_loop_was_held_up(distant: Distant) -> None:
    """A program that keeps the event loop busy beyond a timeout does not lose an answer that is there."""
    kept = distant.kept

    async def play(exchange: Exchange) -> None:
        kept.append(exchange)

    distant.server.plays(Step(play))
    async with PortOne(SECRET, base_url=distant.server.url, max_retries=0) as portone:
        options = RequestOptions(timeout=Timeout(read=0.2))
        task = asyncio.ensure_future(portone.payment.get_payment("order-1", options=options))
        while not kept:
            await asyncio.sleep(0.005)
        distant.writes(named("order-1"))
        time.sleep(0.3)
        assert (await task).id == "order-1"


# Downloads

GET = Request("GET", "http://h/x", [("accept", "*/*")], None, RequestInfo("GET", "/x", None, None))


@asynccontextmanager
async def lanes_to(url: str) -> AsyncGenerator[Lanes]:
    lanes = Lanes(Origin.of(url, None), 2, "auto")
    try:
        yield lanes
    finally:
        with anyio.fail_after(PATIENCE):
            await lanes.aclose()


async def test_a_slow_sink_stops_the_server(either: Server) -> None:
    """What nobody takes yet stays on the server, not in memory; and it is not the server that is slow."""
    piece, count = b"x" * 100_000, 400
    sent = 0

    async def play(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.write(head(200, {"Content-Length": str(len(piece) * count)}))
        for _ in range(count):
            await exchange.write(piece)
            sent += len(piece)

    either.plays(Step(play), answer(paid()))
    got = 0
    sent_while_held = 0

    async def sink(data: bytes) -> None:
        nonlocal got, sent_while_held
        if not got and data:
            await anyio.sleep(0.4)
            sent_while_held = sent
        got += len(data)

    async with lanes_to(either.url) as lanes:
        with anyio.fail_after(4 * PATIENCE):
            found = await lanes.send(GET, Timeout(read=0.2), sink)
        assert (found.status, found.content) == (200, b"")
        assert sent == got == len(piece) * count
        assert 0 < sent_while_held < sent / 2
        await lanes.send(GET, Timeout(), None)
    assert either.opened == 1


async def test_a_slow_sink_at_every_piece_is_no_timeout(either: Server) -> None:
    """While it works, the server's time does not run; a server that stops then is a timeout all the same."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(head(200, {"Content-Length": "4"}))
        for _ in range(3):
            await exchange.write(b"x")
            await anyio.sleep(0.02)
        await exchange.until_gone()

    either.plays(Step(play))
    pieces: list[bytes] = []

    async def sink(data: bytes) -> None:
        await anyio.sleep(0.15)
        pieces.append(data)

    async with lanes_to(either.url) as lanes:
        with (
            anyio.fail_after(PATIENCE),
            pytest.raises(TransportFault, match="ReadTimeout") as caught,
        ):
            await lanes.send(GET, Timeout(read=0.1), sink)
        assert caught.value.timed_out
        assert b"".join(pieces) == b"xxx"
        await either.until(lambda: either.open == 0)


async def test_a_piece_that_came_in_time_counts_when_the_loop_was_held_up(
    distant: Distant,
) -> None:
    """As for an answer without a sink."""
    kept = distant.kept

    async def play(exchange: Exchange) -> None:
        kept.append(exchange)
        await exchange.write(head(200, {"Content-Length": "4"}))

    distant.server.plays(Step(play))
    pieces: list[bytes] = []

    async def sink(data: bytes) -> None:
        pieces.append(data)

    async with lanes_to(distant.server.url) as lanes:
        task = asyncio.ensure_future(lanes.send(GET, Timeout(read=0.2), sink))
        while not kept:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
        distant.writes(b"ab")
        time.sleep(0.3)
        await asyncio.sleep(0.01)
        if not task.done():
            distant.writes(b"cd")
        await task
    assert b"".join(pieces) == b"abcd"


async def test_a_sink_that_fails_costs_no_more_than_its_connection(either: Server) -> None:
    """Its own error comes out, in the middle of a body or at its end."""
    either.plays(replies(ANSWER[:-1]), replies(ANSWER), answer(paid()))

    async def sink(data: bytes) -> None:
        if data:
            raise KeyError("disk")

    async with lanes_to(either.url) as lanes:
        for _ in range(2):
            with anyio.fail_after(PATIENCE), pytest.raises(KeyError):
                await lanes.send(GET, Timeout(), sink)
        await lanes.send(GET, Timeout(), None)
    await either.until(lambda: either.open == 0)


# TLS


async def test_a_certificate_is_verified_by_the_clients_settings(authority: Authority) -> None:
    """Who is given the authority talks to the server."""
    async with serving(authority.server()) as server:
        server.plays(answer(paid()))
        async with PortOne(
            SECRET, base_url=server.url, max_retries=0, ssl_context=authority.client()
        ) as portone:
            await portone.payment.get_payment("order-1")


async def test_a_certificate_of_an_authority_that_nobody_knows_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a byte of the request is sent."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with serving(authority.server()) as server:
        async with PortOne(SECRET, base_url=server.url, max_retries=0) as portone:
            with pytest.raises(errors.APIConnectionError, match="ConnectError") as caught:
                await portone.payment.get_payment("order-1")
        assert not caught.value.may_have_reached
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        assert server.requests == []
        await server.until(lambda: server.open == 0)


async def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    """By whomever it is."""
    async with serving(authority.server("DNS:other.example,IP:127.0.0.9")) as server:
        async with PortOne(
            SECRET, base_url=server.url, max_retries=0, ssl_context=authority.client()
        ) as portone:
            with pytest.raises(errors.APIConnectionError) as caught:
                await portone.payment.get_payment("order-1")
        assert not caught.value.may_have_reached
        assert server.requests == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
async def test_ssl_cert_file_names_the_authorities(secure: Server, name: str) -> None:
    """As everywhere."""
    secure.plays(answer(paid()))
    url = secure.url.replace("127.0.0.1", name)
    async with PortOne(SECRET, base_url=url, max_retries=0) as portone:
        await portone.payment.get_payment("order-1")


async def test_settings_may_bring_a_certificate_of_the_clients(authority: Authority) -> None:
    """A server that asks for one gets it; who has none is turned away."""
    wanting = authority.server()
    wanting.verify_mode = ssl.CERT_REQUIRED
    async with serving(wanting) as server:
        server.plays(answer(paid()))
        for context, welcome in (
            (authority.client(), False),
            (authority.client("DNS:me"), True),
        ):
            async with PortOne(
                SECRET, base_url=server.url, max_retries=0, ssl_context=context
            ) as portone:
                if welcome:
                    await portone.payment.get_payment("order-1")
                else:
                    with pytest.raises(errors.APIConnectionError):
                        await portone.payment.get_payment("order-1")
        assert len(server.requests) == 1


async def test_a_server_that_speaks_no_tls_is_not_spoken_to(server: Server) -> None:
    """The secret is for TLS only, once base_url says https."""
    got: list[bytes] = []

    async def handler(stream: AnyByteStream) -> None:
        got.append(await stream.receive())
        await stream.send(ANSWER)

    async with (
        listening(handler) as url,
        PortOne(SECRET, base_url=url.replace("http", "https"), max_retries=0) as portone,
    ):
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1")
    assert not caught.value.may_have_reached
    assert SECRET.encode() not in b"".join(got)


async def test_a_handshake_has_the_time_to_connect() -> None:
    """A server that says nothing is a timeout, after which nothing was sent."""
    ended = anyio.Event()

    async def handler(stream: AnyByteStream) -> None:
        await until_gone(stream)
        ended.set()

    async with (
        listening(handler) as url,
        PortOne(
            SECRET,
            base_url=url.replace("http", "https"),
            max_retries=0,
            timeout=Timeout(connect=0.1),
        ) as portone,
    ):
        with anyio.fail_after(PATIENCE):
            with pytest.raises(errors.APITimeoutError, match="ConnectTimeout") as caught:
                await portone.payment.get_payment("order-1")
            assert not caught.value.may_have_reached
            await ended.wait()


@pytest.mark.parametrize("size", [0, 1, -1])
async def test_a_connection_that_drops_within_an_answer_is_an_error(
    either: Server, size: int
) -> None:
    """With or without TLS's farewell."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(ANSWER[:size])
        raise Hangup

    either.plays(Step(play))
    async with PortOne(SECRET, base_url=either.url, max_retries=0) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1")
    assert caught.value.may_have_reached


@pytest.mark.parametrize("way", ["length", "chunked", "neither"])
async def test_a_download_must_say_where_it_ends(either: Server, tmp_path: Path, way: str) -> None:
    """Anybody can cut a connection, and half a sheet would pass for a whole one."""
    sheet = b"id,amount\n1,1000\n"
    said = {
        "length": {"Content-Length": str(len(sheet))},
        "chunked": {"Transfer-Encoding": "chunked"},
    }
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(sheet), sheet) if way == "chunked" else sheet

    async def play(exchange: Exchange) -> None:
        await exchange.write(head(200, {"Connection": "close", **said.get(way, {})}) + body)
        raise Hangup

    either.plays(Step(play))
    file = tmp_path / "sheet.csv"
    async with PortOne(SECRET, base_url=either.url, max_retries=0) as portone:
        download = portone.platform.transfer.download_platform_transfer_sheet
        if way == "neither":
            with pytest.raises(errors.APIConnectionError):
                await download(file=file, fields=["TRANSFER_ID"])
            assert list(tmp_path.iterdir()) == []
        else:
            await download(file=file, fields=["TRANSFER_ID"])
            assert file.read_bytes() == sheet


# Idle connections


@define
class Deaf:
    """Servers with TLS that answer one request of each connection, and then hear nothing any more."""

    url: str
    opened: int = 0


@pytest.fixture
def deaf(trusted: Authority) -> Iterator[Deaf]:
    import threading

    context = trusted.server()
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        state = Deaf(f"https://127.0.0.1:{listener.getsockname()[1]}")

        def serve(raw: socket.socket) -> None:
            with suppress(OSError), raw, context.wrap_socket(raw, server_side=True) as stream:
                stream.recv(100_000)
                time.sleep(0.05)  # so that calls at once take a connection each
                stream.sendall(ANSWER)
                over.wait()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    raw, _ = listener.accept()
                    state.opened += 1
                    threads.append(threading.Thread(target=serve, args=(raw,)))
                    threads[-1].start()

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        yield state
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


async def _five_at_once(portone: PortOne) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(portone.payment.get_payment, "order-1")


async def test_closing_many_connections_takes_no_longer_than_closing_one(deaf: Deaf) -> None:
    """Servers that do not answer TLS's farewell are not waited for one after another."""
    portone = PortOne(SECRET, base_url=deaf.url, max_retries=0)
    await _five_at_once(portone)
    assert deaf.opened == 5
    started = time.monotonic()
    await portone.aclose()
    assert time.monotonic() - started < 0.9


async def test_connections_that_went_stale_do_not_hold_up_a_call(
    deaf: Deaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a night, a router has forgotten them all: nobody waits for farewells that cannot come."""
    portone = PortOne(SECRET, base_url=deaf.url, max_retries=0)
    await _five_at_once(portone)
    monkeypatch.setattr(direct, "KEEPALIVE", 0.0)
    await asyncio.sleep(0.01)
    started = time.monotonic()
    await portone.payment.get_payment("order-1")
    took = time.monotonic() - started
    await portone.aclose()
    assert deaf.opened == 6
    assert took < 0.3


async def test_a_connection_that_was_idle_too_long_is_not_used(
    either: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something between may have forgotten it; a busy one is kept as long as it is busy."""
    either.always = answer(paid())
    monkeypatch.setattr(direct, "KEEPALIVE", 0.2)
    async with PortOne(SECRET, base_url=either.url, max_retries=0) as portone:
        for _ in range(4):
            await portone.payment.get_payment("order-1")
            await asyncio.sleep(0.08)
        assert either.opened == 1
        await asyncio.sleep(0.2)
        await portone.payment.get_payment("order-1")
        assert either.opened == 2
        await either.until(lambda: either.open == 1)


# Addresses


def _resolves(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have every name mean these addresses."""

    async def getaddrinfo(name: str, *ports: int, **options: Any) -> list[Any]:
        # uvloop asks even about an address, by its family.
        found = [(name, ports[0])] if "family" in options else addresses
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in host], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
            for host, port in found
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


def _where(url: str) -> tuple[str, int]:
    host, _, port = url.rpartition("//")[2].rpartition(":")
    return host, int(port)


@pytest.mark.parametrize("living", [0, 1, 2])
async def test_a_refusing_address_is_passed_over(
    server: Server, refusing: str, monkeypatch: pytest.MonkeyPatch, living: int
) -> None:
    """At once, wherever the living one stands."""
    addresses = [_where(refusing)] * 3
    addresses[living] = _where(server.url)
    _resolves(monkeypatch, *addresses)
    server.plays(answer(paid()))
    started = time.monotonic()
    async with PortOne(SECRET, base_url="http://many.invalid", max_retries=0) as portone:
        await portone.payment.get_payment("order-1")
    assert time.monotonic() - started < 2
    assert server.request.header("host") == "many.invalid"


async def test_addresses_that_all_refuse_are_an_error(
    refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which nothing was sent."""
    _resolves(monkeypatch, *[_where(refusing)] * 3)
    async with PortOne(SECRET, base_url="http://many.invalid", max_retries=0) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1")
    assert not caught.value.may_have_reached


async def test_an_address_that_swallows_everything_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next is tried beside it after a quarter of a second; its attempt is given up."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect
    given_up = 0

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        nonlocal given_up
        if address[0] == "192.0.2.1":
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                given_up += 1
                raise
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    _resolves(monkeypatch, ("192.0.2.1", 80), _where(server.url))
    server.plays(answer(paid()))
    started = time.monotonic()
    async with PortOne(SECRET, base_url="http://many.invalid", max_retries=0) as portone:
        await portone.payment.get_payment("order-1")
    assert time.monotonic() - started < 2
    assert given_up == 1


async def test_an_ipv6_address_may_stand_in_the_url() -> None:
    """In brackets, in `Host` too."""
    got: list[bytes] = []

    async def handler(stream: AnyByteStream) -> None:
        got.append(await stream.receive())
        await stream.send(ANSWER)
        await until_gone(stream)

    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    async with listening(handler, "::1") as url, PortOne(SECRET, base_url=url) as portone:
        await portone.payment.get_payment("order-1")
    assert f"host: {url.removeprefix('http://')}\r\n".encode() in got[0].lower()


@pytest.mark.parametrize("host", ["x" * 64 + ".invalid", "a..invalid", "nowhere.invalid"])
async def test_a_name_that_means_nothing_is_an_error_of_the_client(host: str) -> None:
    """Also where it is no possible name at all."""
    portone = PortOne(SECRET, base_url=f"http://{host}", max_retries=0)
    with pytest.raises(errors.PortOneError) as caught:
        await portone.payment.get_payment("order-1")
    await portone.aclose()
    assert not getattr(caught.value, "may_have_reached", False)


async def test_a_name_is_asked_for_once_by_all_who_wait(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question takes a thread, and a burst of calls would take them all."""
    loop = asyncio.get_running_loop()
    resolve, asked = loop.getaddrinfo, 0

    async def slow(host: str, *arguments: Any, **options: Any) -> Any:
        nonlocal asked
        if host == "pay.test":
            asked += 1
            await asyncio.sleep(0.05)
            host = "127.0.0.1"
        return await resolve(host, *arguments, **options)

    monkeypatch.setattr(loop, "getaddrinfo", slow)
    server.always = answer(paid())
    url = server.url.replace("127.0.0.1", "pay.test")
    async with PortOne(SECRET, base_url=url, max_retries=0) as portone:
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(portone.payment.get_payment, f"order-{number}")
    assert len(server.requests) == 20
    assert asked == 1


async def test_a_server_that_agrees_on_another_protocol_gets_no_request(
    trusted: Authority,
) -> None:
    """A context that offers HTTP/2, as one that an http2 client shares does."""
    there, here = trusted.server(), trusted.client()
    for context in (there, here):
        context.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        serving(tls=there) as server,
        PortOne(SECRET, base_url=server.url, ssl_context=here, max_retries=0) as portone,
    ):
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1")
        assert server.requests == []
    assert not caught.value.may_have_reached


@pytest.mark.parametrize("end", ["cancelled", "timeout"])
async def test_a_traceback_with_its_variables_shows_no_secret(server: Server, end: str) -> None:
    """As tools that collect errors show them."""
    server.always = silence()
    timeout = 0.05 if end == "timeout" else 60
    async with PortOne(SECRET, base_url=server.url, max_retries=0, timeout=timeout) as portone:
        try:
            async with asyncio.timeout(0.1):
                await portone.payment.get_payment("order-1")
        except (TimeoutError, errors.APITimeoutError) as error:
            chain = [error, error.__cause__, error.__context__]
    frames = [
        frame
        for each in chain
        if each is not None
        for frame in traceback.TracebackException.from_exception(each, capture_locals=True).stack
        if frame.filename != __file__
    ]
    assert "_answer" in {frame.name for frame in frames}
    assert not [frame.name for frame in frames if SECRET in str(frame.locals)]


# Cancellation

WAYS = ["task", "scope", "timeout"]


async def cut_off(way: str, call: Callable[[], Awaitable[Any]], ready: Callable[[], bool]) -> None:
    """Begin a call, and cancel it in one of the ways there are, as soon as something is true."""

    async def when_ready() -> None:
        while not ready():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.005)

    with anyio.fail_after(PATIENCE):
        if way == "task":
            task = asyncio.ensure_future(call())
            await when_ready()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
        elif way == "scope":
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                await when_ready()
                tasks.cancel_scope.cancel()
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(None) as deadline:

                    async def end() -> None:
                        await when_ready()
                        deadline.reschedule(asyncio.get_running_loop().time())

                    ending = asyncio.ensure_future(end())
                    await call()
            await ending
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["resolve", "connect", "race"])
async def test_a_call_may_be_cancelled_while_it_connects(
    server: Server, monkeypatch: pytest.MonkeyPatch, way: str, where: str
) -> None:
    """Nothing stays: the next call gets the only place."""
    loop = asyncio.get_running_loop()
    waiting = 0

    async def forever(*_arguments: Any, **_options: Any) -> Any:
        nonlocal waiting
        waiting += 1
        await asyncio.sleep(3_600)

    server.plays(answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_connections=1, max_retries=0) as portone:
        with monkeypatch.context() as patch:
            if where == "resolve":
                patch.setattr(loop, "getaddrinfo", forever)
            else:
                _resolves(patch, *[_where(server.url)] * (1 if where == "connect" else 3))
                patch.setattr(loop, "sock_connect", forever)
            count = 3 if where == "race" else 1
            await cut_off(
                way, lambda: portone.payment.get_payment("order-1"), lambda: waiting == count
            )
        await portone.payment.get_payment("order-1")
    gc.collect()
    assert server.opened == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_may_be_cancelled_within_the_handshake(way: str) -> None:
    """The server sees the end of it, and the place is free."""
    open_ = most = 0

    async def handler(stream: AnyByteStream) -> None:
        nonlocal open_, most
        open_ += 1
        most += 1
        await until_gone(stream)
        open_ -= 1

    async with (
        listening(handler) as url,
        PortOne(SECRET, base_url=url.replace("http", "https"), max_connections=1) as portone,
    ):
        for number in (1, 2):
            await cut_off(
                way, lambda: portone.payment.get_payment("order-1"), lambda n=number: most == n
            )
        with anyio.fail_after(PATIENCE):
            while open_:
                await asyncio.sleep(0.001)
    gc.collect()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reused", [False, True], ids=["new", "reused"])
@pytest.mark.parametrize("part", [0, 20, -1], ids=["unanswered", "head", "body"])
async def test_a_call_may_be_cancelled_while_it_waits(
    either: Server, way: str, reused: bool, part: int
) -> None:
    """Its connection, by which an answer may yet come, is closed; the place is free."""
    before = int(reused)

    async def play(exchange: Exchange) -> None:
        await exchange.write(ANSWER[:part])
        await exchange.until_gone()

    either.plays(*[answer(paid())] * before, Step(play), answer(paid()))
    async with PortOne(SECRET, base_url=either.url, max_connections=1, max_retries=0) as portone:
        for _ in range(before):
            await portone.payment.get_payment("order-1")
        await cut_off(
            way,
            lambda: portone.payment.cancel_payment("order-1", reason="x"),
            lambda: len(either.requests) == before + 1,
        )
        await either.until(lambda: either.open == 0)
        await portone.payment.get_payment("order-1")
    assert either.opened == 2


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_may_be_cancelled_while_it_sends(way: str) -> None:
    """What is not sent yet is not sent any more."""
    began = anyio.Event()
    go_on = anyio.Event()
    rest: list[int] = []

    async def handler(raw: Raw) -> None:
        await raw.receive()
        began.set()
        await go_on.wait()
        rest.append(await raw.rest())

    async with reluctant(handler) as url, PortOne(SECRET, base_url=url) as portone:
        await cut_off(way, lambda: portone.request("POST", "/big", json=BIG), began.is_set)
        go_on.set()
        with anyio.fail_after(PATIENCE):
            while not rest:
                await asyncio.sleep(0.001)
    assert rest[0] < 20_000_000


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_may_be_cancelled_while_it_waits_for_its_turn(
    server: Server, way: str
) -> None:
    """The call before it is not disturbed, and the place not lost."""
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())), answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_connections=1) as portone:
        first = asyncio.ensure_future(portone.payment.get_payment("order-1"))
        await server.until(lambda: len(server.requests) == 1)
        await cut_off(way, lambda: portone.payment.get_payment("order-2"), lambda: True)
        gate.set()
        with anyio.fail_after(PATIENCE):
            await first
            await portone.payment.get_payment("order-3")
    assert [request.path for request in server.requests] == [
        "/payments/order-1",
        "/payments/order-3",
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_may_be_cancelled_in_any_turn_of_the_loop(
    either: Server, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Wherever it is just then: afterwards there is one place, and a connection with nothing on it, or none."""
    either.always = Step(lambda exchange: exchange.write(named(exchange.request.path[10:])))
    _resolves(monkeypatch, _where(either.url))
    done = 0
    async with PortOne(SECRET, base_url=either.url, max_connections=1, max_retries=0) as portone:
        for reused in (False, True):
            monkeypatch.setattr(direct, "KEEPALIVE", 30.0 if reused else -1.0)
            for turns in range(40):
                if reused:
                    await portone.payment.get_payment("order-0")

                async def call(turns: int = turns) -> None:
                    nonlocal done
                    found = await portone.payment.get_payment(f"order-{turns}")
                    assert found.id == f"order-{turns}"
                    done += 1

                await _cut_off_after(turns, way, call)
                with anyio.fail_after(PATIENCE):
                    assert (await portone.payment.get_payment("another")).id == "another"
    await either.until(lambda: either.open == 0)
    gc.collect()
    assert 0 < done < 80
    assert either.opened > 40


async def _cut_off_after(turns: int, way: str, call: Callable[[], Awaitable[None]]) -> None:
    if way == "task":
        task = asyncio.ensure_future(call())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    elif way == "scope":
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            for _ in range(turns):
                await asyncio.sleep(0)
            tasks.cancel_scope.cancel()
    else:
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as deadline:

                async def end() -> None:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    with suppress(RuntimeError):  # the call was quicker
                        deadline.reschedule(asyncio.get_running_loop().time())

                ending = asyncio.ensure_future(end())
                await call()
        await ending


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cancelled_calls_leave_nothing_behind(
    request: pytest.FixtureRequest, scheme: str, loop: str
) -> None:
    """Python's own development mode finds no open connection, no forgotten error, no warning of any kind."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    folder = request.getfixturevalue("authority").folder if scheme == "https" else "-"
    run = subprocess.run(
        [*(sys.executable, "-X", "dev", "-W", "error"), "-m", "wire.leaks", loop, str(folder)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stderr == ""
    assert run.stdout.split()[0] == "ok"


# Closing


async def test_closing_may_be_cancelled(deaf: Deaf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections are closed nevertheless."""
    connections: list[direct.Connection] = []
    make = direct.Connection.connection_made

    def connection_made(self: direct.Connection, transport: Any) -> None:
        connections.append(self)
        make(self, transport)

    monkeypatch.setattr(direct.Connection, "connection_made", connection_made)
    portone = PortOne(SECRET, base_url=deaf.url, max_retries=0)
    await _five_at_once(portone)
    closing = asyncio.ensure_future(portone.aclose())
    await asyncio.sleep(0.01)
    closing.cancel()
    with suppress(asyncio.CancelledError):
        await closing
    await asyncio.sleep(0.05)
    assert len(connections) == 5
    assert all(one._transport is not None and one._transport.is_closing() for one in connections)


# Event loops


# The connections of a loop that has ended cannot be closed by it any more.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("last", ["asyncio", "trio"])
def test_a_client_outlives_its_event_loops(elsewhere: Server, last: str) -> None:
    """asyncio.run twice, then trio's, and then it is closed in either."""
    elsewhere.always = answer(paid())
    portone = PortOne(SECRET, base_url=elsewhere.url, max_connections=1)

    async def use() -> None:
        for _ in range(2):
            with anyio.fail_after(PATIENCE):
                await portone.payment.get_payment("order-1")

    asyncio.run(use())
    asyncio.run(use())
    anyio.run(use, backend="trio")
    anyio.run(portone.aclose, backend=last)
    with pytest.raises(errors.ClientClosedError):
        asyncio.run(use())
    gc.collect()
    assert len(elsewhere.requests) == 6
    assert elsewhere.opened == 3


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_event_loops_that_ended_are_let_go(elsewhere: Server) -> None:
    """A program that calls asyncio.run for each job does not gather connections until it has no file left."""
    elsewhere.always = answer(paid())
    portone = PortOne(SECRET, base_url=elsewhere.url)

    async def use() -> None:
        await portone.payment.get_payment("order-1")

    for _ in range(10):
        asyncio.run(use())
        gc.collect()
    deadline = time.monotonic() + 1
    while elsewhere.open > 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    left = elsewhere.open
    asyncio.run(portone.aclose())
    gc.collect()
    assert elsewhere.opened == 10
    assert left <= 2
