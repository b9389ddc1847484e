"""The connection pool: how many connections there are, who waits for one, and when they end."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from portone_async import PortOne, RequestOptions, RetryPolicy, Timeout, errors, with_response
from portone_async._transport import pool
from tests.core.conftest import paid
from tests.core.server import (
    PATIENCE,
    Server,
    Step,
    answer,
    empty,
    reset,
    silence,
    then_close,
    when,
)
from tests.core.tls import Authority
from tests.core.transport.matrix import AT_ONCE, EVERY, ONCE, OWN, Kind, on
from tests.core.transport.servers import (
    DeafServer,
    DistantServer,
    deaf_server,
    distant_server,
    get_paid,
    open_files,
    until,
)

pytestmark = [pytest.mark.anyio, on(OWN)]


# How many


@on(EVERY)
async def test_many_calls_share_few_connections(kind: Kind, server: Server) -> None:
    """200 at once over 10 never open an eleventh."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    async with kind.client(server.url, max_connections=10) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(portone.payment.get_payment, f"order-{number}")
                await server.until(lambda: len(server.requests) == 10)
                gate.set()
    assert len({request.path for request in server.requests}) == len(server.requests) == 200
    assert server.opened == server.most_open == 10


@on(EVERY)
async def test_calls_one_after_another_share_one_connection(kind: Kind, server: Server) -> None:
    server.always = answer(paid())
    async with kind.client(server.url) as portone:
        for _ in range(10):
            await portone.payment.get_payment("order-1")
    assert server.opened == 1


async def test_the_most_recently_used_connection_is_taken_first(kind: Kind, server: Server) -> None:
    """It is the least likely to have been closed by the server."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    async with kind.client(server.url) as portone:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(portone.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == 3)
            gate.set()
        for _ in range(9):
            await portone.payment.get_payment("order-2")
    assert server.opened == 3
    assert len({exchange.stream for exchange in server.exchanges[3:]}) == 1


@on(EVERY)
async def test_error_responses_do_not_cost_a_connection(kind: Kind, server: Server) -> None:
    """A response that was read to its end leaves the connection usable."""
    server.plays(empty(404), empty(503), answer(b"<html>"), answer(paid()), answer(paid()))
    async with kind.client(server.url, retry=AT_ONCE) as portone:
        with pytest.raises(errors.NotFoundError):
            await portone.payment.get_payment("order-1")
        await portone.payment.get_payment("order-1")
        await portone.payment.get_payment("order-1")
    assert server.opened == 1


@on(EVERY)
async def test_connection_close_is_obeyed(kind: Kind, server: Server) -> None:
    """What the server announces."""
    server.always = answer(paid(), headers={"Connection": "close"})
    async with kind.client(server.url) as portone:
        for _ in range(3):
            await portone.payment.get_payment("order-1")
        assert server.opened == 3
        await server.until(lambda: server.open == 0)


# Who waits


async def test_waiting_for_a_connection_has_a_timeout(kind: Kind, server: Server) -> None:
    """After it nothing was sent; the call that has the connection goes on."""
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())), answer(paid()))
    async with kind.client(server.url, max_connections=1, max_retries=0) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                options = RequestOptions(timeout=Timeout(pool=0.02))
                with pytest.raises(errors.APITimeoutError, match="no connection was") as caught:
                    await portone.payment.get_payment("order-2", options=options)
                assert not caught.value.may_have_reached
                gate.set()
            await portone.payment.get_payment("order-3")
    paths = [request.path for request in server.requests]
    assert paths == ["/payments/order-1", "/payments/order-3"]


async def test_waiting_calls_go_in_turn(kind: Kind, server: Server) -> None:
    """First come, first served."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    async with kind.client(server.url, max_connections=1) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(10):
                    tasks.start_soon(portone.payment.get_payment, f"order-{number}")
                    await anyio.wait_all_tasks_blocked()
                gate.set()
    assert [request.path for request in server.requests] == [
        f"/payments/order-{number}" for number in range(10)
    ]


async def test_a_call_in_silence_frees_its_connection(kind: Kind, server: Server) -> None:
    """The one that may yet respond is closed."""
    server.plays(silence(), answer(paid()))
    async with kind.client(server.url, max_connections=1, max_retries=0) as portone:
        with pytest.raises(errors.APITimeoutError):
            await portone.payment.get_payment(
                "order-1", options=RequestOptions(timeout=Timeout(read=0.05))
            )
        await server.until(lambda: server.open == 0)
        await portone.payment.get_payment("order-1")


# Idle connections


@pytest.fixture
def distant(server_tls: ssl.SSLContext | None) -> Iterator[DistantServer]:
    with distant_server(server_tls) as distant:
        yield distant


