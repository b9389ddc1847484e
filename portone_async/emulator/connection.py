"""Cutting a connection from inside the application, which ASGI has no word for."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

EXTENSION = "portone_async.emulator"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection:
    """The TCP connection that a request came by."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """Drop the connection with a TCP reset, and what was not sent yet with it."""
        if self._transport.is_closing():
            return
        sock = cast("socket.socket", self._transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def close(self) -> None:
        """Close the connection once what was written is sent."""
        self._transport.close()


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with the connection within the application's reach."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wrap the application for this connection."""
        super().connection_made(transport)
        self.app = cast("Callable[..., Awaitable[None]]", _with(Connection(transport), self.app))


def connection_of(scope: Scope) -> Connection | None:
    """Return the request's connection; none in process, where there is no network to fail."""
    return cast("Connection | None", scope.get("extensions", {}).get(EXTENSION))


def _with(connection: Connection, app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[EXTENSION] = connection
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            # A server that stops cancels what still runs. uvicorn would log it as a failure, and
            # answer, unless it knows that the connection is lost: it does after a turn of the loop.
            connection.reset()
            await asyncio.sleep(0)

    return run
