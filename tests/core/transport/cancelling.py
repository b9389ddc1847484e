"""Ways to cancel a call: a task group's, asyncio's own, and a deadline's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Literal

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.core.server import PATIENCE
from tests.core.transport.matrix import Kind

Way = Literal["scope", "task", "timeout"]
WAYS: Final[list[Way]] = ["scope", "task", "timeout"]
Call = Callable[[], Coroutine[Any, Any, Any]]


def require(way: Way, kind: Kind) -> None:
    """Skip the test where there is no such way."""
    if way == "task" and kind.loop == "trio":
        pytest.skip("trio's tasks are cancelled by scopes only")


async def cancel_when(way: Way, call: Call, ready: Callable[[], Awaitable[Any]]) -> None:
    """Begin a call, and cancel it as soon as something has happened."""
    with anyio.fail_after(PATIENCE):
        if way == "task":
            task = asyncio.ensure_future(call())
            await ready()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            return
        async with anyio.create_task_group() as tasks:
            if way == "scope":
                tasks.start_soon(call)
                await ready()
                tasks.cancel_scope.cancel()
                return

            async def end() -> None:
                await ready()
                deadline.deadline = anyio.current_time()

            with anyio.CancelScope() as deadline:
                tasks.start_soon(end)
                await call()
            assert deadline.cancelled_caught
        if asyncio_task := _current_task():
            assert asyncio_task.cancelling() == 0


async def cancel_after(way: Way, call: Call, turns: int) -> None:
    """Begin a call, and cancel it after so many turns of the event loop, if it is not over by then."""

    async def turn() -> None:
        for _ in range(turns):
            await checkpoint()

    if way == "task":
        task = asyncio.ensure_future(call())
        await turn()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return
    async with anyio.create_task_group() as tasks:
        if way == "scope":
            tasks.start_soon(call)
            await turn()
            tasks.cancel_scope.cancel()
            return

        async def end() -> None:
            await turn()
            deadline.deadline = anyio.current_time()

        with anyio.CancelScope() as deadline:
            tasks.start_soon(end)
            await call()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # trio
        return None
