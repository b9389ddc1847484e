"""Cancels calls in a process of its own, which fails if anything is left behind.

`python -X dev -W error -m tests.core.transport.leaks TRANSPORT LOOP FOLDER SEED COUNT`, with the folder of an
authority. Python's development mode finds what was never closed or never awaited.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import ssl
import sys
import warnings
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from portone_async import PortOne, RequestOptions, Timeout, errors
from tests.core.server import (
    PATIENCE,
    Exchange,
    Hangup,
    Server,
    Step,
    answer,
    half,
    reset,
    serving,
    stalled,
    then_close,
)
from tests.core.tls import Authority
from tests.core.transport.matrix import EXHAUSTIVE, ONCE, Kind
from tests.core.transport.servers import check_capacity, get_paid, named, open_files, requested_id

CONNECTIONS = 5
CONCURRENCY = 50
STEPS = {
    "response": Step(lambda exchange: exchange.write(named(requested_id(exchange)))),
    "stalled": stalled(b"x" * 1_000),
    "half": half(b"x" * 1_000),
    "reset": reset(),
    "closing": then_close(answer({"status": "PAID"})),
}
Call = Callable[[], Coroutine[Any, Any, None]]
problems: list[str] = []


async def main(kind: Kind, authority: Authority, seed: int, count: int) -> None:
    if kind.loop != "trio":
        loop = asyncio.get_running_loop()
        loop.set_debug(False)  # slow, and of no use here
        loop.set_exception_handler(lambda _, context: problems.append(str(context)))
    chance = random.Random(seed)
    for tls in (None, authority.server()):
        trust = tls and authority.client()
        async with serving(tls) as server:
            await warm_up(kind, server, trust)
            before = resources()
            await cancel_at_each_turn(kind, server, trust)
            await cancel_at_random(kind, server, trust, chance, count // 2)
            await server.until(lambda: server.open == 0)
            await settle()
            assert resources() == before, (before, resources())
    assert not problems, problems


async def warm_up(kind: Kind, server: Server, trust: ssl.SSLContext | None) -> None:
    """Have everything imported, and the loop's own files opened."""
    server.always = answer({"status": "PAID"})
    async with kind.client(server.url, ssl_context=trust) as portone:
        await portone.payment.get_payment("order-1")
    await server.until(lambda: server.open == 0)
    await settle()


async def settle() -> None:
    for _ in range(20):
        await checkpoint()
    gc.collect()
    for _ in range(20):
        await checkpoint()


def resources() -> dict[str, int]:
    """What the process has open, and what runs in it."""
    return {"files": open_files(), "tasks": len(anyio.get_running_tasks())}


# At each turn of the event loop


async def cancel_at_each_turn(kind: Kind, server: Server, trust: ssl.SSLContext | None) -> None:
    """Cancel a call on a new connection, one after it, and the closing of the client."""
    ways = [by_scope, by_task] if kind.loop != "trio" else [by_scope]
    for name, step in STEPS.items():
        server.always = step
        for turns in range(0, 24, 1 if EXHAUSTIVE else 4):
            for way in ways:
                await one(kind, server, trust, way, turns)
        assert not problems, (name, problems)


