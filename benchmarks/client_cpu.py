"""CPU time of one call over a null transport: what a client itself costs, without network, server or HTTP parsing.

Everything below httpx's client is replaced by a transport that returns the sample payment at once: it stands in for
`httpx.AsyncHTTPTransport`, and so is under the official SDK's clients and ours alike. The contenders take turns in one
process, so that whatever else slows the machine down slows them all.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from benchmarks import cores
from benchmarks.contenders import CONTENDERS, CREDENTIAL, Call
from benchmarks.sample import CONTENT
from benchmarks.section import Section, summarize
from portone_async import PortOne

ROUNDS = 25
CALLS = 200
URL = "http://127.0.0.1:9"  # port 9, discard: a client that bypasses the null transport fails to connect
# As nginx sends them.
HEADERS = [
    (b"Server", b"nginx"),
    (b"Date", b"Mon, 01 Jan 2024 00:00:03 GMT"),
    (b"Content-Type", b"application/json"),
    (b"Content-Length", str(len(CONTENT)).encode()),
    (b"Last-Modified", b"Mon, 01 Jan 2024 00:00:00 GMT"),
    (b"Connection", b"keep-alive"),
    (b"ETag", b'"65920080-95f"'),
    (b"Accept-Ranges", b"bytes"),
]


class NullTransport(httpx.AsyncBaseTransport):
    """Returns the sample payment to every request, at once."""

    requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002
        """Count the request and return the payment."""
        NullTransport.requests += 1
        return httpx.Response(
            200,
            headers=HEADERS,
            stream=httpx.ByteStream(CONTENT),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"OK"},
        )


async def ours_http_client_httpx(url: str) -> Call:
    """portone-async over an `httpx.AsyncClient` of the caller's."""
    client = httpx.AsyncClient(transport=NullTransport())
    return PortOne(CREDENTIAL, base_url=url, http_client=client).payment.get_payment


NAMES = ("official", "ours", "ours_http_client_httpx", "raw_httpx")


async def seconds(call: Call) -> float:
    """CPU seconds of one call, one call at a time."""
    before = NullTransport.requests
    started = time.process_time()
    for number in range(CALLS):
        await call(f"order-{number}")
    elapsed = time.process_time() - started
    if NullTransport.requests != before + CALLS:
        raise RuntimeError("a contender does not send by the null transport")
    return elapsed / CALLS


async def run() -> dict[str, list[float]]:
    """Let the contenders take turns; a first round, not counted, opens what they keep open."""
    replaced: Any = httpx.AsyncHTTPTransport
    replaced.handle_async_request = NullTransport.handle_async_request
    builders = CONTENDERS | {"ours_http_client_httpx": ours_http_client_httpx}
    calls = {name: await builders[name](URL) for name in NAMES}
    rounds: dict[str, list[float]] = {name: [] for name in NAMES}
    for number in range(ROUNDS + 1):
        for name, call in calls.items():
            measured = await seconds(call)
            if number > 0:
                rounds[name].append(measured)
    return rounds


def measure() -> dict[str, Section]:
    """Measure all contenders in this process."""
    with cores.measured():
        rounds = asyncio.run(run())
    return {
        "client_cpu": Section(
            title="CPU of one call over a null transport",
            unit="s",
            cases={"one call": summarize(rounds)},
        )
    }
