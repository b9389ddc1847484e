"""The wire: the one module that knows httpx (and httpx2).

An httpx client costs about a tenth of a millisecond a request, and its connection pool costs time in
proportion to its connections. So the default wire is a set of lanes: httpx's own transports with one connection
each, all with one TLS context, the warmest taken first. A user's own client is simply used.
"""

from __future__ import annotations

import importlib
import ssl
import sys
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import sniffio
from attrs import define, field

from portone_async._errors import ClientClosedError, InvalidArgumentError
from portone_async._operation import Timeout, Wire
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
        "ClientConnectorError",
        "ConnectionTimeoutError",
        "ClientProxyConnectionError",
        "NonHttpUrlClientError",
        "InvalidUrlClientError",
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
    wire: Wire = "httpx"
    _library: Any = field(init=False)
    _faults: tuple[type[Exception], ...] = field(init=False)
    _ssl: ssl.SSLContext = field(init=False)
    _proxy: str | None = field(init=False)
    # A client may be built at import time and then used by several event loops in turn (asyncio.run twice,
    # a test suite): connections belong to the loop that opened them, and go with it.
    _pools: WeakKeyDictionary[Any, _Pool] = field(init=False, factory=WeakKeyDictionary)
    _closed: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._library = _import(self.wire)
        self._faults = (*_faults_of(self._library), OSError)
        # Loading the trusted certificates takes long; without TLS (an emulator) there is nothing to verify.
        self._ssl = self._library.create_ssl_context(verify=self.base_url.startswith("https:"))
        self._proxy = environment_proxy(self.base_url)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt on a free lane."""
        built = _build(self._library.Request, request, timeout, (self._library.InvalidURL,))
        try:
            async with self._lane(timeout.pool) as lane:
                return await _read(await lane.handle_async_request(built), sink)
        except self._faults as error:
            raise _fault(error) from _cause(error)

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
                raise self._library.PoolTimeout("no lane became free in time") from None
        try:
            if self._closed:
                raise ClientClosedError("this client was closed while the call waited for its turn")
            lane = self._take(pool)
            try:
                yield lane
            finally:
                await self._give_back(pool, lane)
        finally:
            pool.places.release()

    def _take(self, pool: _Pool) -> Any:
        return pool.free.pop() if pool.free else self._open(connections=1)

    async def _give_back(self, pool: _Pool, lane: Any) -> None:
        if self._closed:
            with anyio.CancelScope(shield=True):
                await lane.aclose()
        else:
            pool.free.append(lane)

    def _open(self, connections: int) -> Any:
        library = self._library
        limits = library.Limits(
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEPALIVE,
        )
        try:
            return self._transport_class()(
                verify=self._ssl,
                limits=limits,
                trust_env=False,
                proxy=library.Proxy(self._proxy) if self._proxy else None,
            )
        except (ImportError, ValueError, library.InvalidURL):
            # From None: the message may repeat the proxy's password.
            raise InvalidArgumentError(
                "the proxy that the environment names cannot be used: http, https, or socks5 with httpx[socks]"
            ) from None

    def _transport_class(self) -> Any:
        return self._library.AsyncHTTPTransport

    async def aclose(self) -> None:
        """Close the lanes of this event loop; those in use are closed when they are given back."""
        self._closed = True
        pool = self._pools.pop(anyio.lowlevel.current_token().native_token, None)
        while pool is not None and pool.free:
            await pool.free.pop().aclose()
        self._pools.clear()  # of loops that are over: nobody can close those connections any more


@define
class _Pool:
    """The lanes of one event loop."""

    places: anyio.Semaphore
    free: list[Any] = field(factory=list[Any])


@define(eq=False)
class SharedLane(Lanes):
    """aiohttp's transport, whose own pool is quick: one for all calls. On asyncio only."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        aiohttp: Any = importlib.import_module("aiohttp")
        # Those that httpx-aiohttp does not translate.
        self._faults = (*self._faults, aiohttp.ClientError, TimeoutError)

    def _take(self, pool: _Pool) -> Any:
        if not pool.free:
            if sniffio.current_async_library() != "asyncio":
                raise InvalidArgumentError("wire='aiohttp' runs on asyncio only")
            pool.free.append(self._open(connections=self.limit))
        return pool.free[0]

    async def _give_back(self, pool: _Pool, lane: Any) -> None:
        """Nothing: it is shared until the client is closed."""

    def _transport_class(self) -> Any:
        return importlib.import_module("httpx_aiohttp").AiohttpTransport


