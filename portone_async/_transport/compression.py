"""The compression that the client asks for."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class DecodingError(Exception):
    """A compressed body that is damaged or ends too early."""


def decoder(encoding: str | None) -> Callable[[bytes | None], bytes]:
    """What takes the compression off, piece by piece; `None` is the end of the body."""
    encoding = (encoding or "").strip().lower()
    if encoding in ("", "identity"):
        return lambda piece: piece or b""
    if encoding not in ("gzip", "x-gzip"):
        raise DecodingError("a compression that was not asked for")
    decompressor = zlib.decompressobj(_GZIP)
    began = False

    def decode(piece: bytes | None) -> bytes:
        nonlocal began
        began = began or bool(piece)
        try:
            found = decompressor.flush() if piece is None else decompressor.decompress(piece)
        except zlib.error:
            raise DecodingError("a damaged gzip body") from None
        if piece is None and began and not decompressor.eof:
            raise DecodingError("a gzip body that ends too early")
        if decompressor.unused_data:
            raise DecodingError("a gzip body with something behind it")
        return found

    return decode
