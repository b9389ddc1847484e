"""The direct transport's HTTP/1.1 as a connection of httpcore's.

Tools that mock, record or trace httpx patch its client, its transport, or httpcore's pool or connection. A call goes through all
four; what is replaced is only what none of them knows: httpcore's reader and its streams, which take more than half of a call's time.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from math import inf
from typing import Any, Final, Protocol

import httpcore

from portone_async._options import Timeout
from portone_async._transport.direct.connection import DirectConnection
from portone_async._transport.direct.connector import Connector
from portone_async._transport.direct.http1 import encode_raw
from portone_async._transport_error import TransportError

OWNER: Final = "portone_async.connection"
"""The extension of a request that holds the `Owner` of the connection that carries it."""


class Owner(Protocol):
    """What the connection is told about a request, and what it tells beside the response."""

    timeout: Timeout
    http1: HTTP1Connection | None
    """Set by the connection when it has carried a request."""
    is_connecting: bool
    """Whether the request is certainly not sent yet."""
    failure: TransportError | None
    """Why there is no response: httpcore's exceptions say less."""


class Pool(httpcore.AsyncConnectionPool):
    """A pool for one connection of the direct transport."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(ssl_context=connector.tls, max_connections=1)
        self._connector: Final = connector

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """Called by httpcore for each connection."""
        connection: Any = super().create_connection(origin)
        # httpcore's connection, as tools patch it, around ours. Where a later version has another name for what is
        # inside, it opens one of its own.
        connection._connection = HTTP1Connection(self._connector)  # noqa: SLF001
        connection._request_lock = nullcontext()  # noqa: SLF001  (of the opening, which is not done there)
        return connection  # pyright: ignore[reportUnknownVariableType]


class HTTP1Connection(httpcore.AsyncConnectionInterface, httpcore.AsyncNetworkStream):
    """A connection of the direct transport, which the first request opens."""

    def __init__(self, connector: Connector) -> None:
        self._connector: Final = connector
        self._connection: DirectConnection | None = None
        self._is_busy = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and return its response, which has arrived. Raises httpcore's exceptions."""
        extensions: Any = request.extensions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        owner: Owner = extensions[OWNER]
        owner.http1 = self
        self._is_busy = True
        try:
            return await self._send(request, owner)
        except TransportError as error:
            owner.failure = error
        finally:
            self._is_busy = False
        raise _httpcore_error(owner.failure)

    async def _send(self, request: httpcore.Request, owner: Owner) -> httpcore.Response:
        stream: Any = request.stream
        content = b"".join([part async for part in stream])
        if self._connection is None:
            owner.is_connecting = True
            if self._connector.tls is not None:
                # As httpcore does, whatever the user's context offers.
                self._connector.tls.set_alpn_protocols(["http/1.1"])
            self._connection = await self._connector.connect(owner.timeout)
            owner.is_connecting = False
        encoded = partial(encode_raw, request.method, request.url.target, request.headers, content)
        # The time of the whole call is the business of whoever makes it: connecting counts too.
        reader = await self._connection.exchange(
            request.method.decode("latin-1"), encoded, owner.timeout, inf
        )
        headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in reader.headers.items()
        ]
        extensions = {"http_version": b"HTTP/1.1", "network_stream": self}
        return httpcore.Response(
            reader.status, headers=headers, content=reader.content(), extensions=extensions
        )

    async def is_reusable(self) -> bool:
        """Return whether it may carry another request."""
        return self._connection is None or await self._connection.is_reusable()

    async def aclose(self) -> None:
        """Close it."""
        if self._connection is not None:
            await self._connection.aclose()

    # What httpcore asks.

    def get_extra_info(self, info: str) -> Any:
        """Return what tools look up behind a response: `socket`, `ssl_object`, `client_addr` or `server_addr`."""
        names = {"client_addr": "sockname", "server_addr": "peername"}
        name = names.get(info, info)
        return None if self._connection is None else self._connection.get_extra_info(name)

    def is_available(self) -> bool:
        """Return whether it carries no request."""
        return not self._is_busy

    is_idle = is_available

    def has_expired(self) -> bool:
        """No: the pool that it was taken from has looked."""
        return False

    def is_closed(self) -> bool:
        """Return whether it was opened and carries no more requests."""
        return self._connection is not None and self._connection.is_closed

    def info(self) -> str:
        """Describe it."""
        return "portone_async"


def _httpcore_error(failure: TransportError) -> Exception:
    """Return the exception of httpcore's by which tools know such a failure."""
    kind = getattr(httpcore, str(failure).partition(":")[0], None)
    if kind is None:
        kind = httpcore.ReadTimeout if failure.timed_out else httpcore.ReadError
    error: Exception = kind(str(failure))
    return error
