"""CPU time of one call over a null transport: what a client itself costs, without network, server or HTTP parsing.

Everything below httpx's client is replaced by a transport that returns the sample payment at once. It replaces
`httpx.AsyncHTTPTransport` for the whole process, so that it is under the official SDK's clients and ours alike:
`python -m benchmarks.client_cpu NAME`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time

import httpx

from benchmarks import cores
from benchmarks.contenders import CONTENDERS, CREDENTIAL, Call
from benchmarks.sample import CONTENT
from benchmarks.section import Section, summarize
from portone_async import PortOne

ROUNDS = 7
WARM_UP = 200
CALLS = 1_000
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

    def __init__(self) -> None:
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002
        """Count the request and return the payment."""
        self.requests += 1
        return httpx.Response(
            200,
            headers=HEADERS,
            stream=httpx.ByteStream(CONTENT),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"OK"},
        )

    def install(self) -> None:
        """Put this transport in place of httpx's own, in all clients of this process."""
        null = self

        async def handle_async_request(
            self: httpx.AsyncHTTPTransport,  # noqa: ARG001  (the signature is httpx's)
            request: httpx.Request,
        ) -> httpx.Response:
            return await null.handle_async_request(request)

        httpx.AsyncHTTPTransport.handle_async_request = handle_async_request


async def build(name: str, transport: NullTransport) -> Call:
    """Build a contender's client over the null transport."""
    if name == "ours_http_client_httpx":
        client = httpx.AsyncClient(transport=transport)
        return PortOne(CREDENTIAL, base_url=URL, http_client=client).payment.get_payment
    transport.install()
    return await CONTENDERS[name](URL)


NAMES = ("official", "ours", "ours_http_client_httpx", "raw_httpx")


async def seconds(name: str) -> float:
    """CPU seconds of one call, one call at a time."""
    transport = NullTransport()
    call = await build(name, transport)
    for number in range(WARM_UP):
        await call(f"warm-{number}")
    started = time.process_time()
    for number in range(CALLS):
        await call(f"order-{number}")
    elapsed = time.process_time() - started
    if transport.requests != WARM_UP + CALLS:
        raise RuntimeError(f"{name} sent {transport.requests} requests over the null transport")
    return elapsed / CALLS


def run_contender(name: str) -> float:
    """Run one contender in a new process, and return its CPU seconds."""
    with cores.measured():
        finished = subprocess.run(
            [sys.executable, "-m", "benchmarks.client_cpu", name],
            check=True,
            stdout=subprocess.PIPE,
            timeout=300,
        )
    elapsed: float = json.loads(finished.stdout)
    return elapsed


def measure() -> dict[str, Section]:
    """Run the contenders in turn, round by round."""
    rounds: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(ROUNDS):
        for name in NAMES:
            rounds[name].append(run_contender(name))
    return {
        "client_cpu": Section(
            title="CPU of one call over a null transport",
            unit="s",
            cases={"one call": summarize(rounds)},
        )
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(seconds(sys.argv[1]))), flush=True)
    os._exit(0)
