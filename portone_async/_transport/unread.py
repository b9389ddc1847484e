"""Whether a connection of httpx's holds more than the response that was read from it.

httpx reads what the server sends and then trusts that it was one response. If it was more, the rest would be
taken for the response to the next request, which is somebody else's. No public interface shows such bytes, so
this is the one place that looks at private attributes; where they are gone, no connection is used twice.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any, Final

import sniffio

logger: Final = logging.getLogger("portone_async")


def has_unread_data(transport: Any) -> bool:
    """Return whether anything is left, after a response of a one-connection transport was read to its end."""
    try:
        connections = transport._pool.connections  # noqa: SLF001
        if not connections:
            return False  # closed together with its response
        http = connections[0]._connection  # noqa: SLF001
        data, ended = http._h11_state.trailing_data  # noqa: SLF001
        network = http._network_stream  # noqa: SLF001
        return bool(data) or ended or _is_queued(network) or _is_decryptable(network)
    except AttributeError:
        logger.warning(
            "this version of httpx, httpcore or anyio is unknown: each connection is used for one request only"
        )
        return True


def _is_queued(network: Any) -> bool:
    """Return whether anyio received more from asyncio than it has handed out."""
    if sniffio.current_async_library() != "asyncio":
        return False
    stream = network._stream  # noqa: SLF001
    stream = getattr(stream, "transport_stream", stream)
    return bool(stream._protocol.read_queue)  # noqa: SLF001


def _is_decryptable(network: Any) -> bool:
    """Return whether TLS has, or could decrypt, more than was read."""
    ssl_object = network.get_extra_info("ssl_object")
    if ssl_object is None:
        return False
    try:
        ssl_object.read(1)
    except ssl.SSLWantReadError:
        return False
    except (ssl.SSLError, OSError):
        pass
    return True
