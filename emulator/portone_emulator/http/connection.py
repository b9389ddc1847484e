"""Access to the TCP connection from inside the application, which ASGI does not offer."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

EXTENSION = "portone_emulator"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection:
    """The TCP connection of a request."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """Abort the connection with a TCP reset; unsent data is lost."""
        if self._transport.is_closing():
            return
        sock = cast("socket.socket", self._transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def close(self) -> None:
        """Close the connection after flushing written data."""
        self._transport.close()


class ConnectionExposingProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, exposing the connection to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Pass the connection to the application, as an ASGI extension."""
        super().connection_made(transport)
        self.app = cast("Callable[..., Awaitable[None]]", _with(Connection(transport), self.app))


def connection_of(scope: Scope) -> Connection | None:
    """Return the request's connection; `None` in process, where there is no network."""
    return cast("Connection | None", scope.get("extensions", {}).get(EXTENSION))


def _with(connection: Connection, app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[EXTENSION] = connection
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            # A stopping server cancels running requests. uvicorn would log that as a failure and
            # send a response, unless it knows that the connection is lost: it learns so in the next
            # iteration of the event loop.
            connection.reset()
            await asyncio.sleep(0)

    return run