@on(EVERY)
@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
async def test_a_connection_that_was_closed_while_idle_costs_no_attempt(
    kind: Kind, distant: DistantServer, seen: bool, reset: bool
) -> None:
    """Nothing was sent by it."""
    distant.keep(answer(paid()))
    distant.server.plays(answer(paid()))
    async with kind.client(distant.server.url, max_retries=0) as portone:
        await portone.payment.get_payment("order-1")
        distant.hang_up(reset=reset)
        if seen:
            for _ in range(10):
                await checkpoint()
        result = await with_response(portone.payment.cancel_payment, "order-1", reason="x")
    assert result.response.attempts == 1
    assert distant.server.opened == 2


@on(EVERY)
async def test_a_connection_closed_behind_a_response_is_replaced(
    kind: Kind, server: Server
) -> None:
    """Without a retry being spent on it."""
    server.plays(then_close(answer(paid())), answer(paid()))
    async with kind.client(server.url) as portone:
        await portone.payment.get_payment("order-1")
        await server.until(lambda: server.open == 0)
        await anyio.wait_all_tasks_blocked()
        await portone.payment.get_payment("order-1", options=ONCE)
    assert server.opened == 2


def keep_idle_for(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(pool, "KEEPALIVE", seconds)


async def test_a_connection_that_was_idle_too_long_is_not_used(
    kind: Kind, any_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something between may have forgotten it."""
    any_server.always = answer(paid())
    keep_idle_for(monkeypatch, 30)
    async with kind.client(any_server.url, max_retries=0) as portone:
        for _ in range(4):
            await portone.payment.get_payment("order-1")
        assert any_server.opened == 1
        keep_idle_for(monkeypatch, -1)
        await portone.payment.get_payment("order-1")
        assert any_server.opened == 2
        await any_server.until(lambda: any_server.open == 1)


async def test_a_busy_connection_is_kept_for_longer_than_an_idle_one(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the time since its last response."""
    server.always = answer(paid())
    keep_idle_for(monkeypatch, 0.2)
    async with kind.client(server.url, max_retries=0) as portone:
        with anyio.move_on_after(0.4):
            while True:
                await portone.payment.get_payment("order-1")
                await checkpoint()
        assert server.opened <= 2  # one more where the end cancelled a call
        assert len(server.requests) > 5


# Closing


async def test_a_closed_client_says_so(kind: Kind, server: Server) -> None:
    """Whether or not it was ever used; closing again does nothing."""
    server.always = answer(paid())
    for used in (True, False):
        async with kind.client(server.url) as portone:
            if used:
                await portone.payment.get_payment("order-1")
            await portone.aclose()
            await portone.aclose()
            with pytest.raises(errors.ClientClosedError, match="closed"):
                await portone.payment.get_payment("order-1")
            with pytest.raises(errors.ClientClosedError, match="closed"):
                await portone.request("GET", "/order-1")
            with pytest.raises(errors.ClientClosedError):
                async with portone:
                    pass
    assert len(server.requests) == 1


async def open_five(portone: PortOne, server: Server) -> None:
    """Have five idle connections."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(portone.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == 5)
            gate.set()
    assert server.open == 5


async def test_closing_closes_the_connections(kind: Kind, any_server: Server) -> None:
    """The server sees the end of each."""
    async with kind.client(any_server.url) as portone:
        await open_five(portone, any_server)
        await portone.aclose()
        await any_server.until(lambda: any_server.open == 0)


async def test_closing_ends_even_in_a_cancelled_scope(kind: Kind, any_server: Server) -> None:
    """`async with` under a deadline leaves no connection behind."""
    with anyio.CancelScope() as scope:
        async with kind.client(any_server.url) as portone:
            await open_five(portone, any_server)
            scope.cancel()
            await checkpoint()
    await any_server.until(lambda: any_server.open == 0)


@pytest.fixture
def deaf(trusted: Authority) -> Iterator[DeafServer]:
    with deaf_server(trusted.server()) as deaf:
        yield deaf


async def open_five_to_the_deaf(portone: PortOne, deaf: DeafServer) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(portone.payment.get_payment, "order-1")
        await until(lambda: deaf.requests == 5)
        deaf.gate.set()


async def test_closing_many_connections_takes_no_longer_than_closing_one(
    kind: Kind, deaf: DeafServer
) -> None:
    """Servers that do not respond to TLS's close_notify are not waited for one after another."""
    async with kind.client(deaf.url, max_retries=0) as portone:
        await open_five_to_the_deaf(portone, deaf)
        started = time.monotonic()
        await portone.aclose()
        assert time.monotonic() - started < 0.9


async def test_connections_that_were_forgotten_do_not_hold_up_a_call(
    kind: Kind, deaf: DeafServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a night a router knows none of them any more: nobody waits for a close_notify that cannot come."""
    async with kind.client(deaf.url, max_retries=0) as portone:
        await open_five_to_the_deaf(portone, deaf)
        keep_idle_for(monkeypatch, -1)
        started = time.monotonic()
        await portone.payment.get_payment("order-1")
        assert time.monotonic() - started < 0.9
    assert deaf.requests == 6


async def test_closing_may_be_cancelled(kind: Kind, deaf: DeafServer) -> None:
    """The connections are closed nevertheless."""
    async with kind.client(deaf.url, max_retries=0) as portone:
        await open_five_to_the_deaf(portone, deaf)
        before = open_files()
        for turns in range(3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.aclose)
                for _ in range(turns):
                    await checkpoint()
                tasks.cancel_scope.cancel()
        await until(lambda: open_files() <= before - 5)


async def test_calls_in_progress_finish_when_the_client_is_closed(
    kind: Kind, server: Server
) -> None:
    """Their connections are closed then, not kept."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    finished: list[Any] = []
    async with kind.client(server.url) as portone:

        async def call() -> None:
            finished.append(await get_paid(portone, "order-1"))

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(call)
                await server.until(lambda: len(server.requests) == 3)
                await portone.aclose()
                gate.set()
            await server.until(lambda: server.open == 0)
    assert len(finished) == 3


async def test_calls_that_wait_for_a_connection_end_when_the_client_is_closed(
    kind: Kind, server: Server
) -> None:
    """They have sent nothing, and they send nothing."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    ends: list[str] = []
    async with kind.client(server.url, max_connections=1) as portone:

        async def call(payment_id: str) -> None:
            try:
                await portone.payment.get_payment(payment_id)
                ends.append("response")
            except errors.ClientClosedError:
                ends.append("closed")

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(3):
                    tasks.start_soon(call, f"order-{number}")
                await server.until(lambda: len(server.requests) == 1)
                await anyio.wait_all_tasks_blocked()
                await portone.aclose()
                gate.set()
            await server.until(lambda: server.open == 0)
    assert sorted(ends) == ["closed", "closed", "response"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("step", [empty(503), reset()], ids=["503", "reset"])
async def test_a_call_between_attempts_ends_when_the_client_is_closed(
    kind: Kind, server: Server, step: Step
) -> None:
    """With the failure that it met, as that may have reached PortOne."""
    server.plays(step)
    closed = anyio.Event()

    async def sleep(_: float) -> None:
        await portone.aclose()
        closed.set()

    async with kind.client(server.url, retry=RetryPolicy(sleep=sleep)) as portone:
        with pytest.raises(errors.PortOneError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
        await server.until(lambda: server.open == 0)
    assert closed.is_set()
    assert isinstance(caught.value, errors.ServiceUnavailableError | errors.APIConnectionError)
    assert caught.value.may_have_reached
    assert len(server.requests) == 1


async def test_a_client_closed_before_a_retry_does_not_deny_the_first_attempt(
    kind: Kind, server: Server
) -> None:
    """`ClientClosedError` says that nothing was sent; here something was."""
    first, second = anyio.Event(), anyio.Event()
    server.plays(when(first, reset()), when(second, answer(paid())))
    caught: list[errors.PortOneError] = []
    async with kind.client(server.url, max_connections=1, retry=AT_ONCE) as portone:

        async def cancel() -> None:
            try:
                await portone.payment.cancel_payment("order-1", reason="torn")
            except errors.PortOneError as error:
                caught.append(error)

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(cancel)
                await server.until(lambda: len(server.requests) == 1)
                tasks.start_soon(portone.payment.get_payment, "order-2")
                await anyio.wait_all_tasks_blocked()
                first.set()
                await server.until(lambda: len(server.requests) == 2)
                await anyio.wait_all_tasks_blocked()
                await portone.aclose()
                second.set()
    [error] = caught
    assert isinstance(error, errors.APIConnectionError)
    assert error.may_have_reached
    assert error.request.idempotency_key


async def test_a_connection_that_cannot_be_opened_leaves_room_for_another(
    kind: Kind, refusing: str
) -> None:
    """However often that happens."""
    async with kind.client(refusing, max_connections=1, max_retries=0) as portone:
        for _ in range(3):
            with anyio.fail_after(PATIENCE), pytest.raises(errors.APIConnectionError) as caught:
                await portone.payment.get_payment("order-1")
            assert not caught.value.may_have_reached
