"""Connections: how many there are, who waits for them, and when they end."""

from __future__ import annotations

import gc
import sys
from typing import Any

import anyio
import pytest

from portone_async import PortOne, RequestOptions, RetryPolicy, Timeout, errors
from tests.core.conftest import SECRET, Waits, paid
from tests.core.server import (
    PATIENCE,
    Exchange,
    Server,
    Step,
    answer,
    empty,
    reset,
    silence,
    then_close,
    when,
)

pytestmark = pytest.mark.anyio


async def test_many_calls_share_few_connections(server: Server) -> None:
    """200 at once over 10 never open an eleventh."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_connections=10) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(portone.payment.get_payment, f"order-{number}")
                await server.until(lambda: len(server.requests) == 10)
                gate.set()
    assert len({request.path for request in server.requests}) == len(server.requests) == 200
    assert server.opened == server.most_open == 10


async def test_calls_one_after_another_share_one_connection(
    server: Server, portone: PortOne
) -> None:
    """The warmest is taken first."""
    server.always = answer(paid())
    for _ in range(10):
        await portone.payment.get_payment("order-1")
    assert server.opened == 1


async def test_errors_do_not_cost_a_connection(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """An answer that was read to its end leaves the connection usable."""
    server.plays(empty(404), empty(503), answer(b"<html>"), answer(paid()), answer(paid()))
    with pytest.raises(errors.NotFoundError):
        await portone.payment.get_payment("order-1")
    await portone.payment.get_payment("order-1")
    await portone.payment.get_payment("order-1")
    assert server.opened == 1


async def test_waiting_for_a_lane_has_an_end(server: Server) -> None:
    """It is a timeout after which nothing was sent; the one that held the lane goes on."""
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())), answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_connections=1, max_retries=0) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                with pytest.raises(errors.APITimeoutError, match="PoolTimeout") as caught:
                    options = RequestOptions(timeout=Timeout(pool=0.02))
                    await portone.payment.get_payment("order-2", options=options)
                assert not caught.value.may_have_reached
                gate.set()
            await portone.payment.get_payment("order-3")
    paths = [request.path for request in server.requests]
    assert paths == ["/payments/order-1", "/payments/order-3"]


async def test_waiting_calls_go_in_turn(server: Server) -> None:
    """First come, first served."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_connections=1) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(10):
                    tasks.start_soon(portone.payment.get_payment, f"order-{number}")
                    await anyio.wait_all_tasks_blocked()
                gate.set()
    assert [request.path for request in server.requests] == [
        f"/payments/order-{number}" for number in range(10)
    ]


async def test_a_connection_closed_while_idle_is_replaced(server: Server, portone: PortOne) -> None:
    """Without the call knowing, nor a retry being spent on it."""
    server.plays(then_close(answer(paid())), answer(paid()))
    await portone.payment.get_payment("order-1")
    await server.until(lambda: server.open == 0)
    await anyio.wait_all_tasks_blocked()
    options = RequestOptions(max_retries=0)
    await portone.payment.get_payment("order-1", options=options)
    assert server.opened == 2


async def test_connection_close_is_obeyed(server: Server, portone: PortOne) -> None:
    """What the server announces."""
    server.always = answer(paid(), headers={"Connection": "close"})
    for _ in range(3):
        await portone.payment.get_payment("order-1")
    assert server.opened == 3
    await server.until(lambda: server.open == 0)


async def test_early_hints_are_passed_over(server: Server, portone: PortOne) -> None:
    """A 1xx is not the answer."""
    final = answer(paid())

    async def play(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await final.play(exchange)

    server.plays(Step(play))
    await portone.payment.get_payment("order-1")


async def test_a_closed_client_says_so(server: Server) -> None:
    """Whether or not it was ever used; closing again does nothing."""
    server.always = answer(paid())
    for used in (True, False):
        portone = PortOne(SECRET, base_url=server.url)
        if used:
            await portone.payment.get_payment("order-1")
        await portone.aclose()
        await portone.aclose()
        for call in (portone.payment.get_payment, lambda path: portone.request("GET", f"/{path}")):
            with pytest.raises(errors.ClientClosedError, match="closed"):
                await call("order-1")
        with pytest.raises(errors.ClientClosedError):
            async with portone:
                pass
    assert len(server.requests) == 1


async def test_closing_closes_the_connections(server: Server) -> None:
    """The server sees the end of each."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    portone = PortOne(SECRET, base_url=server.url)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(portone.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == 5)
            gate.set()
        assert server.open == 5
        await portone.aclose()
        await server.until(lambda: server.open == 0)


async def test_closing_ends_even_in_a_cancelled_scope(server: Server) -> None:
    """`async with` under a deadline leaves no connection behind."""
    server.plays(answer(paid()))
    with anyio.CancelScope() as scope:
        async with PortOne(SECRET, base_url=server.url) as portone:
            await portone.payment.get_payment("order-1")
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    await server.until(lambda: server.open == 0)


async def test_calls_under_way_finish_when_the_client_is_closed(server: Server) -> None:
    """And their connections are closed then, not kept."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    portone = PortOne(SECRET, base_url=server.url)
    finished: list[Any] = []

    async def call() -> None:
        finished.append(await portone.payment.get_payment("order-1"))

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call)
            await server.until(lambda: len(server.requests) == 3)
            await portone.aclose()
            gate.set()
        await server.until(lambda: server.open == 0)
    assert len(finished) == 3


