"""The default wire: lanes of one connection each, the warmest taken first.

An httpx client costs about a tenth of a millisecond a request, and its connection pool costs time in proportion
to its connections. A lane is one connection of httpcore, on which httpx stands, and nothing around it; TLS
settings and proxies are httpx's.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
from attrs import define, field

from portone_async._errors import ClientClosedError, InvalidArgumentError
from portone_async._operation import Timeout, Wire
from portone_async._request import Request
from portone_async._response import OK
from portone_async._transport.interface import KEEPALIVE, Answer, Sink, fault, quiet_cause, require
from portone_async._transport.proxies import environment_proxy

_GZIP: Final = 16 + zlib.MAX_WBITS


class DecodingError(Exception):
    """A compressed body that is damaged or ends too early."""


@define(eq=False)
class Lanes:
    """Connections to one server, opened when needed up to a limit."""

    base_url: str
    limit: int
    wire: Wire
    _httpx: Any = field(init=False)
    _core: Any = field(init=False)
    _faults: tuple[type[Exception], ...] = field(init=False)
    _ssl: Any = field(init=False)
    _origin: Any = field(init=False)
    _port: int | None = field(init=False)
    _host: bytes = field(init=False)
    _proxy: str | None = field(init=False)
    # A client may be built at import time and then used by several event loops in turn (asyncio.run twice,
    # a test suite): connections belong to the loop that opened them, and go with it.
    _pools: WeakKeyDictionary[Any, _Pool] = field(init=False, factory=WeakKeyDictionary)
    _closed: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        extra = "httpx2" if self.wire == "httpx2" else None
        self._httpx = require(self.wire, extra)
        self._core = core = require("httpcore2" if extra else "httpcore", extra)
        self._faults = (
            core.TimeoutException,
            core.NetworkError,
            core.ProtocolError,
            core.ProxyError,
            core.UnsupportedProtocol,
            core.ConnectionNotAvailable,
            DecodingError,
            OSError,
        )
        try:
            url = self._httpx.URL(self.base_url)
        except self._httpx.InvalidURL:
            raise InvalidArgumentError("base_url is no valid URL") from None
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        self._origin = core.Origin(url.raw_scheme, url.raw_host, port)
        self._port = url.port
        self._host = url.netloc
        # Loading the trusted certificates takes long; without TLS (an emulator) there is nothing to verify.
        self._ssl = self._httpx.create_ssl_context(verify=url.scheme == "https")
        self._proxy = environment_proxy(self.base_url)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt on a free lane."""
        built = self._build(request, timeout)
        try:
            async with self._lane(timeout.pool) as lane:
                return await _read(await lane.handle_async_request(built), sink)
        except self._faults as error:
            raise fault(error) from quiet_cause(error)

    async def aclose(self) -> None:
        """Close the lanes of this event loop; those in use are closed when they are given back."""
        self._closed = True
        pool = self._pools.pop(anyio.lowlevel.current_token().native_token, None)
        while pool is not None and pool.free:
            await pool.free.pop().aclose()
        self._pools.clear()  # of loops that are over: nobody can close those connections any more

    def _build(self, request: Request, timeout: Timeout) -> Any:
        origin = self._origin
        # The path and query behind scheme and authority, escaped already.
        target = "/" + request.url.partition("//")[2].partition("/")[2]
        headers = [(b"host", self._host)]
        headers += [
            (name.encode("ascii"), value.encode("ascii")) for name, value in request.headers
        ]
        content = request.content or b""
        if content or request.method in ("POST", "PUT", "PATCH"):
            headers.append((b"content-length", str(len(content)).encode()))
        return self._core.Request(
            request.method,
            self._core.URL(
                scheme=origin.scheme,
                host=origin.host,
                port=self._port,
                target=target.encode("ascii"),
            ),
            headers=headers,
            content=content,
            extensions={"timeout": timeout.limits},
        )

    @asynccontextmanager
    async def _lane(self, timeout: float) -> AsyncGenerator[Any]:
        token = anyio.lowlevel.current_token().native_token
        pool = self._pools.get(token)
        if pool is None:
            pool = self._pools[token] = _Pool(anyio.Semaphore(self.limit, fast_acquire=True))
        try:
            pool.places.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout) as scope:
                await pool.places.acquire()
            if scope.cancelled_caught:
                raise self._core.PoolTimeout("no lane became free in time") from None
        try:
            if self._closed:
                raise ClientClosedError("this client was closed while the call waited for its turn")
            lane = await self._take(pool)
            try:
                yield lane
            finally:
                if self._closed:
                    with anyio.CancelScope(shield=True):
                        await lane.aclose()
                else:
                    pool.free.append(lane)
        finally:
            pool.places.release()

    async def _take(self, pool: _Pool) -> Any:
        """The warmest lane whose connection still stands, or a new one."""
        while pool.free:
            lane = pool.free.pop()
            if not _is_over(lane):
                return lane
            with anyio.CancelScope(shield=True):
                await lane.aclose()
        if self._proxy is None:
            return self._core.AsyncHTTPConnection(
                origin=self._origin, ssl_context=self._ssl, keepalive_expiry=KEEPALIVE
            )
        return self._open_proxy(self._proxy)

    def _open_proxy(self, url: str) -> Any:
        """A pool of httpcore's with one connection, as it is httpcore that knows how to ask a proxy."""
        try:
            proxy = self._httpx.Proxy(url)
            address = proxy.url
            kind = (
                self._core.AsyncSOCKSProxy
                if address.scheme.startswith("socks")
                else self._core.AsyncHTTPProxy
            )
            return kind(
                proxy_url=self._core.URL(
                    scheme=address.raw_scheme,
                    host=address.raw_host,
                    port=address.port,
                    target=address.raw_path,
                ),
                proxy_auth=proxy.raw_auth,
                ssl_context=self._ssl,
                max_connections=1,
                keepalive_expiry=KEEPALIVE,
            )
        except (ImportError, ValueError, RuntimeError, self._httpx.InvalidURL):
            # From None: the message may repeat the proxy's password.
            raise InvalidArgumentError(
                "the proxy that the environment names cannot be used: http, https, or socks5 with httpx[socks]"
            ) from None


