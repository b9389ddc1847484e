"""The direct transport: HTTP/1.1 straight on asyncio, with nothing in between, for bulk work."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import anyio  # noqa: TC002
import sniffio

from portone_async._errors import InvalidArgumentError
from portone_async._options import Timeout
from portone_async._origin import Origin
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._transport.direct.connector import Connector
from portone_async._transport.pool import ConnectionPool, ConnectionPools
from portone_async._transport_error import TransportError

__all__ = ["DirectTransport"]


class DirectTransport:
    """Connections of our own to one server."""

    def __init__(
        self, origin: Origin, *, limit: int, tls: ssl.SSLContext | None, max_response_size: int
    ) -> None:
        connector = Connector(origin, tls, max_response_size)
        self.pools: Final = ConnectionPools(lambda: ConnectionPool(limit, connector.connect, _wait))

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:
        """Make one attempt."""
        if sniffio.current_async_library() != "asyncio":
            raise InvalidArgumentError(
                "transport='direct' works on asyncio only: on trio use the default transport"
            )
        ends_at = asyncio.get_running_loop().time() + timeout.total
        pool = self.pools.get()
        connection = await pool.acquire(timeout)
        try:
            return await connection.send(request, timeout, ends_at)
        finally:
            await pool.release(connection, keep=True)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.pools.aclose()


async def _wait(limiter: anyio.Semaphore, timeout: Timeout) -> None:
    try:
        # A scope of anyio's takes several times as long.
        async with asyncio.timeout(min(timeout.pool, timeout.total)):
            await limiter.acquire()
    except TimeoutError:
        raise TransportError(
            "no connection was free", timed_out=True, may_have_reached=False
        ) from None