async def test_calls_that_wait_for_a_lane_end_when_the_client_is_closed(server: Server) -> None:
    """They have sent nothing, and they send nothing."""
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    portone = PortOne(SECRET, base_url=server.url, max_connections=1)
    ends: list[str] = []

    async def call(identifier: str) -> None:
        try:
            await portone.payment.get_payment(identifier)
            ends.append("answered")
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
    assert sorted(ends) == ["answered", "closed", "closed"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("step", [empty(503), reset()])
async def test_a_call_between_attempts_ends_when_the_client_is_closed(
    server: Server, step: Step
) -> None:
    """With the failure that it met, as that may have reached PortOne."""
    server.plays(step)
    policy = RetryPolicy(first_delay=0.05, longest_delay=0.05)
    portone = PortOne(SECRET, base_url=server.url, retry=policy)
    caught: list[errors.PortOneError] = []

    async def call() -> None:
        try:
            await portone.payment.cancel_payment("order-1", reason="r")
        except errors.PortOneError as error:
            caught.append(error)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await server.until(lambda: len(server.requests) == 1)
            await portone.aclose()
        await server.until(lambda: server.open == 0)
    assert isinstance(caught[0], errors.ServiceUnavailableError | errors.APIConnectionError)
    assert len(server.requests) == 1


async def test_a_failed_lane_is_given_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be used is this package's error, each time, and without its password."""
    monkeypatch.setenv("HTTP_PROXY", f"gopher://user:{SECRET}@127.0.0.1:1")
    async with PortOne("x", base_url=server.url, max_connections=1) as portone:
        for _ in range(3):
            with anyio.fail_after(PATIENCE):
                with pytest.raises(errors.InvalidArgumentError, match="proxy") as caught:
                    await portone.payment.get_payment("order-1")
            assert SECRET not in repr(caught.value)


@pytest.mark.parametrize(
    "backends", [("asyncio", "asyncio"), ("trio", "trio"), ("asyncio", "trio")]
)
# The connections of a loop that has ended cannot be closed by it any more.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_client_built_at_import_time_serves_one_loop_after_another(
    elsewhere: Server, backends: tuple[str, str]
) -> None:
    """Connections belong to the loop that opened them; the client does not mind."""
    elsewhere.always = answer(paid())
    portone = PortOne(SECRET, base_url=elsewhere.url, max_connections=1)

    async def use() -> None:
        for _ in range(2):
            with anyio.fail_after(PATIENCE):
                await portone.payment.get_payment("order-1")

    async def finish() -> None:
        await use()
        await portone.aclose()
        with pytest.raises(errors.ClientClosedError):
            await use()

    anyio.run(use, backend=backends[0])
    anyio.run(finish, backend=backends[1])
    gc.collect()
    assert len(elsewhere.requests) == 4
    assert elsewhere.opened == 2


async def test_a_call_in_silence_ends_with_its_timeout_and_frees_the_lane(server: Server) -> None:
    """The connection that may yet answer is closed."""
    server.plays(silence(), answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_connections=1, max_retries=0) as portone:
        with pytest.raises(errors.APITimeoutError):
            await portone.payment.get_payment("order-1", options=RequestOptions(timeout=0.02))
        await server.until(lambda: server.open == 0)
        await portone.payment.get_payment("order-1")


@pytest.mark.parametrize("number", [0, -1, True])
def test_max_connections_takes_a_whole_number(number: int) -> None:
    """From 1."""
    with pytest.raises(errors.InvalidArgumentError, match="max_connections"):
        PortOne("x", max_connections=number)


def test_building_a_client_opens_nothing() -> None:
    """Nor does it import what it may never need."""
    import subprocess

    program = (
        "import sys; from portone_async import PortOne; PortOne('x'); "
        "print(sorted({'httpx', 'httpcore', 'ssl'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


async def test_a_client_closed_before_a_retry_does_not_deny_the_first_attempt(
    server: Server, waits: Waits
) -> None:
    """`ClientClosedError` says that nothing was sent; here something was."""
    first, second = anyio.Event(), anyio.Event()
    server.plays(when(first, reset()), when(second, answer(paid())))
    portone = PortOne(SECRET, base_url=server.url, max_connections=1)
    caught: list[errors.PortOneError] = []

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