def open_lanes(base_url: str, limit: int, wire: Wire) -> Lanes:
    """The built-in wire of a client."""
    return (SharedLane if wire == "aiohttp" else Lanes)(base_url, limit, wire)


def _import(wire: Wire) -> Any:
    extra = {"httpx2": "httpx2", "aiohttp": "fast"}.get(wire)
    try:
        if wire == "aiohttp":
            importlib.import_module("httpx_aiohttp")
        return importlib.import_module("httpx2" if wire == "httpx2" else "httpx")
    except ImportError:
        raise InvalidArgumentError(
            f"wire={wire!r} needs an extra: pip install 'portone-async[{extra}]'"
        ) from None


def _faults_of(library: Any) -> tuple[type[Exception], ...]:
    return library.TransportError, library.DecodingError, library.StreamError


@define(eq=False)
class UserClient:
    """The user's own `httpx.AsyncClient` or `httpx2.AsyncClient`, which stays theirs to close."""

    client: HTTPClient
    _faults: tuple[type[Exception], ...] = field(init=False)
    _invalid: tuple[type[Exception], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        modules = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
        self._faults = tuple(fault for module in modules for fault in _faults_of(module))
        self._invalid = tuple(module.InvalidURL for module in modules)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt by the user's client."""
        client: Any = self.client
        if getattr(client, "is_closed", False):
            raise ClientClosedError("the http_client is closed")
        built = _build(client.build_request, request, timeout, self._invalid)
        try:
            # No redirects: the secret goes where it was meant to go, and nowhere else.
            response = await client.send(built, stream=True, follow_redirects=False, auth=None)
            return await _read(response, sink)
        except (*self._faults, OSError) as error:
            raise _fault(error) from _cause(error)

    async def aclose(self) -> None:
        """Nothing: the client is the user's."""


def _build(
    build: Callable[..., Any],
    request: Request,
    timeout: Timeout,
    invalid: tuple[type[Exception], ...],
) -> Any:
    limits = {
        "connect": timeout.connect,
        "read": timeout.read,
        "write": timeout.write,
        "pool": timeout.pool,
    }
    try:
        return build(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions={"timeout": limits},
        )
    except invalid:
        # From None: the message may repeat what is wrong with the URL, and so an id.
        raise InvalidArgumentError(
            f"{request.info} has no valid URL: it is too long, or base_url is wrong"
        ) from None


async def _read(response: Any, sink: Sink | None) -> Answer:
    try:
        if sink is None or not response.is_success:
            return Answer(response.status_code, response.headers, await response.aread())
        async for piece in response.aiter_bytes():
            await sink(piece)
        return Answer(response.status_code, response.headers, b"")
    finally:
        if not response.is_closed:
            with anyio.CancelScope(shield=True):
                await response.aclose()


def _fault(error: Exception) -> TransportFault:
    # httpx-aiohttp calls a connection that broke under way a failed connect: its cause tells them apart.
    cause = error.__cause__
    told = cause if cause is not None and type(cause).__module__.startswith("aiohttp") else error
    names = {kind.__name__ for kind in type(told).__mro__}
    return TransportFault(
        type(told).__name__,
        timed_out=isinstance(told, TimeoutError) or type(told).__name__.endswith("Timeout"),
        may_have_reached=not names & _UNREACHED,
    )


def _cause(error: Exception) -> Exception | None:
    # Of what was sent or came, messages may repeat bytes: only httpx's other errors say nothing of them.
    name, module = type(error).__name__, type(error).__module__
    quiet = module.startswith(("httpx", "httpcore")) and not name.endswith("ProtocolError")
    return error if quiet and not _of_aiohttp(error) else None


def _of_aiohttp(error: Exception) -> bool:
    return type(error.__cause__).__module__.startswith("aiohttp")


def environment_proxy(base_url: str) -> str | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a URL."""
    target = urlsplit(base_url)
    # NO_PROXY may name a host with its port or without.
    if any(urllib.request.proxy_bypass(name) for name in (target.hostname or "", target.netloc)):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
