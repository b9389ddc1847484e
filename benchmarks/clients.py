"""The contenders. One in a process of its own looks a payment up `count` times with `tasks` tasks, and prints how it went.

`python -m benchmarks.clients NAME URL TASKS COUNT`
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

Call = Callable[[str], Awaitable[Any]]


async def official(url: str) -> Call:
    """The official SDK, typed results."""
    import portone_server_sdk

    client = portone_server_sdk.PaymentClient(secret="x", base_url=url)
    return lambda payment_id: client.get_payment_async(payment_id=payment_id)


async def ours(url: str) -> Call:
    """portone-async as it comes, typed results."""
    from portone_async import PortOne

    return PortOne("x", base_url=url).payment.get_payment


async def ours_fast(url: str) -> Call:
    """portone-async on uvloop, which the extra `[fast]` brings, typed results."""
    return await ours(url)


async def ours_direct(url: str) -> Call:
    """portone-async over httpx's connections, typed results."""
    from portone_async import PortOne

    return PortOne("x", base_url=url, transport="direct").payment.get_payment


async def ours_httpx2(url: str) -> Call:
    """portone-async over httpx2's connections, typed results."""
    from portone_async import PortOne

    return PortOne("x", base_url=url, wire="httpx2").payment.get_payment


async def raw_httpx(url: str) -> Call:
    """A plain httpx client and orjson: dictionaries, no retries, no errors."""
    import httpx
    import orjson

    client = httpx.AsyncClient(timeout=60, base_url=url, headers={"authorization": "PortOne x"})

    async def call(payment_id: str) -> Any:
        return orjson.loads((await client.get(f"/payments/{payment_id}")).content)

    return call


async def raw_aiohttp(url: str) -> Call:
    """A plain aiohttp session and orjson: dictionaries, no retries, no errors."""
    import aiohttp
    import orjson

    session = aiohttp.ClientSession(headers={"authorization": "PortOne x"})

    async def call(payment_id: str) -> Any:
        async with session.get(f"{url}/payments/{payment_id}") as response:
            return orjson.loads(await response.read())

    return call


async def bare_socket(url: str) -> Call:
    """The floor: asyncio streams, one per task, and orjson; the least HTTP that nginx understands."""
    import orjson

    target = urlsplit(url)
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(payment_id: str) -> Any:
        reader, writer = (
            free.pop() if free else await asyncio.open_connection(target.hostname, target.port)
        )
        writer.write(
            f"GET /payments/{payment_id} HTTP/1.1\r\nhost: x\r\nauthorization: PortOne x\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        free.append((reader, writer))
        return orjson.loads(body)

    return call


CONTESTANTS = {
    function.__name__: function
    for function in (
        official,
        ours,
        ours_fast,
        ours_direct,
        ours_httpx2,
        raw_httpx,
        raw_aiohttp,
        bare_socket,
    )
}
# As tables and pictures call them, and what else they are compared with.
LABELS = {
    "official": "portone-server-sdk",
    "ours": "portone-async",
    "ours_fast": "portone-async, uvloop",
    "ours_httpx": "portone-async, httpx",
    "ours_httpx2": "portone-async, httpx2",
    "raw_httpx": "httpx + orjson",
    "raw_aiohttp": "aiohttp + orjson",
    "bare_socket": "bare socket + orjson",
    "orjson": "orjson alone",
    "bare": "no call",
}


def memory() -> int:
    """Resident bytes now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


async def run(call: Call, tasks: int, count: int) -> dict[str, float]:
    """Warm up, then measure."""
    await asyncio.gather(*(call(f"warm-{i}") for i in range(tasks)))
    took = array("d", bytes(8 * count))  # filled before, so that it does not count as grown
    before = memory()
    ids = iter(range(count))

    async def worker() -> None:
        for number in ids:
            asked = time.perf_counter()
            await call(f"order-{number}")
            took[number] = time.perf_counter() - asked

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(tasks)))
    elapsed = time.perf_counter() - started
    grown = memory() - before
    in_order = sorted(took)
    return {
        "rate": count / elapsed,
        "seconds": elapsed,
        "p50": in_order[count // 2],
        "p99": in_order[count * 99 // 100],
        "grown": grown / 1e6,
    }


async def main(name: str, url: str, tasks: int, count: int) -> None:
    """Measure, print, and be gone: some clients cannot be closed, and none is waited for."""
    call = await CONTESTANTS[name](url)
    print(json.dumps(await run(call, tasks, count)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    begin = asyncio.run
    if sys.argv[1] == "ours_fast":
        import uvloop

        begin = uvloop.run
    begin(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
