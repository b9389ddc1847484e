"""Cancelled calls: wherever they are, they end at once, and cost no more than their own connection."""

from __future__ import annotations

import gc
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from portone_async import RequestOptions, Timeout, errors
from tests.core.conftest import paid
from tests.core.server import PATIENCE, Exchange, Server, Step, answer, when
from tests.core.tls import Authority
from tests.core.transport.cancelling import WAYS, Way, cancel_after, cancel_when, require
from tests.core.transport.matrix import EVERY, EXHAUSTIVE, OWN, Kind, on
from tests.core.transport.servers import (
    BIG,
    RESPONSE,
    Peer,
    get_paid,
    listening,
    named,
    requested_id,
    small_server,
    until_gone,
)

if TYPE_CHECKING:
    from anyio.abc import AnyByteStream

pytestmark = [pytest.mark.anyio, on(OWN)]


@pytest.mark.parametrize("way", [*WAYS, None], ids=[*WAYS, "total"])
async def test_within_the_tls_handshake(kind: Kind, way: Way | None) -> None:
    """The server sees the end of the connection at once, and another call may be made."""
    open_ = 0
    began = anyio.Event()
    closed = anyio.Event()

    async def handler(stream: AnyByteStream) -> None:
        nonlocal open_
        open_ += 1
        await stream.receive()
        began.set()
        await until_gone(stream)
        open_ -= 1
        closed.set()

    async with (
        listening(handler) as url,
        kind.client(url.replace("http", "https"), max_connections=1) as portone,
    ):
        for _ in range(2):
            began, closed = anyio.Event(), anyio.Event()
            if way is None:
                options = RequestOptions(timeout=Timeout(total=0.1))
                with pytest.raises(errors.APITimeoutError) as caught:
                    await portone.payment.get_payment("order-1", options=options)
                assert not caught.value.may_have_reached
            else:
                require(way, kind)
                await cancel_when(way, lambda: portone.payment.get_payment("order-1"), began.wait)
            with anyio.fail_after(PATIENCE):
                await closed.wait()
            assert open_ == 0
    gc.collect()


@on(EVERY)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reused", [False, True], ids=["new", "reused"])
@pytest.mark.parametrize("size", [0, 20, -1], ids=["no response", "head", "body"])
async def test_while_it_waits(
    kind: Kind, any_server: Server, way: Way, reused: bool, size: int
) -> None:
    """Its connection, by which the response may yet arrive, is closed; another call may be made."""
    require(way, kind)
    before = int(reused)
    written = anyio.Event()

    async def play(exchange: Exchange) -> None:
        await exchange.write(RESPONSE[:size])
        written.set()
        await exchange.until_gone()

    any_server.plays(*[answer(paid())] * before, Step(play), answer(paid()))
    async with kind.client(any_server.url, max_connections=1, max_retries=0) as portone:
        for _ in range(before):
            await portone.payment.get_payment("order-1")
        await cancel_when(
            way, lambda: portone.payment.cancel_payment("order-1", reason="x"), written.wait
        )
        await any_server.until(lambda: any_server.open == 0)
        await portone.payment.get_payment("order-1")
    assert any_server.opened == 2


@on(EVERY)
@pytest.mark.parametrize("way", WAYS)
async def test_while_it_sends(kind: Kind, way: Way) -> None:
    """What is not sent yet is not sent any more."""
    require(way, kind)
    began, go_on, ended = anyio.Event(), anyio.Event(), anyio.Event()
    rest = 0

    async def handler(peer: Peer) -> None:
        nonlocal rest
        await peer.receive()
        began.set()
        await go_on.wait()
        rest = await peer.count_rest()
        ended.set()

    async with small_server(handler) as url, kind.client(url) as portone:
        await cancel_when(way, lambda: portone.request("POST", "/big", json=BIG), began.wait)
        go_on.set()
        with anyio.fail_after(PATIENCE):
            await ended.wait()
    assert rest < len(BIG["text"]) * 3 // 4


@pytest.mark.parametrize("way", WAYS)
async def test_while_it_waits_for_a_connection(kind: Kind, server: Server, way: Way) -> None:
    """The call before it is not disturbed, and the one after it has its turn."""
    require(way, kind)
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())), answer(paid()))
    async with kind.client(server.url, max_connections=1) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                await cancel_when(
                    way,
                    lambda: portone.payment.get_payment("order-2"),
                    anyio.wait_all_tasks_blocked,
                )
                gate.set()
            await portone.payment.get_payment("order-3")
    assert [request.path for request in server.requests] == [
        "/payments/order-1",
        "/payments/order-3",
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_in_any_turn_of_the_event_loop(
    kind: Kind, any_server: Server, client_tls: ssl.SSLContext | None, way: Way
) -> None:
    """Wherever it is just then: afterwards the client has one connection with nothing on it, or none."""
    require(way, kind)
    any_server.always = Step(lambda exchange: exchange.write(named(requested_id(exchange))))
    done = calls = 0
    for reused in (False, True):
        for turns in range(0, 40, 1 if EXHAUSTIVE else 5):
            async with kind.client(
                any_server.url, max_connections=1, max_retries=0, ssl_context=client_tls
            ) as portone:
                if reused:
                    await portone.payment.get_payment("order-0")

                async def call(payment_id: str = f"order-{turns}") -> None:
                    nonlocal done
                    assert (await get_paid(portone, payment_id)).id == payment_id
                    done += 1

                calls += 1
                await cancel_after(way, call, turns)
                with anyio.fail_after(PATIENCE):
                    assert (await get_paid(portone, "another")).id == "another"
    await any_server.until(lambda: any_server.open == 0)
    gc.collect()
    assert 0 < done < calls


async def test_a_deadline_of_the_callers_is_not_taken_for_one_of_the_clients(
    kind: Kind, server: Server
) -> None:
    """`anyio.move_on_after` ends a call without an error, and without a retry."""
    server.plays(Step(Exchange.until_gone), answer(paid()))
    async with kind.client(server.url, max_connections=1) as portone:
        with anyio.move_on_after(0.05) as scope:
            await portone.payment.get_payment("order-1")
        assert scope.cancelled_caught
        await portone.payment.get_payment("order-1")
    assert len(server.requests) == 2


def test_calls_cancelled_at_random_leave_nothing_behind(kind: Kind, authority: Authority) -> None:
    """Python's development mode finds nothing open, nothing forgotten, and no warning of any kind."""
    count = 10_000 if EXHAUSTIVE else 2_000
    arguments = [kind.transport, kind.loop, str(authority.folder), "7", str(count)]
    run = subprocess.run(
        [
            *(sys.executable, "-X", "dev", "-W", "error"),
            *("-m", "tests.core.transport.leaks", *arguments),
        ],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout.split()[-1] == "ok"
