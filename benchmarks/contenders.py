"""The clients that are compared. Each runs in a process of its own, and prints its measurements as JSON.

`python -m benchmarks.contenders NAME URL TASKS COUNT` looks a payment up COUNT times from TASKS concurrent tasks.
"""

# ruff: noqa: PLC0415  (a process imports one contender's libraries only: they count as its time and memory)

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Call = Callable[[str], Awaitable[Any]]
"""Look up the payment with this id."""
CREDENTIAL = "x"
HEADERS = {"authorization": f"PortOne {CREDENTIAL}"}


async def official(url: str) -> Call:
    """The official SDK, typed results."""
    from portone_server_sdk import PaymentClient

    client: Any = PaymentClient(secret=CREDENTIAL, base_url=url)
    return lambda payment_id: client.get_payment_async(payment_id=payment_id)


async def ours(url: str) -> Call:
    """portone-async with its defaults, typed results."""
    return _ours(url)


async def ours_direct(url: str) -> Call:
    """portone-async over its own HTTP/1.1, typed results."""
    return _ours(url, transport="direct")


async def ours_direct_uvloop(url: str) -> Call:
    """The same on uvloop, from the extra `[fast]`."""
    return await ours_direct(url)


async def ours_http_client_httpx2(url: str) -> Call:
    """portone-async over an `httpx2.AsyncClient` of the caller's, typed results."""
    import httpx2

    return _ours(url, http_client=httpx2.AsyncClient(timeout=60))


def _ours(url: str, **options: Any) -> Call:
    from portone_async import PortOne

    return PortOne(CREDENTIAL, base_url=url, **options).payment.get_payment


async def raw_httpx(url: str) -> Call:
    """A plain httpx client and orjson: dictionaries, no retries, no error handling."""
    import httpx
    import orjson

    client = httpx.AsyncClient(timeout=60, base_url=url, headers=HEADERS)

    async def call(payment_id: str) -> Any:
        return orjson.loads((await client.get(f"/payments/{payment_id}")).content)

    return call


async def raw_httpx2(url: str) -> Call:
    """A plain httpx2 client and orjson: dictionaries, no retries, no error handling."""
    import httpx2
    import orjson

    client = httpx2.AsyncClient(timeout=60, base_url=url, headers=HEADERS)

    async def call(payment_id: str) -> Any:
        return orjson.loads((await client.get(f"/payments/{payment_id}")).content)

    return call


async def raw_aiohttp(url: str) -> Call:
    """A plain aiohttp session and orjson: dictionaries, no retries, no error handling."""
    import orjson

    # Installed by `make bench` only, so an import statement would fail the type checker elsewhere.
    aiohttp: Any = import_module("aiohttp")
    session = aiohttp.ClientSession(headers=HEADERS)

    async def call(payment_id: str) -> Any:
        async with session.get(f"{url}/payments/{payment_id}") as response:
            return orjson.loads(await response.read())

    return call


async def bare_socket(url: str) -> Call:
    """The lower bound: one asyncio stream per task, orjson, and the least HTTP that nginx accepts."""
    import orjson

    target = urlsplit(url)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(payment_id: str) -> Any:
        reader, writer = (
            idle.pop() if idle else await asyncio.open_connection(target.hostname, target.port)
        )
        writer.write(
            f"GET /payments/{payment_id} HTTP/1.1\r\nhost: x\r\nauthorization: PortOne x\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        idle.append((reader, writer))
        return orjson.loads(body)

    return call


CONTENDERS: dict[str, Callable[[str], Awaitable[Call]]] = {
    function.__name__: function
    for function in (
        official,
        ours,
        ours_direct,
        ours_direct_uvloop,
        ours_http_client_httpx2,
        raw_httpx,
        raw_httpx2,
        raw_aiohttp,
        bare_socket,
    )
}
# Their names in tables and charts, and the names of what else they are compared with.
LABELS = {
    "official": "portone-server-sdk",
    "ours": "portone-async",
    "ours_direct": "portone-async, direct",
    "ours_direct_uvloop": "portone-async, direct, uvloop",
    "ours_http_client_httpx2": "portone-async, httpx2 client",
    "ours_http_client_httpx": "portone-async, httpx client",
    "raw_httpx": "httpx + orjson",
    "raw_httpx2": "httpx2 + orjson",
    "raw_aiohttp": "aiohttp + orjson",
    "bare_socket": "bare socket + orjson",
    "orjson": "orjson alone",
    "no_call": "no call",
    "emulator": "portone-emulator",
    "emulator_journal": "with a journal",
    "arrow_1": "1 worker process",
    "arrow_2": "2 worker processes",
    "command_line": "the command line",
    "empty": "empty",
    "payments_10k": "10,000 payments",
    "payments_100k": "100,000 payments",
    "schedules_10k": "10,000 schedules",
    "webhooks_10k": "10,000 webhooks waiting",
    "others_10k": "10,000 billing keys and so on",
}


def resident_memory() -> int:
    """Resident memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def run(call: Call, tasks: int, count: int) -> dict[str, float]:
    """Warm up with one call per task, then measure."""
    await asyncio.gather(*(call(f"warm-{i}") for i in range(tasks)))
    durations = array("d", bytes(8 * count))  # allocated now, so that it does not count as growth
    memory_before = resident_memory()
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            sent = time.perf_counter()
            await call(f"order-{number}")
            durations[number] = time.perf_counter() - sent

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(tasks)))
    elapsed = time.perf_counter() - started
    memory_growth = resident_memory() - memory_before
    ascending = sorted(durations)
    return {
        "rate": count / elapsed,
        "seconds": elapsed,
        "p50": ascending[count // 2],
        "p99": ascending[count * 99 // 100],
        "memory_growth": memory_growth / 1e6,
    }


async def main(name: str, url: str, tasks: int, count: int) -> None:
    """Measure, print, and exit without closing anything: some of the clients cannot be closed."""
    call = await CONTENDERS[name](url)
    print(json.dumps(await run(call, tasks, count)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    run_loop = asyncio.run
    if sys.argv[1].endswith("_uvloop"):
        import uvloop

        run_loop = uvloop.run
    run_loop(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
