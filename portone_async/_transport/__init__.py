"""The wire: the one package that knows httpx, httpx2 and aiohttp.

`open_transport` gives the built-in wire, `UserClient` sends by the user's own client. Both take one request and
give one answer; retries, errors and models are none of their business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portone_async._transport.interface import Answer, Sink, Transport, TransportFault
from portone_async._transport.proxies import environment_proxy
from portone_async._transport.user import UserClient

if TYPE_CHECKING:
    from portone_async._operation import Wire

__all__ = [
    "Answer",
    "Sink",
    "Transport",
    "TransportFault",
    "UserClient",
    "environment_proxy",
    "open_transport",
]


def open_transport(base_url: str, limit: int, wire: Wire) -> Transport:
    """The built-in wire of a client: at most `limit` requests at once.

    Raises `InvalidArgumentError` if the wire's extra is not installed.
    """
    if wire == "aiohttp":
        from portone_async._transport.session import Session  # noqa: PLC0415  (an extra)

        return Session(base_url, limit)
    from portone_async._transport.lanes import Lanes  # noqa: PLC0415  (its library may be an extra)

    return Lanes(base_url, limit, wire)
