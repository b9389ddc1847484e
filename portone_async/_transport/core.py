"""Connections of httpcore, on which httpx stands: for trio, for proxies, and for whoever asks for them."""

from __future__ import annotations

from typing import Any

import anyio
from attrs import define, field

from portone_async._errors import InvalidArgumentError
from portone_async._operation import Timeout
from portone_async._request import Request
from portone_async._response import OK
from portone_async._transport.compression import DecodingError, decoder
from portone_async._transport.interface import (
    KEEPALIVE,
    Answer,
    Sink,
    check_has_end,
    fault,
    joined,
    quiet_cause,
    require,
)
from portone_async._transport.origin import Origin


@define(eq=False)
class Core:
    """httpcore or httpcore2, and what its connections to one server have in common."""

    origin: Origin
    httpx: str
    """The library that stands on it, `httpx` or `httpx2`."""
    core: Any = field(init=False)
    faults: tuple[type[Exception], ...] = field(init=False)
    server: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        extra = "httpx2" if self.httpx == "httpx2" else None
        self.core = core = require("httpcore2" if extra else "httpcore", extra)
        self.faults = (
            core.TimeoutException,
            core.NetworkError,
            core.ProtocolError,
            core.ProxyError,
            core.UnsupportedProtocol,
            core.ConnectionNotAvailable,
            DecodingError,
            OSError,
        )
        self.server = core.Origin(
            self.origin.scheme.encode(), self.origin.host.encode(), self.origin.port
        )

    async def connect(self, _timeout: Timeout) -> CoreConnection:
        """A connection, which opens itself with its first request."""
        if self.origin.proxy is not None:
            return CoreConnection(self, self._through_proxy(self.origin.proxy))
        return CoreConnection(
            self,
            self.core.AsyncHTTPConnection(
                origin=self.server, ssl_context=self.origin.tls, keepalive_expiry=KEEPALIVE
            ),
        )

    def build(self, request: Request, timeout: Timeout) -> Any:
        """A request in httpcore's terms."""
        headers = [(b"host", self.origin.authority.encode())]
        headers += [
            (name.encode("ascii"), value.encode("ascii")) for name, value in request.headers
        ]
        content = request.content or b""
        if request.has_length:
            headers.append((b"content-length", str(len(content)).encode()))
        return self.core.Request(
            request.method,
            self.core.URL(
                scheme=self.server.scheme,
                host=self.server.host,
                port=self.origin.named_port,
                target=request.target.encode("ascii"),
            ),
            headers=headers,
            content=content,
            extensions={"timeout": timeout.limits},
        )

    def _through_proxy(self, url: str) -> Any:
        """A pool with one connection, as it is httpcore's pools that know how to ask a proxy."""
        httpx = require(self.httpx, None)
        try:
            proxy = httpx.Proxy(url)
            address = proxy.url
            kind = (
                self.core.AsyncSOCKSProxy
                if address.scheme.startswith("socks")
                else self.core.AsyncHTTPProxy
            )
            return kind(
                proxy_url=self.core.URL(
                    scheme=address.raw_scheme,
                    host=address.raw_host,
                    port=address.port,
                    target=address.raw_path,
                ),
                proxy_auth=proxy.raw_auth,
                ssl_context=self.origin.tls,
                max_connections=1,
                keepalive_expiry=KEEPALIVE,
            )
        except (ImportError, ValueError, RuntimeError, httpx.InvalidURL):
            # From None: the message may repeat the proxy's password.
            raise InvalidArgumentError(
                "the proxy that the environment names cannot be used: http, https, or socks5 with httpx[socks]"
            ) from None


@define(eq=False)
class CoreConnection:
    """One connection of httpcore."""

    _shared: Core
    _connection: Any
    _broken: bool = field(init=False, default=False)

    async def is_usable(self) -> bool:
        """Whether it is neither closed, nor idle for so long or in such a state that it should be."""
        lane = self._connection
        if self._broken:
            return False
        return not hasattr(lane, "has_expired") or not (lane.is_closed() or lane.has_expired())

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """Send a request and read its answer."""
        try:
            built = self._shared.build(request, timeout)
            return await _read(await self._connection.handle_async_request(built), sink)
        except BaseException as error:
            # What goes through a proxy would stay as it is now, half-way through a handshake.
            self._broken = True
            if isinstance(error, self._shared.faults):
                raise fault(error) from quiet_cause(error)
            raise

    async def aclose(self) -> None:
        """Close it."""
        await self._connection.aclose()


async def _read(response: Any, sink: Sink | None) -> Answer:
    headers = joined(
        [
            (name.decode("ascii").lower(), value.decode("latin-1"))
            for name, value in response.headers
        ]
    )
    try:
        decode = decoder(headers.get("content-encoding"))
        if sink is None or response.status not in OK:
            content = await response.aread()
            return Answer(response.status, headers, decode(content) + decode(None))
        check_has_end(headers)
        async for piece in response.aiter_stream():
            await sink(decode(piece))
        await sink(decode(None))
        return Answer(response.status, headers, b"")
    finally:
        # Reading to the end has closed it already, unless something went wrong.
        with anyio.CancelScope(shield=True):
            await response.aclose()
