"""What a client reports about its calls while they happen."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import define, field, fields

from portone_async._errors import InvalidArgumentError, PortOneError, RequestInfo
from portone_async._response import RawResponse

T = TypeVar("T")
logger: Final = logging.getLogger("portone_async")


@define(frozen=True)
class Retry:
    """A failed attempt of a call that is retried.

    Attributes:
        request: What was requested.
        attempt: Which attempt failed, from 1.
        error: Why it failed.
        delay: Seconds until the next attempt.
    """

    request: RequestInfo
    attempt: int
    error: PortOneError
    delay: float


@define(frozen=True)
class CallEnd:
    """The end of a call, with a result, an error or a cancellation.

    Attributes:
        request: What was requested.
        attempts: How many attempts were made.
        duration: Seconds from the start of the call, all attempts and the waits between them included.
        status: The HTTP status of the last attempt's response; `None` if it had none.
        error: What the call raises: an error of this package, or a cancellation; `None` for a success.
    """

    request: RequestInfo
    attempts: int
    duration: float
    status: int | None
    error: BaseException | None = field(repr=False)


@define(frozen=True)
class Connections:
    """How many connections to PortOne a client has, over all event loops.

    Attributes:
        server: Host and port.
        idle: Open connections that carry no request.
        active: Connections that carry a request or are being opened.
    """

    server: tuple[str, int]
    idle: int
    active: int


@define(frozen=True)
class Hooks:
    """Functions that a client calls for each of its calls.

    They run within the call, so they should be quick. What they raise is logged and does not change the call.

    Args:
        on_request: A call begins.
        on_response: The final response of a call, success or not. Its content may hold personal data.
        on_retry: An attempt failed and is retried.
        on_end: A call has ended; every `on_request` is followed by one, in the same task.
        on_open: The client is first used. Called with a function that counts its connections whenever it is called,
            from any thread, and returns `None` once the client is gone. Not called for a client with an
            `http_client` of yours, which counts its own.
    """

    on_request: Callable[[RequestInfo], None] | None = None
    on_response: Callable[[RawResponse], None] | None = None
    on_retry: Callable[[Retry], None] | None = None
    on_end: Callable[[CallEnd], None] | None = None
    on_open: Callable[[Callable[[], Connections | None]], None] | None = None

    def __attrs_post_init__(self) -> None:
        for attribute in fields(Hooks):
            value: Any = getattr(self, attribute.name)
            if value is not None and (not callable(value) or inspect.iscoroutinefunction(value)):
                raise InvalidArgumentError(
                    f"Hooks({attribute.name}=...) takes a function of one argument, which is called and not awaited"
                )


NO_HOOKS: Final = Hooks()


def notify(what: str, function: Callable[[T], None] | None, event: T) -> None:
    """Call a function of the user's. If it fails, that must not hide what came of the call."""
    if function is None:
        return
    try:
        function(event)
    except Exception as problem:  # noqa: BLE001
        report(what, problem)


def report(what: str, problem: Exception) -> None:
    """Log that a function of the user's failed, without the exception's text: it may hold personal data."""
    logger.error("%s raised %s: the call's result is not affected", what, where(problem))


def where(problem: Exception) -> str:
    """Return the type of a caught exception and the place that raised it, without its text."""
    *_, (frame, line) = traceback.walk_tb(problem.__traceback__)
    return f"{type(problem).__name__} ({Path(frame.f_code.co_filename).name}:{line})"
