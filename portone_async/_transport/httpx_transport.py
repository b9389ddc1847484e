"""httpx: the client's own, with a pool of single connections, or the user's client as it is."""

from __future__ import annotations

import logging
import ssl
from types import ModuleType
from typing import Any, Final

import anyio
import httpx
import sniffio
from attrs import define, field

from portone_async._errors import ClientClosedError
from portone_async._options import DEFAULT_TIMEOUT, Timeout
from portone_async._origin import Origin
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._transport.direct.connector import Connector
from portone_async._transport.httpcore_connection import OWNER, HTTP1Connection, Pool
from portone_async._transport.pool import ConnectionPool, ConnectionPools
from portone_async._transport.unread import is_drained
from portone_async._transport_error import TransportError, time_is_up, too_large

# Errors of httpx's by which a request certainly did not reach PortOne; by any other it may have.
_NOT_SENT: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
    | {"LocalProtocolError"}
)


@define(eq=False)
class HttpxTransport:
    """Sends by an `httpx.AsyncClient`, or by an `httpx2.AsyncClient` of the user's."""

    library: ModuleType
    """The client's: `httpx` or `httpx2`."""
    client: Any
    origin: Origin
    max_response_size: int
    pools: ConnectionPools[_Connection] | None = None
    """`None` for the user's client, which has its own."""
    url: Any = field(init=False)
    url_class: Any = field(init=False)
    auth: Any = field(init=False)
    """Adds nothing: the user's client may have an authentication of its own."""

    def __attrs_post_init__(self) -> None:
        logging.getLogger(self.library.__name__).addFilter(_TEMPLATES)
        self.url, self.auth = self.library.URL(self.origin.url), self.library.Auth()
        self.url_class = type("URL", (_URL, self.library.URL), {})

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:
        """Make one attempt."""
        ends_at = anyio.current_time() + timeout.total
        pool = self.pools.get() if self.pools is not None else None
        connection = await pool.acquire(timeout) if pool is not None else None
        try:
            with anyio.CancelScope(deadline=ends_at):
                return await self._exchange(request, timeout, connection)
        finally:
            if pool is not None and connection is not None:
                await pool.release(connection, keep=connection.is_drained)
        raise time_is_up(may_have_reached=connection is None or not connection.is_connecting)

    async def aclose(self) -> None:
        if self.pools is not None:
            await self.pools.aclose()

    async def _exchange(
        self, request: Request, timeout: Timeout, connection: _Connection | None
    ) -> RawResponse:
        if self.client.is_closed:
            raise ClientClosedError("the http_client is closed")
        lib = self.library
        built = self._build(request, timeout, connection)
        if connection is not None:
            connection.begin(timeout)
        try:
            # No redirects: the secret goes where it was meant to go, and nowhere else.
            response = await self.client.send(
                built, stream=True, follow_redirects=False, auth=self.auth
            )
            try:
                result = await self._read(request, response)
            finally:
                if not response.is_closed:
                    with anyio.CancelScope(shield=True):
                        await response.aclose()
        except (lib.HTTPError, lib.InvalidURL, lib.StreamError, OSError) as error:
            if connection is not None and connection.failure is not None:
                raise connection.failure from None
            name = type(error).__name__
            raise TransportError(
                name,
                timed_out=isinstance(error, TimeoutError) or name.endswith("Timeout"),
                may_have_reached=name not in _NOT_SENT,
                error=error,
            ) from None
        except anyio.get_cancelled_exc_class() as error:
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904  (httpx's frames hold the secret)
        if connection is not None:
            connection.is_drained = connection.http1 is not None or is_drained(connection)
        return result

    def _build(self, request: Request, timeout: Timeout, connection: _Connection | None) -> Any:
        limits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.write}
        limits["pool"] = timeout.pool
        extensions: dict[str, Any] = {"timeout": limits, OWNER: connection}
        if connection is not None and connection.stream is None:
            extensions["trace"] = connection.trace
        # With a stream rather than content httpx takes the headers as they are, in half the time.
        built = self.library.Request(
            request.method,
            self.url,
            headers=self._headers(request),
            stream=self.library.ByteStream(request.content or b""),
            extensions=extensions,
        )
        built.url = self.url_class(self.url, request)
        built.read()  # so that hooks and tools find its content
        return built

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        headers = [(b"host", self.origin.authority.encode())]
        headers += [(name.encode(), value.encode()) for name, value in request.headers]
        if request.sends_length:
            headers.append((b"content-length", b"%d" % len(request.content or b"")))
        if self.pools is None:
            names = {name for name, _ in headers}
            given = self.client.headers.raw
            headers += [header for header in given if header[0].lower() not in names]
        return headers

    async def _read(self, request: Request, response: Any) -> RawResponse:
        headers = dict(response.headers.items())
        content = bytearray()  # rather than a list: chunks may be small and many
        if response.is_stream_consumed:
            # What a mock or an event hook has read is decompressed already.
            headers.pop("content-encoding", None)
            content += response.content
        else:
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > self.max_response_size:
                    raise too_large(self.max_response_size)
        return RawResponse(response.status_code, headers, bytes(content), request.info)


