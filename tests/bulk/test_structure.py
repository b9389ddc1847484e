"""No task is left running, however a lookup ends."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import anyio
import pytest

from portone_async import bulk, errors
from portone_async._errors import RequestInfo

from .conftest import tasks

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_task_left")]


class Calls:
    """A function that never returns, and counters of its calls."""

    def __init__(self) -> None:
        self.running = 0
        self.started = 0

    async def __call__(self, _: int) -> int:
        self.running += 1
        self.started += 1
        try:
            await anyio.sleep_forever()
        finally:
            self.running -= 1
        raise AssertionError


@pytest.fixture
def calls() -> Calls:
    return Calls()


async def test_as_many_calls_run_at_once_as_requested(calls: Calls) -> None:
    async with bulk.lookup(calls, range(100), concurrency=7):
        await anyio.wait_all_tasks_blocked()
        assert calls.running == 7
    assert calls.running == 0


async def test_break_cancels_running_calls() -> None:
    calls = Calls()

    async def first_only(number: int) -> int:
        return await calls(number) if number else number

    before = tasks()
    async with bulk.lookup(first_only, range(100), concurrency=5) as results:
        async for _ in results:
            await anyio.wait_all_tasks_blocked()
            assert calls.running == 5
            break
    assert calls.running == 0
    assert tasks() == before


async def test_a_cancelled_consumer_cancels_running_calls(calls: Calls) -> None:
    with anyio.CancelScope() as scope:
        async with bulk.lookup(calls, range(100)) as results:
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anext(results)
    assert scope.cancelled_caught
    assert calls.running == 0


async def test_a_cancelled_consumer_that_does_not_wait_cancels_running_calls(calls: Calls) -> None:
    with anyio.CancelScope() as scope:
        async with bulk.lookup(calls, range(100)):
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert calls.running == 0


async def test_a_timeout_ends_it(calls: Calls) -> None:
    async def run() -> None:
        with anyio.fail_after(0.01):
            async with bulk.lookup(calls, range(100)) as results:
                await anext(results)

    with pytest.raises(TimeoutError):
        await run()
    assert calls.running == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_native_asyncio_cancellation_passes_through(calls: Calls, anyio_backend: str) -> None:
    async def run() -> None:
        async with bulk.lookup(calls, range(100)) as results:
            await anext(results)

    task = asyncio.create_task(run())
    await anyio.wait_all_tasks_blocked()
    assert calls.running == 50
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert calls.running == 0

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await run()
    assert calls.running == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_call_cancelled_from_outside_does_not_look_like_the_end(
    anyio_backend: str,
) -> None:
    async def wait(number: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async def run() -> None:
        async with bulk.lookup(wait, range(3)) as results:
            async for _ in results:
                pass

    with pytest.raises(RuntimeError, match="cancelled from outside"):
        await run()


async def test_an_async_generator_is_closed_with_the_block() -> None:
    closed: list[bool] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(1000):
                yield number
        finally:
            closed.append(True)

    async def echo(number: int) -> int:
        return number

    async with bulk.lookup(echo, numbers(), concurrency=1) as results:
        await anext(results)
    assert closed == [True]


async def test_a_failed_result_keeps_no_later_argument_alive() -> None:
    class Thing:
        pass

    kept: list[weakref.ref[Thing]] = []

    async def fail_first(thing: Thing) -> None:
        if not kept:
            kept.append(weakref.ref(thing))
            raise errors.APIError(status=404, request=RequestInfo("GET", "/"))
        kept.append(weakref.ref(thing))

    async with bulk.lookup(fail_first, (Thing() for _ in range(3)), concurrency=1) as results:
        first = await anext(results)
        await anext(results)
        await anext(results)
    gc.collect()
    assert first.error is not None
    assert [ref() is not None for ref in kept] == [True, False, False]