@define
class _Pool:
    """The lanes of one event loop."""

    places: anyio.Semaphore
    free: list[Any] = field(factory=list[Any])


def _is_over(lane: Any) -> bool:
    """Whether a connection is closed, or idle for so long or in such a state that it should be."""
    return hasattr(lane, "has_expired") and (lane.is_closed() or lane.has_expired())


async def _read(response: Any, sink: Sink | None) -> Answer:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    try:
        decode = _decoder(headers.get("content-encoding", "identity"))
        if sink is None or response.status not in OK:
            content = await response.aread()
            return Answer(response.status, headers, decode(content) + decode(None))
        async for piece in response.aiter_stream():
            await sink(decode(piece))
        await sink(decode(None))
        return Answer(response.status, headers, b"")
    finally:
        # Reading to the end has closed it already, unless something went wrong.
        with anyio.CancelScope(shield=True):
            await response.aclose()


def _decoder(encoding: str) -> Callable[[bytes | None], bytes]:
    """What takes the compression off, piece by piece; `None` is the end of the body."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda piece: piece or b""
    if encoding not in ("gzip", "x-gzip"):
        raise DecodingError("a compression that was not asked for")
    decompressor = zlib.decompressobj(_GZIP)
    began = False

    def decode(piece: bytes | None) -> bytes:
        nonlocal began
        began = began or bool(piece)
        try:
            found = decompressor.flush() if piece is None else decompressor.decompress(piece)
        except zlib.error:
            raise DecodingError("a damaged gzip body") from None
        if piece is None and began and not decompressor.eof:
            raise DecodingError("a gzip body that ends too early")
        return found

    return decode
