"""httpx: the client's own, with a pool of single connections, or the user's client as it is."""

from __future__ import annotations

import http.cookiejar
import ssl
from types import ModuleType
from typing import Any, Final

import anyio
from attrs import define, field

from portone_async._errors import ClientClosedError, InvalidArgumentError
from portone_async._options import Timeout
from portone_async._origin import Origin
from portone_async._request import Request
from portone_async._response import SUCCESS, RawResponse
from portone_async._transport import http_log
from portone_async._transport.compression import decoder
from portone_async._transport.errors import map_error
from portone_async._transport.interface import (
    KEEPALIVE,
    OnChunk,
    TransportError,
    check_has_end,
    joined,
    time_is_up,
)
from portone_async._transport.pool import ConnectionPools
from portone_async._transport.proxies import environment_proxy
from portone_async._transport.unread import has_unread_data

_CONNECTION: Final = "portone_async.connection"


@define(eq=False)
class HttpxTransport:
    """Sends by an `httpx.AsyncClient`, or by an `httpx2.AsyncClient` of the user's."""

    library: ModuleType
    """The client's: `httpx` or `httpx2`."""
    client: Any
    origin: Origin
    max_response_size: int
    pools: ConnectionPools[_Connection] | None
    """`None` for the user's client, which has its own."""
    _errors: tuple[type[Exception], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        names = ("TransportError", "DecodingError", "StreamError")
        self._errors = (*(getattr(self.library, name) for name in names), OSError)
        http_log.redact_log_of(self.library.__name__)

    async def send(
        self, request: Request, timeout: Timeout, on_chunk: OnChunk | None
    ) -> RawResponse:
        """Make one attempt."""
        ends_at = anyio.current_time() + timeout.total
        if self.pools is None:
            return await self._exchange(request, timeout, ends_at, on_chunk, None)
        pool = self.pools.current()
        connection = await pool.acquire(timeout)
        try:
            return await self._exchange(request, timeout, ends_at, on_chunk, connection)
        finally:
            await pool.release(connection)

    async def aclose(self) -> None:
        """Close the client's own connections."""
        if self.pools is not None:
            await self.pools.aclose()

    async def _exchange(
        self,
        request: Request,
        timeout: Timeout,
        ends_at: float,
        on_chunk: OnChunk | None,
        connection: _Connection | None,
    ) -> RawResponse:
        if self.client.is_closed:
            raise ClientClosedError("the http_client is closed")
        built = self._build(request, timeout, connection)
        result: RawResponse | TransportError = time_is_up()
        with anyio.CancelScope(deadline=ends_at):
            result = await self._attempt(request, built, on_chunk)
        # Raised here, as the frames below hold the headers and so the secret.
        if isinstance(result, TransportError):
            raise result
        if connection is not None:
            connection.is_clean = not has_unread_data(connection.transport)
        return result

    def _build(self, request: Request, timeout: Timeout, connection: _Connection | None) -> Any:
        extensions: dict[str, Any] = {
            "timeout": {
                "connect": timeout.connect,
                "read": timeout.read,
                "write": timeout.write,
                "pool": timeout.pool,
            }
        }
        if connection is not None:
            extensions[_CONNECTION] = connection.begin()
        build = self.library.Request if connection is not None else self.client.build_request
        built: Any = None
        try:
            built = build(
                request.method,
                self.origin.url + request.target,
                headers=request.headers,
                content=request.content,
                extensions=extensions,
            )
        except self.library.InvalidURL:
            pass
        if built is None:
            raise InvalidArgumentError(f"{request.info} has no valid URL: it may be too long")
        http_log.logged_as(built.url, request.info.path)
        return built

    async def _attempt(
        self, request: Request, built: Any, on_chunk: OnChunk | None
    ) -> RawResponse | TransportError:
        try:
            # No redirects: the secret goes where it was meant to go, and nowhere else.
            response = await self.client.send(
                built, stream=True, follow_redirects=False, auth=None
            )
            try:
                return await self._read(request, response, on_chunk)
            finally:
                if not response.is_closed:
                    with anyio.CancelScope(shield=True):
                        await response.aclose()
        except self._errors as error:
            return map_error(error)
        except TransportError as error:
            return error.with_traceback(None)

    async def _read(
        self, request: Request, response: Any, on_chunk: OnChunk | None
    ) -> RawResponse:
        headers = joined(
            [
                (name.decode("ascii").lower(), value.decode("latin-1"))
                for name, value in response.headers.raw
            ]
        )
        streams = on_chunk is not None and response.status_code in SUCCESS
        if streams:
            check_has_end(headers)
        pieces: list[bytes] = []
        # What a mock or an event hook has read is decoded already.
        was_read = response.is_stream_consumed
        decode = decoder(
            None if was_read else headers.get("content-encoding"), self.max_response_size
        )
        if was_read:
            pieces.append(decode(await response.aread()))
        else:
            async for piece in response.aiter_raw():
                pieces.append(decode(piece))
                if streams and on_chunk is not None:
                    await on_chunk(pieces.pop())
        pieces.append(decode(None))
        if streams and on_chunk is not None:
            await on_chunk(b"".join(pieces))
            pieces.clear()
        return RawResponse(response.status_code, headers, b"".join(pieces), request.info)


@define(eq=False)
class _Connection:
    """A transport of httpx's with one connection, which it opens and renews itself."""

    transport: Any
    is_clean: bool = True
    """Whether all that came was the responses to the requests that were sent."""

    def begin(self) -> Any:
        """Return the transport for an exchange; the connection is not reused unless that ends well."""
        self.is_clean = False
        return self.transport

    async def is_reusable(self) -> bool:
        """Return whether the last exchange ended well; httpx itself looks at the socket before it is used."""
        return self.is_clean

    async def aclose(self) -> None:
        """Close it."""
        await self.transport.aclose()


class _NoCookies(http.cookiejar.CookieJar):
    """Keeps nothing: a cookie of one call has no business in another."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep nothing."""


def users(
    library: ModuleType, client: Any, origin: Origin, *, max_response_size: int
) -> HttpxTransport:
    """Return the transport over the user's client, with the pool that this has."""
    return HttpxTransport(library, client, origin, max_response_size, None)


def own(
    origin: Origin, *, limit: int, ssl_context: ssl.SSLContext | None, max_response_size: int
) -> HttpxTransport:
    """Return the default transport: an `httpx.AsyncClient` over a pool of single connections.

    httpx's own pool goes through all its connections for each request, and loses them for good when requests are
    cancelled (encode/httpcore#1093).
    """
    import httpx  # noqa: PLC0415  (slow to import, and not needed with httpx2)

    class Dispatch(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await request.extensions[_CONNECTION].handle_async_request(request)

    tls = ssl_context or tls_context(origin)
    proxy = _proxy(environment_proxy(origin.url))
    limits = httpx.Limits(
        max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE
    )

    async def connect(_timeout: Timeout) -> _Connection:
        return _Connection(httpx.AsyncHTTPTransport(verify=tls, limits=limits, proxy=proxy))

    client = httpx.AsyncClient(transport=Dispatch(), cookies=_NoCookies())
    return HttpxTransport(httpx, client, origin, max_response_size, ConnectionPools(limit, connect))


def tls_context(origin: Origin) -> ssl.SSLContext:
    """Return httpx's own TLS settings: certifi's authorities, or those of `SSL_CERT_FILE` or `SSL_CERT_DIR`."""
    if origin.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # unused, and quick to make
    import httpx  # noqa: PLC0415

    try:
        return httpx.create_ssl_context()
    except OSError:
        raise InvalidArgumentError(
            "SSL_CERT_FILE and SSL_CERT_DIR name a file and a folder of certificates (PEM)"
        ) from None


def _proxy(url: str | None) -> Any:
    if url is None:
        return None
    import httpx  # noqa: PLC0415

    try:
        proxy = httpx.Proxy(url)
        httpx.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), proxy=proxy)
    except (ImportError, ValueError, RuntimeError, httpx.InvalidURL):
        proxy = None
    if proxy is None:
        # Not within `except`: the library's message may repeat the proxy's password.
        raise InvalidArgumentError(
            "the proxy that the environment names cannot be used: http, https, or socks5 with httpx[socks]"
        )
    return proxy
