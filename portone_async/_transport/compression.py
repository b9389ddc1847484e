"""The compression that the client asks for, decoded piece by piece within a limit."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from portone_async._transport.interface import TransportError, too_large

_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE: Final = 1 << 20

Decode = Callable[[bytes | None], bytes]


def decoder(encoding: str | None, limit: int) -> Decode:
    """Return an incremental decoder; `None` is the end of the body.

    It raises `TransportError` for a body that is damaged, ends too early, or has more than `limit` bytes.
    """
    encoding = (encoding or "").strip().lower()
    if encoding in ("", "identity"):
        return _counting(limit)
    if encoding not in ("gzip", "x-gzip"):
        raise _damaged("has a compression that was not asked for")
    return _Gzip(limit)


def _counting(limit: int) -> Decode:
    size = 0

    def decode(piece: bytes | None) -> bytes:
        nonlocal size
        if piece is None:
            return b""
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        return piece

    return decode


class _Gzip:
    """RFC 1952: one member or several, with or without zeros behind them."""

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._size = 0
        self._member = zlib.decompressobj(_GZIP)
        self._empty = True
        self._padding = False

    def __call__(self, piece: bytes | None) -> bytes:
        if piece is None:
            if not self._empty and not self._member.eof:
                raise _damaged("ends too early (gzip)")
            return b""
        try:
            return b"".join(self._pieces(piece))
        except zlib.error:
            pass
        raise _damaged("is damaged (gzip)")

    def _pieces(self, data: bytes) -> list[bytes]:
        pieces: list[bytes] = []
        while data:
            if self._member.eof:
                # Behind a member stands another one, or zeros to the end.
                rest = data.lstrip(b"\0")
                self._padding = self._padding or len(rest) < len(data)
                if not rest:
                    break
                if self._padding:
                    raise _damaged("has something behind its end (gzip)")
                data, self._member = rest, zlib.decompressobj(_GZIP)
            self._empty = False
            piece = self._member.decompress(data, _PIECE)
            self._size += len(piece)
            if self._size > self._limit:
                raise too_large(self._limit)
            pieces.append(piece)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return pieces


def _damaged(problem: str) -> TransportError:
    return TransportError(f"the body of the response {problem}", may_have_reached=True)
