"""What a transport is."""

from __future__ import annotations

from typing import Final, Protocol

from portone_async._options import Timeout
from portone_async._request import Request
from portone_async._response import RawResponse

KEEPALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""


class Transport(Protocol):
    """Sends one request and reads its response, which is still compressed."""

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:
        """Make one attempt, within `timeout.total`. Raises `TransportError`."""
        ...

    async def aclose(self) -> None: ...
