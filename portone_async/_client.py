"""The client: from a call's arguments to its value, over the pure functions and the transport."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, cast
from weakref import ref

import anyio
from attrs import evolve

from portone_async._credentials import Credentials
from portone_async._decoding import check_download, check_success, preload, read_response
from portone_async._driver import send
from portone_async._errors import ClientClosedError, InvalidArgumentError
from portone_async._files import atomic_download
from portone_async._hooks import NO_HOOKS, Connections, Hooks, notify
from portone_async._operation import Operation
from portone_async._options import (
    DEFAULT_TIMEOUT,
    RequestOptions,
    Timeout,
    check_max_retries,
    check_options,
)
from portone_async._origin import BASE_URL, Origin, parse_base_url
from portone_async._request import Request, Settings, build_raw_request, build_request
from portone_async._response import RawResponse
from portone_async._retry import RetryPolicy
from portone_async._transport.interface import Transport
from portone_async._transport_options import (
    MAX_RESPONSE_SIZE,
    HTTPClient,
    TransportName,
    TransportOptions,
)
from portone_async.api import Namespaces

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from portone_async._transport.pool import ConnectionPools

T = TypeVar("T")


class PortOne(Namespaces):
    """A client of the PortOne V2 API.

    Build one per process and share it: it is safe to build at import time, and to use from many tasks at once.
    Use it with `async with`, or call `aclose()` at the end. It cannot be pickled or copied: build one in each
    process.

    Args:
        api_secret: The V2 API secret from PortOne's console. `PORTONE_API_SECRET` if omitted.
        access_token: A token of `portone.auth.login_via_api_secret`, instead of the secret.
        store_id: The store to act for: sent wherever an operation takes one and the call gives none.
            `PORTONE_STORE_ID` if omitted.
        base_url: The URL of the API. `PORTONE_BASE_URL` if omitted, or else PortOne's own.
        allow_http: Permit an `http://` URL of another machine, where everyone in between can read the secret.
        timeout: Seconds for every step of a request, or a `Timeout` (10 s to connect, 60 s for a response, 180 s
            for the whole call with its retries).
        max_retries: How often to retry a call at most after a transient failure; 0 for never.
        retry: The whole `RetryPolicy`, instead of `max_retries`.
        transport: `"httpx"`, or `"direct"` for bulk work: HTTP/1.1 directly on asyncio, several times as fast,
            without proxies and without trio.
        max_connections: How many requests run at once (100 if omitted); further ones wait.
        max_response_size: Bytes: a larger response is an error. 64 MiB by default.
        ssl_context: TLS settings of your own, such as a client certificate or a private authority. Otherwise
            certificates are verified against certifi's, or those of `SSL_CERT_FILE` or `SSL_CERT_DIR`.
        http_client: An `httpx.AsyncClient` or `httpx2.AsyncClient` of your own, through which requests are sent. You
            have to close it. Its own connection pool, TLS settings and proxies are used, and the time limits of
            `timeout`.
        hooks: Functions called when calls begin, are retried and end. `portone_async.opentelemetry.hooks()`
            turns them into spans and metrics.
        strict: Raise `ResponseError` with a JSON path wherever a response differs from PortOne's document,
            unknown fields, enum values and variants included. For test suites; never for production.

    Raises:
        InvalidArgumentError: No secret was given, or an argument is not valid.
    """

    def __init__(
        self,
        api_secret: str | None = None,
        *,
        access_token: str | None = None,
        store_id: str | None = None,
        base_url: str | None = None,
        allow_http: bool = False,
        timeout: float | Timeout = DEFAULT_TIMEOUT,
        max_retries: int | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  (frozen)
        transport: TransportName = "httpx",
        max_connections: int | None = None,
        max_response_size: int = MAX_RESPONSE_SIZE,
        ssl_context: ssl.SSLContext | None = None,
        http_client: HTTPClient | None = None,
        hooks: Hooks | None = None,
        strict: bool = False,
    ) -> None:
        credentials = Credentials(api_secret, access_token)
        # From here on the secret is in no variable: tools that collect errors show those of each function.
        api_secret = access_token = None
        if credentials.problem is not None:
            raise InvalidArgumentError(credentials.problem)
        self._closed = False
        self._transport: Transport | None = None
        if base_url is None:
            base_url = os.environ.get("PORTONE_BASE_URL") or BASE_URL
        self._origin, base_path = parse_base_url(
            base_url, allow_http=_flag("allow_http", allow_http)
        )
        self._settings: Final = Settings(
            base_path,
            credentials.authorization,
            credentials.uses_access_token,
            _store_id(store_id),
            (self._origin.host, self._origin.port),
        )
        self._timeout: Final = Timeout.of(timeout)
        self._retry: Final = _retry_policy(retry, max_retries)
        self._hooks: Final = _hooks(hooks)
        self._strict: Final = _flag("strict", strict)
        self._transport_options: Final = TransportOptions.of(
            self._origin,
            transport=transport,
            max_connections=max_connections,
            max_response_size=max_response_size,
            ssl_context=ssl_context,
            http_client=http_client,
        )

    def __repr__(self) -> str:
        # Tools that show errors call it also when `__init__` has failed.
        origin: Origin | None = getattr(self, "_origin", None)
        settings: Settings | None = getattr(self, "_settings", None)
        return f"PortOne(base_url={origin and origin.url!r}, store_id={settings and settings.store_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a PortOne client cannot be pickled or copied, as it holds the API secret and open connections: "
            "build one in each process"
        )

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._closed = True
        if self._transport is not None:
            with anyio.CancelScope(shield=True):
                await self._transport.aclose()

    async def call(
        self,
        operation: Operation[T],
        options: RequestOptions | None = None,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        file: str | os.PathLike[str] | None = None,
    ) -> T:
        """Carry out one operation. Generated functions call this; use them instead."""
        options = check_options(options)
        request = build_request(
            self._settings, operation, options, path or {}, query or {}, body or {}
        )
        if operation.download:
            return cast("T", await self._download(operation, options, request, _target(file)))
        read = partial(read_response, operation, strict=self._strict)
        return await self._send(operation, request, read, options)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        options: RequestOptions | None = None,
    ) -> RawResponse:
        """Call what this version has no function for, with the same authorization, retries and errors.

        Args:
            method: The HTTP method.
            path: The path from `/`, escaped.
            query: Query parameters; those that are `None` are omitted.
            json: The body. For GET and DELETE it goes into the query as `requestBody`, as PortOne wants it.
            options: Options of this call.

        Raises:
            APIError: The response is not a success.
            APIConnectionError: There is no complete response.
        """
        options = check_options(options)
        request = build_raw_request(self._settings, options, method, path, query, json)
        return await self._send(None, request, partial(check_success, None), options)

    async def _download(
        self, operation: Operation[Any], options: RequestOptions, request: Request, path: Path
    ) -> Path:
        with atomic_download(path) as file:
            read = partial(check_download, operation)
            response = await self._send(operation, request, read, options)
            file.write(response.content)
        return path

    def _send(
        self,
        operation: Operation[Any] | None,
        request: Request,
        read: Callable[[RawResponse, bool], T],
        options: RequestOptions,
    ) -> Awaitable[T]:
        if request.method not in ("GET", "HEAD"):
            preload(operation, request.info, strict=self._strict)
        policy = self._retry
        if options.max_retries is not None:
            policy = evolve(policy, max_retries=options.max_retries)
        return send(
            self._open(),
            request,
            read,
            timeout=self._timeout if options.timeout is None else Timeout.of(options.timeout),
            retry=policy,
            max_response_size=self._transport_options.max_response_size,
            hooks=self._hooks,
            on_response=options.on_response,
        )

    def _open(self) -> Transport:
        if self._closed:
            raise ClientClosedError("this client is closed: build a new one")
        transport = self._transport
        if transport is None:
            opened = self._transport_options.open()
            # Event loops of several threads may get here at once: all use the first one's. No lock is held, which a
            # fork could leave locked for ever in the new process.
            self._transport = transport = vars(self).setdefault("_opened", opened)
            if (
                transport is opened
                and self._hooks.on_open is not None
                and transport.pools is not None
            ):
                server = self._origin.host, self._origin.port
                count = partial(_count, server, ref(transport.pools))
                notify("on_open", self._hooks.on_open, count)
        return transport


def _count(server: tuple[str, int], pools: ref[ConnectionPools[Any]]) -> Connections | None:
    """Count a client's connections. Knows the pools weakly, as whoever counts should not keep them."""
    found = pools()
    return None if found is None else Connections(server, *found.count())


def _store_id(store_id: Any) -> str | None:
    if store_id is not None and not isinstance(store_id, str):
        raise InvalidArgumentError(f"store_id takes a str, not {type(store_id).__name__}")
    return store_id or os.environ.get("PORTONE_STORE_ID") or None


def _hooks(hooks: Any) -> Hooks:
    if hooks is not None and not isinstance(hooks, Hooks):
        raise InvalidArgumentError(f"hooks takes portone_async.Hooks, not {type(hooks).__name__}")
    return hooks or NO_HOOKS


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{name} takes True or False")
    return value


def _target(file: Any) -> Path:
    """Return the path of a file to write."""
    try:
        path = Path(file)
    except TypeError:
        path = Path()
    if path.name == "" or "\0" in str(path) or os.path.isdir(path):  # noqa: PTH112  (which does not raise)
        raise InvalidArgumentError("file takes the path of a file to write")
    return path


def _retry_policy(retry: Any, max_retries: int | None) -> RetryPolicy:
    if not isinstance(retry, RetryPolicy):
        raise InvalidArgumentError(f"retry takes a RetryPolicy, not {type(retry).__name__}")
    if max_retries is None:
        return retry
    check_max_retries(max_retries)
    return evolve(retry, max_retries=max_retries)