def own(
    origin: Origin, *, limit: int, tls: ssl.SSLContext, proxy: str | None, max_response_size: int
) -> HttpxTransport:
    """Return the default transport: an `httpx.AsyncClient` over a pool of single connections.

    httpx's own pool goes through all its connections for each request, and loses them for good when requests are
    cancelled (encode/httpcore#1093). Raises what httpx does for a proxy that it cannot use.
    """
    limits = httpx.Limits(max_connections=1, keepalive_expiry=None)

    connector = Connector(origin, tls if origin.scheme == "https" else None, max_response_size)

    async def connect(_: Timeout) -> _Connection:
        connection = _Connection(verify=tls, limits=limits, proxy=proxy)
        if proxy is None and sniffio.current_async_library() == "asyncio":
            connection._pool = Pool(connector)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return connection

    _Connection(verify=tls, proxy=proxy)  # refuses a proxy before anything is sent
    pools = ConnectionPools(lambda: ConnectionPool(limit, connect, _wait))
    return HttpxTransport(httpx, _Client(transport=_Dispatch()), origin, max_response_size, pools)


async def _wait(limiter: anyio.Semaphore, timeout: Timeout) -> None:
    with anyio.move_on_after(min(timeout.pool, timeout.total)):
        return await limiter.acquire()
    raise TransportError("no connection was free", timed_out=True, may_have_reached=False)


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None: ...


class _Client(httpx.AsyncClient):
    # A cookie of one call has no business in another, and to look for them takes a tenth of a call.
    cookies: Any = _NoCookies()  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]


class _URL:
    """A URL of httpx's that is parsed when a tool looks at it: that takes long, and sending does not need it."""

    raw_scheme = raw_host = port = raw_path = None
    _is_parsed = False

    def __init__(self, origin: Any, request: Request) -> None:
        self.raw_scheme, self.raw_host, self.port = origin.raw_scheme, origin.raw_host, origin.port
        self.raw_path = request.target.encode()
        self._plain: Any = type(origin)
        self._text = f"{origin}{request.target}"
        self.path_template = request.info.path

    def __getattr__(self, name: str) -> Any:
        if self._is_parsed or name.startswith("__"):
            raise AttributeError(name)
        self._is_parsed = True
        vars(self).update(vars(self._plain(self._text)))  # pyright: ignore[reportUnknownArgumentType]
        return getattr(self, name)

    def __str__(self) -> str:
        return self._text

    def __reduce__(self) -> Any:
        return self._plain, (self._text,)


class _Dispatch(httpx.AsyncBaseTransport):
    """Sends each request by the connection that was acquired for it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await request.extensions[OWNER].handle_async_request(request)


class _Connection(httpx.AsyncHTTPTransport):
    """A transport of httpx's for one connection, which the first request opens."""

    is_drained = False
    """Whether all that was received were the responses to the requests that were sent."""
    stream: Any = None
    """httpcore's TCP connection. `None` also where a mock stands in for it."""
    http1: HTTP1Connection | None = None
    """The connection that is used in place of httpcore's."""
    timeout = DEFAULT_TIMEOUT
    is_connecting = False
    failure: TransportError | None = None

    def begin(self, timeout: Timeout) -> None:
        self.timeout, self.failure, self.is_drained = timeout, None, False

    async def is_reusable(self) -> bool:
        if self.http1 is not None:
            return await self.http1.is_reusable()
        return self.stream is None or not self.stream.get_extra_info("is_readable")

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        step, _, state = event.rpartition(".")
        self.is_connecting = step.endswith(("connect_tcp", "start_tls")) and state != "complete"
        if event.endswith("connect_tcp.complete"):
            self.stream = info["return_value"]

    async def aclose(self) -> None:
        # httpcore does not close a socket that is cancelled during the TLS handshake.
        await super().aclose()
        if self.stream is not None:
            await self.stream.aclose()


class _Templates(logging.Filter):
    """Has the path's template logged in place of our URLs, which hold ids, names and phone numbers."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            args = (arg.path_template if isinstance(arg, _URL) else arg for arg in record.args)
            record.args = tuple(args)
        return True


_TEMPLATES: Final = _Templates()
