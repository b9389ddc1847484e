"""What a client's arguments say about its transport, and the transport that they stand for."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, get_args

from attrs import define, field

from portone_async._errors import InvalidArgumentError
from portone_async._origin import Origin
from portone_async._proxies import environment_proxy
from portone_async._transport.interface import Transport

TransportName: TypeAlias = Literal["httpx", "direct"]
MAX_CONNECTIONS: Final = 100
MAX_RESPONSE_SIZE: Final = 64 * 1024 * 1024


class HTTPClient(Protocol):
    """What the client needs of an `httpx.AsyncClient` or an `httpx2.AsyncClient`."""

    @property
    def build_request(self) -> Callable[..., Any]:
        """Build a request with the client's own defaults."""
        ...

    @property
    def send(self) -> Callable[..., Awaitable[Any]]:
        """Send it."""
        ...


@define(frozen=True)
class TransportOptions:
    """What a client's arguments say about its transport, checked."""

    origin: Origin
    direct: bool
    max_connections: int
    max_response_size: int
    ssl_context: ssl.SSLContext | None = field(repr=False)
    http_client: Any = field(repr=False)

    @classmethod
    def of(
        cls,
        origin: Origin,
        *,
        transport: Any,
        max_connections: Any,
        max_response_size: Any,
        ssl_context: Any,
        http_client: Any,
    ) -> Self:
        """Return the options, or raise `InvalidArgumentError`."""
        if transport not in get_args(TransportName):
            raise InvalidArgumentError("transport takes 'httpx' or 'direct'")
        if http_client is not None:
            _library(http_client)
            if ssl_context is not None or max_connections is not None or transport != "httpx":
                raise InvalidArgumentError(
                    "an http_client has its own transport, ssl_context and limit of connections: set them there"
                )
        if ssl_context is not None:
            if not isinstance(ssl_context, ssl.SSLContext):
                raise InvalidArgumentError("ssl_context takes an ssl.SSLContext")
            if origin.scheme != "https":
                raise InvalidArgumentError("ssl_context has no effect: base_url is not https")
        if transport == "direct":
            _check_direct(origin)
        return cls(
            origin,
            transport == "direct",
            _count(
                "max_connections", MAX_CONNECTIONS if max_connections is None else max_connections
            ),
            _count("max_response_size", max_response_size),
            ssl_context,
            http_client,
        )

    def open(self) -> Transport:
        """Return the transport. Raises `InvalidArgumentError` where the environment does not permit it."""
        try:
            return self._open()
        except Exception as error:  # noqa: BLE001  (httpx's are of many kinds)
            name = type(error).__name__
        # Not within `except`: the error's message may repeat the proxy's password.
        raise InvalidArgumentError(
            f"what the environment names cannot be used ({name}): HTTPS_PROXY, HTTP_PROXY and ALL_PROXY take an http, "
            "https or (with httpx[socks]) socks5 URL, SSL_CERT_FILE and SSL_CERT_DIR certificates (PEM)"
        )

    def _open(self) -> Transport:
        # Imported here, so that importing the package and building a client do not wait for httpx.
        if self.http_client is not None:
            from portone_async._transport.httpx_transport import HttpxTransport  # noqa: PLC0415

            library = _library(self.http_client)
            return HttpxTransport(library, self.http_client, self.origin, self.max_response_size)
        if self.direct:
            from portone_async._transport.direct import DirectTransport  # noqa: PLC0415

            return DirectTransport(
                self.origin,
                limit=self.max_connections,
                tls=self._tls() if self.origin.scheme == "https" else None,
                max_response_size=self.max_response_size,
            )
        from portone_async._transport.httpx_transport import own  # noqa: PLC0415

        return own(
            self.origin,
            limit=self.max_connections,
            tls=self._tls(),
            proxy=environment_proxy(self.origin.url),
            max_response_size=self.max_response_size,
        )

    def _tls(self) -> ssl.SSLContext:
        """Return the user's TLS settings, or httpx's: certifi's authorities, or those of the environment."""
        if self.ssl_context is not None:
            return self.ssl_context
        if self.origin.scheme == "http":
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used, and quick to make
        import httpx  # noqa: PLC0415

        return httpx.create_ssl_context()


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError(f"{name} takes a whole number from 1")
    return value


def _library(client: Any) -> ModuleType:
    """Return the library of the user's client; refuse what is not an async client of httpx's or httpx2's."""
    for name in ("httpx", "httpx2"):
        # Whoever has such a client has imported its library.
        library = sys.modules.get(name)
        if library is not None and isinstance(client, library.AsyncClient):
            return library
    raise InvalidArgumentError(
        f"http_client takes an httpx.AsyncClient or httpx2.AsyncClient, not {type(client).__name__}"
    )


def _check_direct(origin: Origin) -> None:
    if environment_proxy(origin.url) is not None:
        raise InvalidArgumentError(
            "transport='direct' does not go through a proxy, and the environment names one: "
            "use the default transport, or add the host to NO_PROXY"
        )
