"""The compression that the client asks for (RFC 1952), within a limit: no input or output."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from portone_async._transport_error import TransportError, too_large

_GZIP: Final = 16 + zlib.MAX_WBITS
_INPUT: Final = 1 << 14
_OUTPUT: Final = 1 << 20


def decompress(content: bytes, encoding: str, limit: int) -> bytes:
    """Return a body without its content encoding. Raises `TransportError`.

    gzip of one member or several, with or without zeros at the end; the size is checked while it grows.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity") or not content:
        return content
    if encoding not in ("gzip", "x-gzip"):
        raise _damaged("the response has a compression that was not asked for", is_transient=False)
    try:
        pieces = list(_members(content, limit))
    except zlib.error:
        pieces = None
    if pieces is None:  # not within `except`
        raise _damaged("the response is damaged (gzip)")
    return b"".join(pieces)


def _members(content: bytes, limit: int) -> Iterator[bytes]:
    """Yield what is in each member, piece by piece.

    The input is fed in pieces too: zlib copies what it leaves of one, at the end of each member for example.
    """
    view = memoryview(content)
    position = size = 0
    while position < len(view):
        member = zlib.decompressobj(_GZIP)
        rest: bytes | memoryview = b""
        while not member.eof:
            if not rest:
                rest = view[position : position + _INPUT]
                position += len(rest)
            if not rest:
                raise _damaged("the response ends too early (gzip)")
            piece = member.decompress(rest, _OUTPUT)
            rest = member.unconsumed_tail
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            yield piece
        position -= len(member.unused_data)
        if content[position : position + 1] == b"\0":
            if content[position:].strip(b"\0"):
                raise _damaged("the response has something behind its end (gzip)")
            return


def _damaged(problem: str, *, is_transient: bool = True) -> TransportError:
    return TransportError(problem, may_have_reached=True, is_transient=is_transient)
