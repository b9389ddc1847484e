"""The client: the driver between the pure functions that build requests and read responses."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Protocol, Self, TypeVar, cast, get_args

import anyio
from attrs import evolve

from portone_async._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ClientClosedError,
    InvalidArgumentError,
    ResponseError,
)
from portone_async._operation import (
    Operation,
    RequestOptions,
    Timeout,
    Wire,
    check_header,
    check_max_retries,
)
from portone_async._request import Request, Settings, build_raw_request, build_request
from portone_async._response import OK, RawResponse, Reply, read_error, read_reply
from portone_async._retry import Failure, RetryPolicy
from portone_async.api import Namespaces

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from portone_async._files import PartialFile
    from portone_async._transport import Answer, Transport

T = TypeVar("T")
P = ParamSpec("P")
BASE_URL: Final = "https://api.portone.io"
_NO_OPTIONS: Final = RequestOptions()


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


class PortOne(Namespaces):
    """A client of the PortOne V2 API.

    Build one per process and share it: it is safe to build at import time, and to use from many tasks at once.
    Use it with `async with`, or call `aclose()` at the end.

    Args:
        api_secret: The V2 API secret from PortOne's console. `PORTONE_API_SECRET` when not given.
        access_token: A token of `portone.auth.login_via_api_secret`, instead of the secret.
        store_id: The store to act for: goes wherever an operation takes one and the call gives none.
            `PORTONE_STORE_ID` when not given.
        base_url: Where the API is.
        timeout: Seconds for every step of a request, or a `Timeout` (10 s to connect, 60 s for an answer).
        max_retries: How often to try a call again at most after a passing fault; 0 for never.
        retry: The whole `RetryPolicy`, instead of `max_retries`.
        wire: What carries the bytes. `auto` is the client's own HTTP/1.1 on asyncio, and httpx's connections on trio
            and through a proxy; `httpx` and `httpx2` (the extra `[httpx2]`) are those libraries' connections always.
        max_connections: How many requests run at once; further ones wait.
        ssl_context: TLS settings of your own, such as a client certificate or a private authority. Otherwise
            certificates are verified against certifi's, or those of `SSL_CERT_FILE` or `SSL_CERT_DIR`.
        http_client: An `httpx.AsyncClient` or `httpx2.AsyncClient` of yours to send by, instead of the
            built-in wire. It stays yours to close.
        strict: Raise `ResponseError` with a JSON path wherever a reply is not what PortOne's document says,
            unknown fields, enum values and variants included. For test suites; never for production.

    Raises:
        InvalidArgumentError: No secret was given, or an argument cannot be right.
    """

    def __init__(
        self,
        api_secret: str | None = None,
        *,
        access_token: str | None = None,
        store_id: str | None = None,
        base_url: str = BASE_URL,
        timeout: float | Timeout = Timeout(),  # noqa: B008  (frozen)
        max_retries: int | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008  (frozen)
        wire: Wire = "auto",
        max_connections: int = 100,
        ssl_context: ssl.SSLContext | None = None,
        http_client: HTTPClient | None = None,
        strict: bool = False,
    ) -> None:
        if max_retries is not None:
            check_max_retries(max_retries)
            retry = evolve(retry, max_retries=max_retries)
        if wire not in get_args(Wire):
            raise InvalidArgumentError(f"wire is one of {', '.join(get_args(Wire))}")
        if isinstance(max_connections, bool) or max_connections < 1:
            raise InvalidArgumentError("max_connections takes a whole number from 1")
        if not re.fullmatch(r"https?://[^/?#\s@]+(/[!-\"$->@-~]*)?", base_url):
            raise InvalidArgumentError(
                "base_url is like https://api.portone.io, without a query or credentials, its path escaped"
            )
        self._settings: Final = Settings(
            base_url.rstrip("/"),
            _authorization(api_secret, access_token),
            store_id or os.environ.get("PORTONE_STORE_ID") or None,
        )
        self._timeout: Final = Timeout.of(timeout)
        self._retry: Final = retry
        self._wire: Final[Wire] = wire
        self._limit: Final = max_connections
        self._ssl_context: Final = ssl_context
        if http_client is not None and (ssl_context is not None or wire != "auto"):
            raise InvalidArgumentError(
                "with an http_client, TLS and the wire are its own: set them there"
            )
        self._http_client: Final = http_client
        self._strict: Final = strict
        self._transport: Transport | None = None
        self._closed = False

    def __repr__(self) -> str:
        return (
            f"PortOne(base_url={self._settings.base_url!r}, store_id={self._settings.store_id!r})"
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
        options = options or _NO_OPTIONS
        request = build_request(
            self._settings, operation, options, path or {}, query or {}, body or {}
        )
        if operation.download:
            return cast("T", await self._download(operation, options, request, Path(file or "")))
        read = partial(read_reply, operation, strict=self._strict)
        return await self._send(request, options, operation, read)

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
            query: Query parameters; those that are `None` are left out.
            json: The body. For GET and DELETE it goes into the query as `requestBody`, as PortOne wants it.
            options: Options of this call.

        Raises:
            APIError: The answer is no success.
            APIConnectionError: No complete answer came.
        """
        options = options or _NO_OPTIONS
        request = build_raw_request(self._settings, options, method, path, query or {}, json)
        return await self._send(request, options, None, _as_it_came)

    def _open(self) -> Transport:
        if self._closed:
            raise ClientClosedError("this client is closed: build a new one")
        if self._transport is None:
            # Here, so that importing the package and building a client do not wait for httpx.
            from portone_async._transport import Lanes, Origin, UserClient  # noqa: PLC0415

            self._transport = (
                UserClient(self._http_client)
                if self._http_client is not None
                else Lanes(
                    Origin.of(self._settings.base_url, self._ssl_context), self._limit, self._wire
                )
            )
        return self._transport

    async def _download(
        self, operation: Operation[Any], options: RequestOptions, request: Request, path: Path
    ) -> Path:
        from portone_async._files import whole_file  # noqa: PLC0415  (few programs download)

        if path.name == "" or path.is_dir():  # noqa: ASYNC240  (one look at a local path)
            raise InvalidArgumentError("file takes the path of a file to write")
        async with whole_file(path) as target:
            await self._send(request, options, operation, _as_it_came, target)
        return path

    async def _send(
        self,
        request: Request,
        options: RequestOptions,
        operation: Operation[Any] | None,
        read: Callable[[RawResponse], T],
        target: PartialFile | None = None,
    ) -> T:
        """Send until there is a success to read, or a failure that another attempt would not mend."""
        transport = self._open()
        timeout = self._timeout if options.timeout is None else Timeout.of(options.timeout)
        policy = self._retry
        if options.max_retries is not None:
            policy = evolve(policy, max_retries=options.max_retries)
        started = time.monotonic()
        attempts = 0
        reached = False
        while True:
            attempts += 1
            response: RawResponse | None = None
            try:
                response = await _attempt(transport, request, timeout, attempts, reached, target)
                value = read(_success(operation, response))
            except (APIConnectionError, APIError, ResponseError) as error:
                reached = not isinstance(error, APIConnectionError) or error.may_have_reached
                delay = policy.delay(
                    _failure(error),
                    attempts=attempts,
                    elapsed=time.monotonic() - started,
                    jitter=random.random(),  # noqa: S311  (no secret)
                    now=datetime.now(UTC),
                )
                if delay is not None:
                    await anyio.sleep(delay)
                # Closed meanwhile: what happened to this call tells more than that.
                if delay is None or self._closed:
                    if response is not None and options.on_response is not None:
                        options.on_response(response)
                    raise
            else:
                if options.on_response is not None:
                    options.on_response(response)
                return value


