"""Timeouts: of each step and of the whole call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import anyio
import pytest

from portone_async import RequestOptions, Timeout, errors
from tests.core.conftest import paid
from tests.core.server import PATIENCE, Exchange, Server, Step, answer, silence, stalled
from tests.core.transport.matrix import AT_ONCE, DIRECT, OWN, Kind, on
from tests.core.transport.servers import (
    BIG,
    RESPONSE,
    DistantServer,
    Peer,
    distant_server,
    get_paid,
    listening,
    named,
    sends,
    small_server,
    until,
    until_gone,
)

if TYPE_CHECKING:
    from anyio.abc import AnyByteStream

pytestmark = pytest.mark.anyio


def once(**seconds: float) -> RequestOptions:
    """Options of a call that is not retried."""
    return RequestOptions(max_retries=0, timeout=Timeout(**seconds))


async def pause(exchange: Exchange) -> None:
    """Respond after a while: a fifth of a second."""
    await anyio.sleep(0.2)
    await answer(paid()).play(exchange)


# Of each step


async def test_a_handshake_has_the_time_to_connect(kind: Kind) -> None:
    """A server that says nothing is a timeout, after which nothing was sent."""
    ended = anyio.Event()

    async def handler(stream: AnyByteStream) -> None:
        await until_gone(stream)
        ended.set()

    async with listening(handler) as url, kind.client(url.replace("http", "https")) as portone:
        with anyio.fail_after(PATIENCE):
            with pytest.raises(errors.APITimeoutError, match="ConnectTimeout") as caught:
                await portone.payment.get_payment("order-1", options=once(connect=0.1))
            assert not caught.value.may_have_reached
            await ended.wait()


async def test_a_server_that_takes_nothing_is_a_write_timeout(kind: Kind) -> None:
    """PortOne may have received enough of it."""

    async def handler(_: Peer) -> None:
        await anyio.sleep_forever()

    async with small_server(handler) as url, kind.client(url) as portone:
        with (
            anyio.fail_after(PATIENCE),
            pytest.raises(errors.APITimeoutError, match="WriteTimeout") as caught,
        ):
            await portone.request("POST", "/big", json=BIG, options=once(write=0.1))
    assert caught.value.may_have_reached


async def test_the_time_to_read_begins_when_all_is_sent(kind: Kind) -> None:
    """An upload may take longer than a response."""

    async def handler(peer: Peer) -> None:
        await anyio.sleep(0.3)
        while (await peer.receive())[-2:] != b'"}':
            pass
        await peer.send(RESPONSE)
        await peer.count_rest()

    async with small_server(handler) as url, kind.client(url) as portone:
        with anyio.fail_after(2 * PATIENCE):
            response = await portone.request("POST", "/big", json=BIG, options=once(read=0.2))
    assert response.content == RESPONSE.partition(b"\r\n\r\n")[2]


async def test_a_slow_server_is_no_timeout_while_it_goes_on(kind: Kind, server: Server) -> None:
    """The time to read is from bytes to bytes, in the head and in the body; one that stops is a timeout."""
    data = named("order-1")
    step = len(data) // 6

    async def drip(exchange: Exchange) -> None:
        for start in range(0, len(data), step):
            await anyio.sleep(0.05)
            await exchange.write(data[start : start + step])

    async def stop(exchange: Exchange) -> None:
        await exchange.write(data[:-1])
        await exchange.until_gone()

    server.plays(Step(drip), Step(stop))
    async with kind.client(server.url) as portone:
        started = time.monotonic()
        await portone.payment.get_payment("order-1", options=once(read=0.25))
        assert time.monotonic() - started > 0.25
        with pytest.raises(errors.APITimeoutError, match="ReadTimeout") as caught:
            await portone.payment.get_payment("order-1", options=once(read=0.1))
        assert caught.value.may_have_reached
        await server.until(lambda: server.open == 0)


async def test_each_call_has_its_own_timeouts(kind: Kind, server: Server) -> None:
    """On one connection: a long one after a short one, a short one after a long one."""
    server.plays(*[answer(paid()), Step(pause)] * 2, silence())
    async with kind.client(server.url, max_retries=0) as portone:
        for timeout in (Timeout(read=0.15), PATIENCE, 0.15, Timeout(read=86_400)):
            options = RequestOptions(timeout=timeout)
            await portone.payment.get_payment("order-1", options=options)
        assert server.opened == 1
        started = time.monotonic()
        with pytest.raises(errors.APITimeoutError, match="ReadTimeout"):
            await portone.payment.get_payment("order-1", options=RequestOptions(timeout=0.1))
        assert time.monotonic() - started < 1


@pytest.fixture
def distant() -> Iterator[DistantServer]:
    with distant_server(None) as distant:
        yield distant


@on(DIRECT)
async def test_what_arrived_in_time_counts_when_the_loop_was_held_up(
    distant: DistantServer,
    kind: Kind,
) -> None:
    """A program that keeps the event loop busy beyond a timeout does not lose a response that is there."""
    distant.keep(sends(b""))
    async with kind.client(distant.server.url) as portone:
        task = asyncio.ensure_future(get_paid(portone, "order-1", once(read=0.2)))
        await until(lambda: bool(distant.exchanges))
        distant.write(named("order-1"))
        time.sleep(0.3)  # noqa: ASYNC251  (holds the loop up)
        assert (await task).id == "order-1"


# Of the whole call


SLOW = {"no response": silence(), "stalled": stalled(b'{"status": "PAID"}')}


@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
async def test_the_total_ends_an_attempt(kind: Kind, any_server: Server, step: Step) -> None:
    """Whatever the timeouts of its steps."""
    any_server.plays(answer(paid()), step, answer(paid()))
    async with kind.client(any_server.url, max_connections=1) as portone:
        await portone.payment.get_payment("order-1")
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.get_payment(
                "order-1", options=RequestOptions(timeout=Timeout(total=0.1))
            )
        assert caught.value.may_have_reached
        assert caught.value.attempts == 1
        assert "time of the call" in str(caught.value)
        await any_server.until(lambda: any_server.open == 0)
        await portone.payment.get_payment("order-1")


async def test_the_total_ends_the_attempts(kind: Kind, server: Server) -> None:
    """Each has no more time than the ones before it left."""
    server.always = silence()
    timeout = Timeout(read=0.1, total=0.35)
    async with kind.client(server.url, max_retries=10, retry=AT_ONCE) as portone:
        started = time.monotonic()
        options = RequestOptions(timeout=timeout, max_retries=10)
        with pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r", options=options)
        assert 0.3 < time.monotonic() - started < 1.5
    assert 2 <= caught.value.attempts <= 4
    assert len(set(server.keys)) == 1


async def test_the_total_ends_an_upload(kind: Kind) -> None:
    async def handler(_: Peer) -> None:
        await anyio.sleep_forever()

    async with small_server(handler) as url, kind.client(url) as portone:
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APITimeoutError) as caught:
            await portone.request("POST", "/big", json=BIG, options=once(total=0.3))
    assert caught.value.may_have_reached


@on(OWN)
async def test_the_total_covers_the_wait_for_a_connection(kind: Kind, server: Server) -> None:
    """And what is left of it is all that connecting gets."""
    server.always = silence()
    async with (
        kind.client(server.url, max_connections=1) as portone,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(portone.payment.get_payment, "order-1")
        await server.until(lambda: len(server.requests) == 1)
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.get_payment("order-2", options=once(total=0.05))
        assert not caught.value.may_have_reached
        tasks.cancel_scope.cancel()


@on(OWN)
async def test_the_total_covers_waiting_and_connecting_together(kind: Kind) -> None:
    """Not the one and then as long again for the other."""
    accepted = anyio.Event()

    async def handler(stream: AnyByteStream) -> None:
        accepted.set()
        await until_gone(stream)

    async with (
        listening(handler) as url,
        kind.client(url.replace("http", "https"), max_connections=1) as portone,
        anyio.create_task_group() as tasks,
    ):
        first = anyio.CancelScope()

        async def call() -> None:
            with first:
                await portone.payment.get_payment("order-1")

        tasks.start_soon(call)
        await accepted.wait()

        async def make_room() -> None:
            await anyio.sleep(0.4)
            first.cancel()

        tasks.start_soon(make_room)
        started = time.monotonic()
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.get_payment("order-2", options=once(total=0.5))
        assert time.monotonic() - started < 0.85
        assert not caught.value.may_have_reached


async def test_the_total_does_not_end_a_call_that_is_over(kind: Kind, server: Server) -> None:
    """A deadline that passes between two calls is of no effect on the second one."""
    server.always = answer(paid())
    async with kind.client(server.url) as portone:
        await portone.payment.get_payment("order-1", options=once(total=0.3))
        await anyio.sleep(0.35)
        await portone.payment.get_payment("order-1", options=once(total=PATIENCE))
    assert server.opened == 1
