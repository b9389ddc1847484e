"""Stray responses: no call ever gets what was sent in response to another, or to nobody."""

from __future__ import annotations

import random
import ssl
from collections.abc import Awaitable, Callable, Iterator

import anyio
import pytest
from anyio.lowlevel import checkpoint
from anyio.streams.tls import TLSAttribute

from portone_async import PortOne, errors
from tests.core.server import PATIENCE, Exchange, Hangup, Server, Step, head
from tests.core.transport.matrix import EVERY, ONCE, OWN, Kind, on
from tests.core.transport.servers import (
    DistantServer,
    check_capacity,
    distant_server,
    get_at_once,
    get_paid,
    named,
    requested_id,
    sends,
)

pytestmark = [pytest.mark.anyio, on(OWN)]
CALLS = 40
STRAY = named("stray")


async def call_each(portone: PortOne, count: int = CALLS) -> None:
    """Call for so many payments at once: each call gets its own, at the first attempt."""

    async def call(payment_id: str) -> None:
        assert (await get_at_once(portone, payment_id)).id == payment_id

    with anyio.fail_after(4 * PATIENCE):
        async with anyio.create_task_group() as tasks:
            for number in range(count):
                tasks.start_soon(call, f"order-{number}")


# Behind the response


async def one_write(exchange: Exchange, response: bytes, stray: bytes) -> None:
    """In one segment, and with TLS in one record."""
    await exchange.write(response + stray)


async def two_writes(exchange: Exchange, response: bytes, stray: bytes) -> None:
    """In two segments, the second right behind the first."""
    await exchange.write(response)
    await exchange.write(stray)


async def two_records(exchange: Exchange, response: bytes, stray: bytes) -> None:
    """In one segment; with TLS in a record of its own."""
    tls = exchange.stream.extra(TLSAttribute.ssl_object, None)  # noqa: S610  (of anyio's)
    if tls is None:
        await exchange.write(response + stray)
    else:
        assert tls.write(response) == len(response)  # into memory: sent with the next record
        await exchange.write(stray)


