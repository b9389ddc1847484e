"""The wire: the one package that knows sockets, httpx and httpx2.

`Lanes` is the built-in wire, `UserClient` sends by the user's own client. Both take one request and give one
answer; retries, errors and models are none of their business.
"""

from __future__ import annotations

from portone_async._transport.interface import Answer, Sink, Transport, TransportFault
from portone_async._transport.lanes import Lanes
from portone_async._transport.origin import Origin
from portone_async._transport.proxies import environment_proxy
from portone_async._transport.user import UserClient

__all__ = [
    "Answer",
    "Lanes",
    "Origin",
    "Sink",
    "Transport",
    "TransportFault",
    "UserClient",
    "environment_proxy",
]
