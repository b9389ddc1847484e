"""The wire: the one module that knows httpx (and httpx2).

An httpx client costs about a tenth of a millisecond a request, and its connection pool costs time in
proportion to its connections. So the default wire is a set of lanes: httpx's own transports with one connection
each, all with one TLS context, the warmest taken first. A user's own client is simply used.
"""

from __future__ import annotations

import ssl
import sys
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import httpx
from attrs import define, field

from portone_async._operation import Timeout
from portone_async._request import Request

if TYPE_CHECKING:
    from portone_async._client import HTTPClient

Sink = Callable[[bytes], Awaitable[None]]
KEEPALIVE: Final = 30.0
# Faults by which a request certainly did not reach PortOne; by any other it may have.
_UNREACHED: Final = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
        "LocalProtocolError",
    }
)


@define(frozen=True)
class Answer:
    """Status, headers (lower case) and body of a response."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class TransportFault(Exception):  # noqa: N818  (never leaves the package)
    """No complete answer came."""

    def __init__(self, problem: str, *, timed_out: bool, may_have_reached: bool) -> None:
        super().__init__(problem)
        self.timed_out: Final = timed_out
        self.may_have_reached: Final = may_have_reached


class Transport(Protocol):
    """Sends one request and reads its answer; raises `TransportFault`."""

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt. With a `sink` the body of a 200 goes there piece by piece."""
        ...

    async def aclose(self) -> None:
        """Close what this transport opened."""
        ...


@define(eq=False)
class Lanes:
    """Single-connection transports, opened when needed up to a limit, the warmest first."""

    base_url: str
    limit: int
    _ssl: ssl.SSLContext = field(init=False)
    _proxy: str | None = field(init=False)
    _pool: anyio.lowlevel.RunVar[_Pool] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._ssl = httpx.create_ssl_context()
        self._proxy = environment_proxy(self.base_url)
        # A client may be built at import time and then used by several event loops in turn (asyncio.run twice,
        # a test suite): connections belong to the loop that opened them.
        self._pool = anyio.lowlevel.RunVar(f"portone_async lanes {id(self)}")

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt on a free lane."""
        built = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions={
                "timeout": {
                    "connect": timeout.connect,
                    "read": timeout.read,
                    "write": timeout.write,
                    "pool": timeout.pool,
                }
            },
        )
        try:
            async with self._lane(timeout.pool) as lane:
                return await _read(await lane.handle_async_request(built), sink)
        except (httpx.TransportError, httpx.DecodingError, httpx.StreamError, OSError) as error:
            raise _fault(error) from error

    @asynccontextmanager
    async def _lane(self, timeout: float) -> AsyncGenerator[httpx.AsyncHTTPTransport]:
        pool = self._pool.get(None)
        if pool is None:
            pool = _Pool(anyio.Semaphore(self.limit, fast_acquire=True))
            self._pool.set(pool)
        try:
            pool.places.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout) as scope:
                await pool.places.acquire()
            if scope.cancelled_caught:
                raise httpx.PoolTimeout("no lane became free in time") from None
        lane = pool.free.pop() if pool.free else self._open()
        try:
            yield lane
        finally:
            pool.free.append(lane)
            pool.places.release()

    def _open(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE
        )
        return httpx.AsyncHTTPTransport(
            verify=self._ssl, limits=limits, trust_env=False, proxy=self._proxy
        )

    async def aclose(self) -> None:
        """Close the lanes of this event loop."""
        pool = self._pool.get(None)
        while pool is not None and pool.free:
            await pool.free.pop().aclose()


@define
class _Pool:
    """The lanes of one event loop."""

    places: anyio.Semaphore
    free: list[httpx.AsyncHTTPTransport] = field(factory=list[httpx.AsyncHTTPTransport])


@define(eq=False)
class UserClient:
    """The user's own `httpx.AsyncClient` or `httpx2.AsyncClient`, which stays theirs to close."""

    client: HTTPClient
    _faults: tuple[type[Exception], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        modules = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
        names = ("TransportError", "DecodingError", "StreamError")
        self._faults = tuple(getattr(module, name) for module in modules for name in names)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt by the user's client."""
        client: Any = self.client
        limits = {
            "connect": timeout.connect,
            "read": timeout.read,
            "write": timeout.write,
            "pool": timeout.pool,
        }
        built = client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions={"timeout": limits},
        )
        try:
            # No redirects: the secret goes where it was meant to go, and nowhere else.
            response = await client.send(built, stream=True, follow_redirects=False, auth=None)
            return await _read(response, sink)
        except (*self._faults, OSError) as error:
            raise _fault(error) from error

    async def aclose(self) -> None:
        """Nothing: the client is the user's."""


async def _read(response: Any, sink: Sink | None) -> Answer:
    try:
        if sink is None or response.status_code != httpx.codes.OK:
            return Answer(response.status_code, response.headers, await response.aread())
        async for piece in response.aiter_bytes():
            await sink(piece)
        return Answer(response.status_code, response.headers, b"")
    finally:
        if not response.is_closed:
            with anyio.CancelScope(shield=True):
                await response.aclose()


def _fault(error: Exception) -> TransportFault:
    name = type(error).__name__
    return TransportFault(
        name, timed_out=name.endswith("Timeout"), may_have_reached=name not in _UNREACHED
    )


def environment_proxy(base_url: str) -> str | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a URL."""
    target = urlsplit(base_url)
    if urllib.request.proxy_bypass(target.hostname or ""):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