async def one(
    kind: Kind, server: Server, trust: ssl.SSLContext | None, way: Way, turns: int
) -> None:
    portone = PortOne(
        "secret",
        base_url=server.url,
        transport=kind.transport,
        max_connections=1,
        max_retries=0,
        ssl_context=trust,
    )

    async def call() -> None:
        with suppress(errors.APIConnectionError, errors.ResponseError):
            await portone.payment.get_payment("order-1")

    with anyio.fail_after(PATIENCE):
        await way(call, turns)
        await way(call, turns // 2)
        await way(portone.aclose, turns * 2)
        await portone.aclose()


Way = Callable[[Call, int], Coroutine[Any, Any, None]]


async def turn(turns: int) -> None:
    """Let the loop turn a number of times, some of them with time for the network."""
    for number in range(turns):
        if number % 5 == 4:
            await anyio.sleep(0.001)
        else:
            await checkpoint()


async def by_task(call: Call, turns: int) -> None:
    task = asyncio.ensure_future(call())
    await turn(turns)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def by_scope(call: Call, turns: int) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await turn(turns)
        tasks.cancel_scope.cancel()


# At random moments


async def cancel_at_random(
    kind: Kind,
    server: Server,
    trust: ssl.SSLContext | None,
    chance: random.Random,
    count: int,
) -> None:
    """Many calls over few connections, cancelled or out of time whenever it happens to be."""

    async def play(exchange: Exchange) -> None:
        data = named(requested_id(exchange))
        cut = chance.randrange(len(data))
        await exchange.write(data[:cut])
        await turn(chance.randrange(12))
        if chance.random() < 0.1:
            raise Hangup(reset=chance.random() < 0.5)
        await exchange.write(data[cut:])

    server.always = Step(play)
    ends = dict.fromkeys(["response", "cancelled", "timeout", "error"], 0)
    limiter = anyio.Semaphore(CONCURRENCY)
    is_trio = kind.loop == "trio"
    async with kind.client(
        server.url, max_connections=CONNECTIONS, ssl_context=trust, max_retries=0
    ) as portone:

        async def call(number: int) -> None:
            way = chance.choice(["scope", "total"] if is_trio else ["scope", "total", "task"])
            delay = chance.choice([0.0, 0.001, 0.01, 0.05, 60.0]) * (0.5 + chance.random())
            options = ONCE
            if way == "total":
                options = RequestOptions(timeout=Timeout(total=max(delay, 1e-6)))
            try:
                with anyio.move_on_after(delay if way == "scope" else 60) as scope:
                    if way == "task":
                        await within(delay, portone, number, options)
                    else:
                        await get(portone, number, options)
                    ends["response"] += 1
                ends["cancelled"] += scope.cancelled_caught
            except errors.APITimeoutError:
                ends["timeout"] += 1
            except errors.APIConnectionError:
                ends["error"] += 1
            except asyncio.CancelledError:
                if way != "task":
                    raise
                ends["cancelled"] += 1
            finally:
                limiter.release()

        with anyio.fail_after(count * 0.05 + 60):
            async with anyio.create_task_group() as tasks:
                for number in range(count):
                    await limiter.acquire()
                    tasks.start_soon(call, number)
        await check_capacity(portone, server, CONNECTIONS)
    assert min(ends.values()) > 0, ends
    sys.stdout.write(f"{kind} {'TLS' if trust else 'plain'}: {ends}\n")


async def within(delay: float, portone: PortOne, number: int, options: RequestOptions) -> None:
    """Get a payment in a task that is cancelled after a while."""
    task = asyncio.current_task()
    assert task is not None
    handle = asyncio.get_running_loop().call_later(delay, task.cancel)
    try:
        await get(portone, number, options)
    finally:
        handle.cancel()


async def get(portone: PortOne, number: int, options: RequestOptions) -> None:
    payment = await get_paid(portone, f"order-{number}", options)
    assert payment.id == f"order-{number}", (payment.id, number)


def run(kind: Kind, authority: Authority, seed: int, count: int) -> None:
    backend, options = kind.backend
    anyio.run(main, kind, authority, seed, count, backend=backend, backend_options=options)


if __name__ == "__main__":
    logging.disable()  # of handshakes that were cancelled, and of payments with little in them
    # httpx leaves generators suspended when a connection breaks, which trio remarks.
    warnings.filterwarnings("ignore", "Async generator 'http(x|core)", ResourceWarning)
    transport, loop, folder, seed, count = sys.argv[1:]
    run(Kind(transport, loop), Authority(Path(folder)), int(seed), int(count))  # type: ignore[arg-type]
    gc.collect()
    sys.stdout.write("ok\n")