Ways = Callable[[Exchange, bytes, bytes], Awaitable[None]]
STRAYS = {
    "response": STRAY,
    "two responses": STRAY * 2,
    "start of a response": STRAY[:20],
    "line break": b"\r\n",
    "byte": b"x",
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
@pytest.mark.parametrize("way", [one_write, two_records])
async def test_what_arrives_with_a_response_reaches_no_other_call(
    kind: Kind, any_server: Server, way: Ways, stray: bytes
) -> None:
    """The connection ends with the response."""

    async def play(exchange: Exchange) -> None:
        await way(exchange, named(requested_id(exchange)), stray)

    any_server.always = Step(play)
    async with kind.client(any_server.url, max_connections=1) as portone:
        await call_each(portone)
        assert any_server.opened == CALLS


def chunked(payment_id: str) -> bytes:
    body = named(payment_id).partition(b"\r\n\r\n")[2]
    start = head(200, {"Transfer-Encoding": "chunked"})
    return start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize("framing", ["length", "chunked", "204"])
@pytest.mark.parametrize("stray", [STRAY, b"{}", b"\r\n"], ids=["response", "body", "line break"])
async def test_bytes_behind_any_body_reach_no_other_call(
    kind: Kind, any_server: Server, framing: str, stray: bytes
) -> None:
    """Whichever way its end is declared: by a length, by a last chunk, or by a status without a body."""
    build = {"length": named, "chunked": chunked, "204": lambda _: head(204, {})}[framing]

    async def play(exchange: Exchange) -> None:
        await exchange.write(build(requested_id(exchange)) + stray)

    any_server.always = Step(play)
    async with kind.client(any_server.url, max_connections=1) as portone:
        for number in range(5):
            path = f"/payments/order-{number}"
            response = await portone.request("GET", path, options=ONCE)
            if framing == "204":
                assert (response.status, response.content) == (204, b"")
            else:
                assert response.json()["id"] == f"order-{number}"
        assert any_server.opened == 5


@pytest.mark.parametrize("size", [65_536, 131_072, 200_000])
async def test_a_stray_at_the_end_of_a_big_delivery_reaches_no_other_call(
    kind: Kind, any_server: Server, size: int
) -> None:
    """anyio hands out 64 KiB at once and queues the rest: there the stray stands alone."""

    async def play(exchange: Exchange) -> None:
        short = named(requested_id(exchange))
        padding = {"X-Padding": "x" * (size - len(short) - len("X-Padding: \r\n"))}
        if size > 65_536:  # heads have a limit
            body = short.partition(b"\r\n\r\n")[2]
            start = head(200, {"Content-Length": f"{size - 100:06}"})
            response = start + body + b" " * (size - 100 - len(body))
        else:
            response = named(requested_id(exchange), padding)
            assert len(response) == size
        await exchange.write(response + STRAY)

    any_server.always = Step(play)
    async with kind.client(any_server.url, max_connections=1) as portone:
        await call_each(portone)
        assert any_server.opened == CALLS


# On an idle connection


@pytest.fixture
def distant(server_tls: ssl.SSLContext | None) -> Iterator[DistantServer]:
    with distant_server(server_tls) as distant:
        yield distant


async def let_the_loop_turn() -> None:
    """Have the event loop read what is there."""
    for _ in range(10):
        await checkpoint()


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
@pytest.mark.parametrize(
    "stray", [STRAY, STRAY * 2, b"\r\n", b"x"], ids=["one", "two", "line", "x"]
)
async def test_what_arrives_on_an_idle_connection_reaches_no_call(
    kind: Kind, distant: DistantServer, stray: bytes, seen: bool
) -> None:
    """Whether the event loop has read it yet or not: the next call opens another connection, without a retry."""
    async with kind.client(distant.server.url, max_connections=1) as portone:
        for number in range(3):
            distant.keep(sends(named(f"order-{number}")))
            assert (await get_at_once(portone, f"order-{number}")).id == f"order-{number}"
            distant.write(stray)
            if seen:
                await let_the_loop_turn()
    assert distant.server.opened == 3


async def test_forty_calls_one_after_another_get_their_own_responses(
    kind: Kind, any_server: Server
) -> None:
    """However the server adds a stray one to some of them."""
    chance = random.Random(1)
    exchanges: list[Exchange] = []
    expected = 1

    async def play(exchange: Exchange) -> None:
        nonlocal expected
        exchanges.append(exchange)
        response = named(requested_id(exchange))
        way = chance.choice([None, one_write, two_records])
        if way is None:
            await exchange.write(response)
        else:
            expected += 1
            await way(exchange, response, STRAY * chance.randrange(1, 3))

    any_server.always = Step(play)
    async with kind.client(any_server.url, max_connections=1) as portone:
        for number in range(CALLS):
            before = expected
            assert (await get_paid(portone, f"order-{number}", ONCE)).id == f"order-{number}"
            if expected == before and chance.random() < 0.4:
                expected += 1
                await exchanges[-1].write(STRAY)
                for _ in range(chance.randrange(4)):
                    await checkpoint()
    assert any_server.opened in (expected, expected - 1)  # the last one may have none behind it


@on(EVERY)
async def test_a_connection_without_strays_is_used_again(kind: Kind, any_server: Server) -> None:
    """Otherwise the tests above would prove nothing."""
    any_server.always = Step(lambda exchange: exchange.write(named(requested_id(exchange))))
    async with kind.client(any_server.url, max_connections=1) as portone:
        await call_each(portone)
    assert any_server.opened == 1


# All of it at random


async def test_whatever_happens_a_response_belongs_to_its_call(
    kind: Kind, any_server: Server
) -> None:
    """Calls that are cancelled, responses in pieces, too much, too little, too late."""
    chance = random.Random(7)

    async def play(exchange: Exchange) -> None:
        data = named(requested_id(exchange))
        way = chance.randrange(8)
        cut = chance.randrange(1, len(data))
        if way == 0:
            # With the end of the response: sent later, it could not be told from one to the next request.
            data += STRAY
        elif way == 1:
            data = data[: chance.randrange(len(data))]
        await exchange.write(data[:cut])
        for _ in range(chance.randrange(20)):
            await checkpoint()
        if data[cut:]:
            await exchange.write(data[cut:])
        if way in (1, 2):
            raise Hangup(reset=chance.random() < 0.5)

    any_server.always = Step(play)
    ends = {"response": 0, "error": 0, "cancelled": 0}
    async with kind.client(any_server.url, max_connections=5) as portone:

        async def call(number: int) -> None:
            with anyio.move_on_after(chance.choice([0.004, 0.02, PATIENCE, PATIENCE])) as scope:
                try:
                    payment = await get_paid(portone, f"order-{number}", ONCE)
                except errors.APIConnectionError:
                    ends["error"] += 1
                else:
                    assert payment.id == f"order-{number}"
                    ends["response"] += 1
            ends["cancelled"] += scope.cancelled_caught

        for turn in range(30):
            async with anyio.create_task_group() as tasks:
                for number in range(8):
                    tasks.start_soon(call, turn * 8 + number)
        await check_capacity(portone, any_server, 5)
    assert min(ends.values()) > 0
    assert any_server.most_open <= 5 + 8  # the server notices a little later that one was given up


async def test_the_stray_of_one_connection_does_not_end_the_others(
    kind: Kind, server: Server
) -> None:
    gate = anyio.Event()

    async def play(exchange: Exchange) -> None:
        await gate.wait()
        payment_id = requested_id(exchange)
        await exchange.write(named(payment_id) + (STRAY if payment_id == "order-0" else b""))

    server.always = Step(play)
    async with kind.client(server.url, max_connections=5) as portone:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call_each, portone, 5)
            await server.until(lambda: len(server.requests) == 5)
            gate.set()
        await server.until(lambda: server.open == 4)
        await call_each(portone, 5)
    assert server.opened == 6