async def _attempt(
    transport: Transport,
    request: Request,
    timeout: Timeout,
    attempts: int,
    reached: bool,
    target: PartialFile | None,
) -> RawResponse:
    from portone_async._transport import TransportFault  # noqa: PLC0415  (loaded by now)

    try:
        if target is not None:
            await target.restart()
        answer: Answer = await transport.send(request, timeout, target.write if target else None)
    except ClientClosedError:
        if attempts == 1:
            raise
        # It tells of this attempt alone, and that nothing was sent: the one before may have arrived.
        raise _no_answer(
            APIConnectionError, request, "before the client was closed", reached, attempts - 1
        ) from None
    except TransportFault as fault:
        kind = APITimeoutError if fault.timed_out else APIConnectionError
        # An attempt that certainly failed does not undo an earlier one that may have arrived.
        reached = reached or fault.may_have_reached
        raise _no_answer(kind, request, f"({fault})", reached, attempts) from fault.__cause__
    return RawResponse(answer.status, answer.headers, answer.content, request.info, attempts)


def _no_answer(
    kind: type[APIConnectionError], request: Request, problem: str, reached: bool, attempts: int
) -> APIConnectionError:
    return kind(
        f"no complete answer to {request.info} {problem}; "
        f"PortOne {'may have got' if reached else 'did not get'} it",
        request=request.info,
        may_have_reached=reached,
        attempts=attempts,
    )


def _success(operation: Operation[Any] | None, response: RawResponse) -> RawResponse:
    if response.status not in OK:
        raise read_error(operation, response)
    return response


def _as_it_came(response: RawResponse) -> RawResponse:
    return response


def _failure(error: APIConnectionError | APIError | ResponseError) -> Failure:
    if isinstance(error, APIError):
        return Failure(error.status, error.headers, error.type)
    if isinstance(error, ResponseError) and error.path is not None:
        return Failure(error.status)  # whole, but not what the document says
    # A success that is no JSON was cut short: where nothing declares a body's length, only this shows it.
    return Failure()


def _authorization(api_secret: str | None, access_token: str | None) -> str:
    if api_secret is not None and access_token is not None:
        raise InvalidArgumentError("give api_secret or access_token, not both")
    secret = api_secret if access_token is None else access_token
    if secret is None:
        secret = os.environ.get("PORTONE_API_SECRET")
    if not secret:
        raise InvalidArgumentError(
            "no API secret: PortOne('...') or the environment variable PORTONE_API_SECRET (console: API Keys)"
        )
    if any(character.isspace() for character in secret):
        raise InvalidArgumentError("the API secret has white space in it or around it")
    value = f"{'PortOne' if access_token is None else 'Bearer'} {secret}"
    check_header("authorization", value)
    return value


async def with_response(
    function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> Reply[T]:
    """Call an operation and have its response's status, headers and raw body beside its value.

    `reply = await with_response(portone.payment.get_payment, "order-1")`
    """
    found: list[RawResponse] = []
    given: Any = kwargs.get("options")
    options = given if isinstance(given, RequestOptions) else _NO_OPTIONS

    def keep(response: RawResponse) -> None:
        found.append(response)
        if options.on_response is not None:
            options.on_response(response)

    kwargs["options"] = evolve(options, on_response=keep)
    value = await function(*args, **kwargs)
    return Reply(value, found[-1])
