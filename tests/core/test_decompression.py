"""Decompression: a result or an error of our own, within bounded memory and time."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import PortOne, errors, models
from portone_async._decompression import decompress
from portone_async._transport_error import TransportError
from tests.core.conftest import SECRET, WORD, TransportName, Waits, paid
from tests.core.server import Server, answer, gzipped

LIMIT = 1 << 20
TEXT = b'{"status": "PAID"}' * 1000
PACKED = gzip.compress(TEXT, mtime=0)

bodies = st.binary(max_size=200) | st.builds(
    lambda unit, count: unit * count, st.binary(min_size=1, max_size=50), st.integers(0, 3000)
)


@given(st.lists(bodies, min_size=1, max_size=4), st.integers(0, 9), st.integers(0, 100))
def test_what_was_compressed_is_read(members: list[bytes], level: int, zeros: int) -> None:
    """In one member or several, with zeros at the end or without (RFC 1952, 2.2)."""
    content = b"".join(gzip.compress(member, level) for member in members)
    assert decompress(content + bytes(zeros), "gzip", LIMIT) == b"".join(members)


@given(bodies, st.data())
def test_what_was_cut_short_is_refused(body: bytes, data: st.DataObject) -> None:
    """Wherever it was cut."""
    content = gzip.compress(body)
    length = data.draw(st.integers(1, len(content) - 1))
    with pytest.raises(TransportError, match="ends too early") as caught:
        decompress(content[:length], "gzip", LIMIT)
    assert caught.value.is_transient


@given(bodies, st.data())
def test_what_is_damaged_is_refused_or_harmless(body: bytes, data: st.DataObject) -> None:
    """A flipped bit is found by the checksum, unless it is in what nobody reads: the time, say."""
    content = bytearray(gzip.compress(body))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(TransportError):
        assert decompress(bytes(content), "gzip", LIMIT) == body


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (WORD.encode(), "is damaged"),
        (zlib.compress(TEXT), "is damaged"),
        (bytes(100), "is damaged"),
        (PACKED[:-8] + bytes(8), "is damaged"),
        (PACKED + WORD.encode(), "is damaged"),
        (PACKED + bytes(3) + PACKED, "has something behind its end"),
        (PACKED + PACKED[:-1], "ends too early"),
        (PACKED[:1], "ends too early"),
    ],
)
def test_what_is_not_gzip_is_refused(content: bytes, problem: str) -> None:
    """Without its bytes in the error, or in one that is attached to it."""
    with pytest.raises(TransportError, match=problem) as caught:
        decompress(content, "gzip", LIMIT)
    assert WORD not in f"{caught.value!r}"
    assert caught.value.__context__ is None


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "compress", "gzip, gzip", "x", "*"])
def test_a_compression_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(TransportError, match="was not asked for") as caught:
        decompress(PACKED, encoding, LIMIT)
    assert not caught.value.is_transient
    assert decompress(b"", encoding, LIMIT) == b""  # of HEAD, say


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_has_two_names(encoding: str) -> None:
    """In any case (RFC 9110, 8.4.1)."""
    assert decompress(PACKED, encoding, LIMIT) == TEXT


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_what_is_not_compressed_stays_as_it_is(encoding: str) -> None:
    assert decompress(PACKED, encoding, 1) is PACKED


def test_the_limit_counts_what_comes_out() -> None:
    """Of all members together; a retry would not help."""
    assert decompress(PACKED, "gzip", len(TEXT)) == TEXT
    for content, limit in ((PACKED, len(TEXT) - 1), (PACKED * 2, len(TEXT) * 2 - 1)):
        with pytest.raises(
            TransportError, match=f"larger than max_response_size .{limit:,} bytes."
        ) as e:
            decompress(content, "gzip", limit)
        assert not e.value.is_transient


def bomb(size: int) -> bytes:
    """That many zeros, compressed to a thousandth; they never come to an end."""
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 20)
    # Blocks that do not refer to one another can be repeated.
    first, next_ = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + next_ * ((size >> 20) - 1)


def test_a_small_response_that_grows_without_end_takes_bounded_memory() -> None:
    """2 MB that are 2 GB: no more than the limit is ever held."""
    content = bomb(2 << 30)
    assert len(content) < 3_000_000
    tracemalloc.start()
    try:
        with pytest.raises(TransportError, match="larger than"):
            decompress(content, "gzip", 8 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 << 20


def test_a_response_of_many_members_takes_time_by_its_size_only() -> None:
    """100,000 empty members in 2 MB: copying the rest at each end would take the square of that."""
    member = gzip.compress(b"", 1)

    def seconds(members: int) -> float:
        content = member * members
        start = time.process_time()
        assert decompress(content, "gzip", LIMIT) == b""
        return time.process_time() - start

    seconds(1000)
    assert seconds(100_000) < 30 * seconds(10_000)


@pytest.mark.anyio
async def test_a_compressed_response_is_read(server: Server, portone: PortOne) -> None:
    """gzip is asked for and understood, in several members too."""
    content = b'{"status": "PAID", "id": "order-1"}'
    members = gzip.compress(content[:10]) + gzip.compress(content[10:]) + bytes(20)
    server.plays(
        gzipped({"status": "PAID", "id": "order-1"}),
        answer(members, headers={"Content-Encoding": "gzip"}),
    )
    for _ in range(2):
        payment = await portone.payment.get_payment("order-1")
        assert isinstance(payment, models.PaidPayment)
        assert payment.id == "order-1"
    assert server.requests[0].header("accept-encoding") == "gzip"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "content", [PACKED[: len(PACKED) // 2], PACKED[:-8] + bytes(8), WORD.encode()]
)
async def test_a_damaged_response_is_retried(
    server: Server, portone: PortOne, content: bytes
) -> None:
    """And then an error of the connection."""
    damaged = answer(content, headers={"Content-Encoding": "gzip"})
    server.plays(damaged, answer(paid()))
    await portone.payment.get_payment("order-1")
    server.always = damaged
    with pytest.raises(errors.APIConnectionError, match="gzip") as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.attempts == 3
    assert caught.value.may_have_reached
    assert WORD not in str(caught.value)


@pytest.mark.anyio
async def test_a_response_that_grows_beyond_the_limit_is_not_retried(
    server: Server, waits: Waits, transport: TransportName
) -> None:
    """It would be as large again."""
    server.plays(answer(bomb(64 << 20), headers={"Content-Encoding": "gzip"}))
    async with PortOne(
        SECRET,
        base_url=server.url,
        max_response_size=1 << 20,
        retry=waits.policy(),
        transport=transport,
    ) as portone:
        with pytest.raises(errors.APIConnectionError, match="larger than max_response_size"):
            await portone.payment.get_payment("order-1")
    assert waits == []
