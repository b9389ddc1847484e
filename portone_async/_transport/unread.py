"""Whether a connection of httpx's holds more than the response that was read from it.

httpx trusts that a server sends one response for each request. If it sent more, the rest would be taken for the
response to the next request, which is somebody else's. No public interface shows such bytes, so this is the one
place that looks at private attributes; where they are gone, no connection is used twice.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any

import sniffio


def is_drained(transport: Any) -> bool:
    """Return whether a one-connection transport is still connected, and nothing is left behind the response."""
    try:
        for connection in transport._pool.connections:  # noqa: SLF001  (none if it was closed)
            while not hasattr(connection, "_h11_state"):
                connection = connection._connection  # noqa: PLW2901, SLF001  (of a proxy, or not HTTP's own)
            left = connection._h11_state.trailing_data[0]  # noqa: SLF001
            return not left and not _has_unread_data(connection._network_stream._stream)  # noqa: SLF001
    except (AttributeError, LookupError, TypeError):
        logging.getLogger("portone_async").warning(
            "unknown version of httpx, httpcore or anyio: each connection is used for one request only"
        )
        return False
    return transport.stream is None  # it was closed with its response, or a mock stood in for it


def _has_unread_data(stream: Any) -> bool:
    """Return whether a stream of anyio's or trio's holds, or could decrypt, more than was read."""
    if not hasattr(stream, "transport_stream"):
        # What anyio received from asyncio, but has not handed out. A socket of trio's holds nothing.
        is_asyncio = sniffio.current_async_library() == "asyncio"
        return bool(stream._protocol.read_queue) if is_asyncio else not stream.socket  # noqa: SLF001
    try:
        stream._ssl_object.read(1)  # noqa: SLF001
    except ssl.SSLWantReadError:
        return _has_unread_data(stream.transport_stream)
    except OSError:
        pass
    return True
