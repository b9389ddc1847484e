"""httpx: the client's own, with a pool of single connections, or the user's client as it is."""

from __future__ import annotations

import logging
import ssl
from contextvars import ContextVar
from math import inf
from time import monotonic
from types import ModuleType
from typing import Any, Final

import anyio
import httpx
from attrs import define, field

from portone_async._errors import ClientClosedError
from portone_async._options import Timeout
from portone_async._origin import Origin
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._transport.interface import KEEPALIVE
from portone_async._transport.pool import ConnectionPool
from portone_async._transport.unread import is_drained
from portone_async._transport_error import TransportError, time_is_up, too_large

_CONNECTION: Final = "portone_async.connection"
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
    pool: ConnectionPool[_Connection] | None = None
    """`None` for the user's client, which has its own."""
    url: Any = field(init=False)
    auth: Any = field(init=False)
    """Adds nothing: the user's client may have an authentication of its own."""

    def __attrs_post_init__(self) -> None:
        logging.getLogger(self.library.__name__).addFilter(_TEMPLATES)
        self.url, self.auth = self.library.URL(self.origin.url), self.library.Auth()

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:
        """Make one attempt."""
        ends_at = anyio.current_time() + timeout.total
        connection = await self.pool.acquire(timeout) if self.pool is not None else None
        try:
            with anyio.CancelScope(deadline=ends_at):
                return await self._exchange(request, timeout, connection)
        finally:
            if self.pool is not None and connection is not None:
                await self.pool.release(connection, keep=connection.idle_since > 0)
        raise time_is_up(may_have_reached=connection is None or not connection.is_connecting)

    async def aclose(self) -> None:
        """Close the client's own connections."""
        if self.pool is not None:
            await self.pool.aclose()

    async def _exchange(
        self, request: Request, timeout: Timeout, connection: _Connection | None
    ) -> RawResponse:
        if self.client.is_closed:
            raise ClientClosedError("the http_client is closed")
        lib = self.library
        built = self._build(request, timeout, connection)
        if connection is not None:
            connection.idle_since = -inf
        _logged.set((built.url, request.info.path))
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
        if connection is not None and is_drained(connection):
            connection.idle_since = monotonic()
        return result

    def _build(self, request: Request, timeout: Timeout, connection: _Connection | None) -> Any:
        limits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.write}
        extensions: dict[str, Any] = {
            "timeout": {**limits, "pool": timeout.pool},
            _CONNECTION: connection,
        }
        if connection is not None and connection.stream is None:
            extensions["trace"] = connection.trace
        # With a stream rather than content httpx takes the headers as they are, in half the time.
        built = self.library.Request(
            request.method,
            self.url if self.library is httpx else f"{self.url}{request.target}",
            headers=self._headers(request),
            stream=self.library.ByteStream(request.content or b""),
            extensions=extensions,
        )
        if self.library is httpx:
            built.url = _URL(self.url, request.target)
        built.read()  # so that hooks and tools find its content
        return built

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        headers = [(b"host", self.origin.authority.encode())]
        headers += [(name.encode(), value.encode()) for name, value in request.headers]
        if request.sends_length:
            headers.append((b"content-length", b"%d" % len(request.content or b"")))
        if self.pool is None:
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

    async def connect(_: Timeout) -> _Connection:
        return _Connection(verify=tls, limits=limits, proxy=proxy)

    _Connection(verify=tls, proxy=proxy)  # refuses a proxy before anything is sent
    pool = ConnectionPool(limit, connect, _wait)
    return HttpxTransport(httpx, _Client(transport=_Dispatch()), origin, max_response_size, pool)


async def _wait(limiter: anyio.Semaphore, timeout: Timeout) -> None:
    with anyio.move_on_after(min(timeout.pool, timeout.total)):
        return await limiter.acquire()
    raise TransportError("no connection was free", timed_out=True, may_have_reached=False)


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None: ...


class _Client(httpx.AsyncClient):
    # A cookie of one call has no business in another, and to look for them takes a tenth of a call.
    cookies: Any = _NoCookies()  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]


class _URL(httpx.URL):
    """A URL that is parsed when a hook or a tool looks at it: sending it does not need that, and it takes long."""

    raw_scheme = raw_host = port = raw_path = None  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]

    def __init__(self, origin: httpx.URL, target: str) -> None:
        self.text = f"{origin}{target}"
        vars(self).update(raw_scheme=origin.raw_scheme, raw_host=origin.raw_host)
        vars(self).update(port=origin.port, raw_path=target.encode())

    def __getattr__(self, name: str) -> Any:
        parsed = vars(httpx.URL(vars(self).get("text", "")))
        if name not in parsed:
            raise AttributeError(name)
        vars(self).update(parsed)
        return parsed[name]

    def __str__(self) -> str:
        return self.text


class _Dispatch(httpx.AsyncBaseTransport):
    """Sends each request by the connection that was acquired for it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await request.extensions[_CONNECTION].handle_async_request(request)


class _Connection(httpx.AsyncHTTPTransport):
    """A transport of httpx's for one connection, which the first request opens."""

    idle_since = -inf
    """Finite while all that was received were the responses to the requests that were sent."""
    stream: Any = None
    """The TCP connection. `None` also where a mock stands in for it."""
    is_connecting = False

    async def is_reusable(self) -> bool:
        if monotonic() - self.idle_since > KEEPALIVE:
            return False
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


# httpx logs the URL of each request at INFO, and PortOne's hold ids, names and phone numbers.
_logged: ContextVar[tuple[Any, str]] = ContextVar("logged", default=(None, ""))


class _Templates(logging.Filter):
    """Has the path's template logged in place of our URLs, and the rest of the process as ever."""

    def filter(self, record: logging.LogRecord) -> bool:
        url, template = _logged.get()
        if url is not None and isinstance(record.args, tuple):
            record.args = tuple(template if arg is url else arg for arg in record.args)
        return True


_TEMPLATES: Final = _Templates()
