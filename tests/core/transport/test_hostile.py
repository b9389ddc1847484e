"""Slow and hostile servers: each ends by a timeout or by `max_response_size`, in bounded memory."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio
import pytest

from portone_async import RequestOptions, Timeout, errors
from tests.core.server import PATIENCE, Exchange, Server, Step, answer, head
from tests.core.transport.matrix import Kind

pytestmark = pytest.mark.anyio
MEGABYTE = 1 << 20
TOTAL = RequestOptions(max_retries=0, timeout=Timeout(read=5, total=0.12))


@contextmanager
def peak_memory() -> Generator[Callable[[], int]]:
    """Measure by how many bytes the memory in use grows at most, the server's own share included."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    peak = 0
    try:
        yield lambda: peak
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def endlessly(start: bytes, *pieces: bytes, pause: float = 0.0) -> Step:
    """A start, and then the same pieces again and again."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(start)
        while True:
            for piece in pieces:
                await exchange.write(piece)
                if pause:
                    await anyio.sleep(pause)

    return Step(play)


CHUNKED = head(200, {"Transfer-Encoding": "chunked"})
NEVER_TOO_MUCH = {
    "a byte of the head now and then": endlessly(b"HTTP/1.1 200 ", b"x", pause=0.01),
    "a byte of the body now and then": endlessly(
        head(200, {"Content-Length": "9999"}), b" ", pause=0.01
    ),
    "a chunk now and then": endlessly(CHUNKED, b"1\r\n \r\n", pause=0.01),
    "a 1xx now and then": endlessly(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.01),
    "endless 1xx": endlessly(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
    "a trailer now and then": endlessly(CHUNKED + b"0\r\n", b"a: b\r\n", pause=0.01),
}


@pytest.mark.parametrize("step", NEVER_TOO_MUCH.values(), ids=NEVER_TOO_MUCH)
async def test_what_never_ends_and_is_never_too_much_ends_with_the_total(
    kind: Kind, server: Server, step: Step
) -> None:
    """Each byte begins the time to read anew, but not that of the call."""
    server.plays(answer({}), step)
    async with kind.client(server.url) as portone:
        await portone.request("GET", "/")
        started = time.monotonic()
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.get_payment("order-1", options=TOTAL)
        assert time.monotonic() - started < 2
        assert caught.value.may_have_reached
        await server.until(lambda: server.open == 0)


TOO_MUCH = {
    "trailers": endlessly(CHUNKED + b"0\r\n", b"a: b\r\n" * 1_000),
    "headers": endlessly(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1_000),
    "a header": endlessly(b"HTTP/1.1 200 OK\r\na: ", b"x" * 10_000),
    "a chunk extension": endlessly(CHUNKED + b"1;", b"x" * 10_000),
    "a chunk size": endlessly(CHUNKED, b"0" * 10_000),
}


@pytest.mark.parametrize("step", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_endless_lines_are_an_error(kind: Kind, server: Server, step: Step) -> None:
    """Of the protocol or, for what is read and dropped, of time."""
    server.plays(answer({}), step)
    async with kind.client(server.url) as portone:
        await portone.request("GET", "/")
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1", options=TOTAL)
        assert caught.value.may_have_reached
        await server.until(lambda: server.open == 0)


BODIES = {
    "until the end": endlessly(head(200, {}), b"x" * 65_536),
    "of a length": endlessly(head(200, {"Content-Length": str(10**12)}), b"x" * 65_536),
    "in chunks": endlessly(CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
    "in tiny chunks": endlessly(CHUNKED, b"2\r\nxy\r\n" * 8_000),
}


@pytest.mark.parametrize("step", BODIES.values(), ids=BODIES)
async def test_an_endless_body_ends_at_the_limit(kind: Kind, server: Server, step: Step) -> None:
    """Soon after it, whatever the framing; it is not transient, so not asked for again."""
    server.plays(step, answer({}))
    async with kind.client(server.url, max_response_size=20_000) as portone:
        with (
            peak_memory() as peak,
            anyio.fail_after(4 * PATIENCE),
            pytest.raises(errors.APIConnectionError, match="max_response_size") as caught,
        ):
            await portone.payment.get_payment("order-1")
        assert caught.value.may_have_reached
        assert not caught.value.is_transient
        assert caught.value.attempts == 1
        assert peak() < 4 * MEGABYTE
        await server.until(lambda: server.open == 0)
        await portone.request("GET", "/")


async def test_a_body_may_be_as_large_as_the_limit(kind: Kind, server: Server) -> None:
    """Not a byte more."""
    server.plays(answer(b" " * MEGABYTE), answer(b" " * (MEGABYTE + 1)))
    async with kind.client(server.url, max_response_size=MEGABYTE, max_retries=0) as portone:
        assert len((await portone.request("GET", "/")).content) == MEGABYTE
        with pytest.raises(errors.APIConnectionError, match="max_response_size"):
            await portone.request("GET", "/")


@pytest.fixture(scope="module")
def gzip_bomb() -> bytes:
    """2 GiB in 2 MiB: the same 16 MiB of zeros again and again."""
    start = zlib.compressobj(wbits=31).flush(zlib.Z_SYNC_FLUSH)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    zeros = packer.compress(bytes(16 * MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + zeros * 128


async def test_a_gzip_bomb_ends_at_the_limit(kind: Kind, server: Server, gzip_bomb: bytes) -> None:
    """2 MiB are received of it, and no more than the limit is unpacked; an event hook that reads would do so first."""
    assert len(gzip_bomb) < 3 * MEGABYTE
    server.plays(answer(gzip_bomb, headers={"Content-Encoding": "gzip"}))
    async with kind.client(server.url, max_response_size=8 * MEGABYTE) as portone:
        with (
            peak_memory() as peak,
            anyio.fail_after(2 * PATIENCE),
            pytest.raises(errors.APIConnectionError, match="max_response_size") as caught,
        ):
            await portone.payment.get_payment("order-1")
        assert caught.value.attempts == 1
        assert peak() < 32 * MEGABYTE


async def test_a_response_in_tiny_chunks_takes_little_more_memory_than_its_size(
    kind: Kind, server: Server
) -> None:
    """Not an object for each chunk until the end."""
    count = 30_000
    data = b"2\r\nxy\r\n" * count + b"0\r\n\r\n"

    async def play(exchange: Exchange) -> None:
        await exchange.write(CHUNKED)
        for start in range(0, len(data), 20_000):
            await exchange.write(data[start : start + 20_000])

    server.plays(Step(play), Step(play))
    async with kind.client(server.url) as portone:
        await portone.request("GET", "/")  # what is imported by a first call is not of interest
        with peak_memory() as peak:
            response = await portone.request("GET", "/")
        assert len(response.content) == 2 * count
        assert peak() < 800_000
