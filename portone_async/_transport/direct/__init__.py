"""The direct transport: HTTP/1.1 straight on asyncio, with nothing in between, for bulk work."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import sniffio

from portone_async._errors import InvalidArgumentError
from portone_async._options import Timeout
from portone_async._origin import Origin
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._transport.direct.connector import Connector
from portone_async._transport.httpx_transport import tls_context
from portone_async._transport.interface import OnChunk
from portone_async._transport.pool import ConnectionPools

__all__ = ["DirectTransport"]


class DirectTransport:
    """Connections of our own to one server."""

    def __init__(
        self,
        origin: Origin,
        *,
        limit: int,
        ssl_context: ssl.SSLContext | None,
        max_response_size: int,
    ) -> None:
        tls = (ssl_context or tls_context(origin)) if origin.scheme == "https" else None
        self._pools: Final = ConnectionPools(
            limit, Connector(origin, tls, max_response_size).connect
        )

    async def send(
        self, request: Request, timeout: Timeout, on_chunk: OnChunk | None
    ) -> RawResponse:
        """Make one attempt."""
        if sniffio.current_async_library() != "asyncio":
            raise InvalidArgumentError(
                "transport='direct' works on asyncio only: on trio use the default transport"
            )
        pool = self._pools.current()
        ends_at = asyncio.get_running_loop().time() + timeout.total
        connection = await pool.acquire(timeout)
        try:
            return await connection.send(request, timeout, ends_at, on_chunk)
        finally:
            await pool.release(connection)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pools.aclose()
