"""Cancels calls at every point that there is, in a process of its own: whatever is left behind is told at its end.

`python -X dev -W error -m wire.leaks asyncio|uvloop FOLDER`, with the folder of an authority or `-` for no TLS.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import anyio

from portone_async import PortOne, errors
from tests.core.server import PATIENCE, Server, answer, half, reset, serving, stalled, then_close
from tests.core.tls import Authority

TURNS = 30
STEPS = {
    "answer": answer({"status": "PAID"}),
    "stalled": stalled(b"x" * 1_000),
    "half": half(b"x" * 1_000),
    "reset": reset(),
    "closing": then_close(answer({"status": "PAID"})),
}


async def main(authority: Authority | None) -> None:
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context)))
    async with serving(authority and authority.server()) as server:
        calls = 0
        for name, step in STEPS.items():
            server.always = step
            for turns in range(TURNS):
                for way in (by_task, by_scope, by_timeout):
                    await one(server, authority, way, turns)
                    calls += 1
            assert not told, (name, told)
        await server.until(lambda: server.open == 0)
    await asyncio.sleep(0.05)
    gc.collect()
    assert not told, told
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, left
    print("ok", calls)


Way = Callable[[Callable[[], Awaitable[None]], int], Awaitable[None]]


async def one(server: Server, authority: Authority | None, way: Way, turns: int) -> None:
    """A call on a new connection, one after it, and a client that is closed."""
    portone = PortOne(
        "secret",
        base_url=server.url,
        max_connections=1,
        max_retries=0,
        ssl_context=authority and authority.client(),
    )

    async def call() -> None:
        with suppress(errors.APIConnectionError, errors.ResponseError):
            await portone.payment.get_payment("order-1")

    with anyio.fail_after(PATIENCE):
        await way(call, turns)
        await way(call, turns // 2)
        await way(portone.aclose, turns * 2)
        await portone.aclose()


async def turn(turns: int) -> None:
    """Let the loop turn a number of times, some of them with time for the network and for threads."""
    for number in range(turns):
        await asyncio.sleep(0.001 if number % 5 == 4 else 0)


async def by_task(call: Callable[[], Awaitable[None]], turns: int) -> None:
    task = asyncio.ensure_future(call())
    await turn(turns)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def by_scope(call: Callable[[], Awaitable[None]], turns: int) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await turn(turns)
        tasks.cancel_scope.cancel()


async def by_timeout(call: Callable[[], Awaitable[None]], turns: int) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(turns * 0.0003):
            await call()


if __name__ == "__main__":
    logging.disable()  # of handshakes that were cancelled, and of payments with little in them
    loop, folder = sys.argv[1:]
    found = None if folder == "-" else Authority(Path(folder))
    if loop == "uvloop":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main(found))
    else:
        asyncio.run(main(found))
    gc.collect()
