"""What each process has: a client on an event loop in a thread of its own, and a rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypedDict, TypeVar, cast

import anyio
import sniffio

import portone_async
from portone_async._credentials import Credentials
from portone_async._errors import InvalidArgumentError
from portone_async._options import Timeout
from portone_async._transport_options import TransportName
from portone_async.blocking._runner import Runner
from portone_async.bulk.rate_limiter import RateLimiter, check_rate

T = TypeVar("T")
_SECRETS: Final = ("api_secret", "access_token")


class ClientOptions(TypedDict, total=False):
    """Arguments of `portone_async.PortOne`. The API secret is none of them: it comes from `PORTONE_API_SECRET`.

    Attributes:
        store_id: The store to act for. `PORTONE_STORE_ID` if omitted.
        base_url: The URL of the API. `PORTONE_BASE_URL` if omitted, or else PortOne's own.
        allow_http: Permit an `http://` URL of another machine, where everyone in between can read the secret.
        timeout: Seconds for every step of a request, or a `Timeout`.
        max_retries: How often to retry a call at most after a transient failure.
        transport: `"direct"` if omitted, or `"httpx"` where the environment names a proxy.
        max_connections: How many requests this process runs at once, 100 if omitted.
    """

    store_id: str | None
    base_url: str | None
    allow_http: bool
    timeout: float | Timeout
    max_retries: int | None
    transport: TransportName
    max_connections: int | None


class Worker:
    """The client of this process, for one set of options. Threads share it."""

    def __init__(self, client: portone_async.PortOne) -> None:
        self._runner: Final = Runner(client, None)
        self._limiters: Final = dict[float, _SharedLimiter]()

    @property
    def client(self) -> portone_async.PortOne:
        """The client."""
        return self._runner.client

    def limiter(self, rate: float | None) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return a function that waits until this process may send the next request.

        Raises:
            InvalidArgumentError: The rate is not valid.
        """
        if rate is None:
            return _do_not_wait
        check_rate(rate)
        return self._limiters.setdefault(rate, _SharedLimiter(rate)).acquire

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the client's event loop, and wait for it."""
        return self._runner.event_loop().run(coroutine)


class _SharedLimiter:
    """A rate limiter that several tasks may wait for."""

    def __init__(self, rate: float) -> None:
        self._limiter: Final = RateLimiter(rate)
        self._lock: Final = anyio.Lock()

    async def acquire(self) -> None:
        async with self._lock:
            await self._limiter.acquire()


async def _do_not_wait() -> None:
    """Wait for nothing."""


_workers: Final = dict[object, Worker]()


def get_worker(options: ClientOptions) -> Worker:
    """Return the worker of this process for these options and its environment; create it for the first call.

    Raises:
        InvalidArgumentError: An option is not valid, or there is no secret.
        RuntimeError: An event loop runs in this thread.
    """
    _check_no_event_loop()
    arguments = cast("dict[str, Any]", options)
    _check_names(arguments)
    environment = (
        Credentials(os.environ.get("PORTONE_API_SECRET"), None),
        os.environ.get("PORTONE_STORE_ID"),
        os.environ.get("PORTONE_BASE_URL"),
    )
    # A forked process begins anew: what its parent has, it had in the middle of whatever the parent's threads did.
    key = (os.getpid(), environment, tuple(sorted(arguments.items())))
    try:
        worker = _workers.get(key)
    except TypeError:
        raise InvalidArgumentError(
            "an option of the client has a value that cannot be hashed"
        ) from None
    if worker is None:
        # No lock, which a fork could leave locked for ever: threads may get here at once, and all use the first's.
        worker = _workers.setdefault(key, Worker(_create_client(arguments)))
    return worker


def _create_client(arguments: dict[str, Any]) -> portone_async.PortOne:
    if "transport" not in arguments:
        # Directly where that is possible: not through a proxy.
        with suppress(InvalidArgumentError):
            return portone_async.PortOne(**arguments, transport="direct")
    return portone_async.PortOne(**arguments)


def _check_names(arguments: dict[str, Any]) -> None:
    unknown = sorted(arguments.keys() - ClientOptions.__annotations__.keys())
    if not unknown:
        return
    # Tools that collect errors show the variables of each function, and one of these may be the secret.
    arguments.clear()
    if any(name in _SECRETS for name in unknown):
        raise InvalidArgumentError(
            "the API secret is no argument, as the engine would write it into logs and files: "
            "set the environment variable PORTONE_API_SECRET in the worker processes"
        )
    raise InvalidArgumentError(
        f"there is no argument {unknown[0]!r}; those of the client are: {', '.join(ClientOptions.__annotations__)}"
    )


def _check_no_event_loop() -> None:
    try:
        sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        return
    raise RuntimeError(
        "portone_async.bulk.arrow would block the event loop that runs in this thread: call it in another, "
        "such as by `await asyncio.to_thread(arrow.lookup, table)`"
    )
