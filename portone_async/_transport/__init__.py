"""How bytes travel: the one package that knows httpx, httpx2 and sockets.

`HttpxTransport` is the default and serves the user's own client too, `DirectTransport` is HTTP/1.1 straight on
asyncio. Both send one request and return one response; retries, errors and models are none of their business.
"""

from __future__ import annotations

from portone_async._transport.choice import (
    MAX_RESPONSE_SIZE,
    HTTPClient,
    TransportName,
    TransportOptions,
)
from portone_async._transport.interface import OnChunk, Transport, TransportError
from portone_async._transport.proxies import environment_proxy

__all__ = [
    "MAX_RESPONSE_SIZE",
    "HTTPClient",
    "OnChunk",
    "Transport",
    "TransportError",
    "TransportName",
    "TransportOptions",
    "environment_proxy",
]
