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


def has_unread_data(transport: Any) -> bool:
    """Return whether anything is left, after a response of a one-connection transport was read to its end."""
    try:
        for connection in transport._pool.connections:  # noqa: SLF001  (none if it was closed)
            http = connection._connection  # noqa: SLF001
            network = http._network_stream  # noqa: SLF001
            stream = getattr(network._stream, "transport_stream", network._stream)  # noqa: SLF001
            # What anyio received from asyncio, but has not handed out.
            is_asyncio = sniffio.current_async_library() == "asyncio"
            queued = is_asyncio and bool(stream._protocol.read_queue)  # noqa: SLF001
            if any(http._h11_state.trailing_data) or queued or _tls_has_more(network):  # noqa: SLF001
                return True
    except AttributeError:
        logging.getLogger("portone_async").warning(
            "unknown version of httpx, httpcore or anyio: each connection is used for one request only"
        )
        return True
    return False


def _tls_has_more(network: Any) -> bool:
    """Return whether TLS has, or could decrypt, more than was read."""
    tls = network.get_extra_info("ssl_object")
    try:
        return tls is not None and tls.read(1) is not None
    except ssl.SSLWantReadError:
        return False
    except OSError:
        return True
