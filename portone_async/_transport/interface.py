"""What a transport is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from portone_async._options import Timeout
    from portone_async._request import Request
    from portone_async._response import RawResponse
    from portone_async._transport.pool import ConnectionPools


class Transport(Protocol):
    """Sends one request and reads its response, which is still compressed."""

    @property
    def pools(self) -> ConnectionPools[Any] | None:
        """Its connections; `None` where they are those of the user's client."""

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:
        """Make one attempt, within `timeout.total`. Raises `TransportError`."""
        ...

    async def aclose(self) -> None: ...
