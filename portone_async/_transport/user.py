"""The user's own client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define, field

from portone_async._errors import ClientClosedError, InvalidArgumentError
from portone_async._operation import Timeout
from portone_async._request import Request
from portone_async._transport.interface import Answer, Sink, fault, quiet_cause

if TYPE_CHECKING:
    from portone_async._client import HTTPClient


@define(eq=False)
class UserClient:
    """An `httpx.AsyncClient` or `httpx2.AsyncClient`, which stays the user's to close."""

    client: HTTPClient
    _faults: tuple[type[Exception], ...] = field(init=False)
    _invalid: tuple[type[Exception], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        modules = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
        names = ("TransportError", "DecodingError", "StreamError")
        self._faults = tuple(getattr(module, name) for module in modules for name in names)
        self._invalid = tuple(module.InvalidURL for module in modules)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt by the user's client."""
        client: Any = self.client
        if getattr(client, "is_closed", False):
            raise ClientClosedError("the http_client is closed")
        try:
            built = client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                extensions={"timeout": timeout.limits},
            )
        except self._invalid:
            # From None: the message may repeat what is wrong with the URL, and so an id.
            raise InvalidArgumentError(
                f"{request.info} has no valid URL: it is too long, or base_url is wrong"
            ) from None
        try:
            # No redirects: the secret goes where it was meant to go, and nowhere else.
            response = await client.send(built, stream=True, follow_redirects=False, auth=None)
            return await _read(response, sink)
        except (*self._faults, OSError) as error:
            raise fault(error) from quiet_cause(error)

    async def aclose(self) -> None:
        """Nothing: the client is the user's."""


async def _read(response: Any, sink: Sink | None) -> Answer:
    headers = dict(response.headers)
    try:
        if sink is None or not response.is_success:
            return Answer(response.status_code, headers, await response.aread())
        async for piece in response.aiter_bytes():
            await sink(piece)
        return Answer(response.status_code, headers, b"")
    finally:
        if not response.is_closed:
            with anyio.CancelScope(shield=True):
                await response.aclose()
