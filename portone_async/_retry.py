"""When to retry, and how long to wait first: no input or output.

A request is only repeated if PortOne carries it out once however often it is sent: it is a GET, or it has an
idempotency key. The client gives every other request a key, so what remains is whether a retry may help.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import anyio
from attrs import define, field, fields

from portone_async._errors import (
    IN_PROGRESS,
    APIConnectionError,
    APIError,
    InvalidArgumentError,
    PortOneError,
    ResponseError,
)
from portone_async._options import check_max_retries, is_seconds

# 520 to 530 are Cloudflare's own: it got no usable response from the server behind it.
_TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504, *range(520, 531)})
_DELAY: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random() -> float:
    # A function and not `random.random`, so that a pickled policy does not hold the generator's state.
    return random.random()  # noqa: S311  (jitter)


@define(frozen=True)
class RetryPolicy:
    """Retry limits and backoff: exponential, with full jitter.

    Seconds are from 0 to 86,400 (a day).

    Args:
        max_retries: How often to retry at most; 0 for never.
        initial_delay: Seconds: the longest wait before the first retry; it doubles with each one.
        max_delay: Seconds: the longest wait before any retry.
        max_retry_after: Seconds: a `Retry-After` beyond this is not waited for; the error is raised at once.
        sleep: Waits for the given number of seconds. Replace it in tests that should not wait.
        clock: Seconds on a clock that never goes back.
        jitter: A random number from 0 to 1.
        now: The current time, for a `Retry-After` that is a date.

    The total time of a call is limited by `Timeout(total=...)`.
    """

    max_retries: int = 2
    initial_delay: float = 0.5
    max_delay: float = 8.0
    max_retry_after: float = 30.0
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    jitter: Callable[[], float] = field(default=_random, repr=False)
    now: Callable[[], datetime] = field(default=_utc_now, repr=False)

    def __attrs_post_init__(self) -> None:
        check_max_retries(self.max_retries)
        for attribute in fields(RetryPolicy):
            value: Any = getattr(self, attribute.name)
            if attribute.name in ("initial_delay", "max_delay", "max_retry_after"):
                if not is_seconds(value):
                    raise InvalidArgumentError(
                        f"RetryPolicy({attribute.name}=...) takes seconds: a number from 0 to 86400"
                    )
            elif attribute.name != "max_retries" and not callable(value):
                raise InvalidArgumentError(f"RetryPolicy({attribute.name}=...) takes a function")

    def delay(self, error: PortOneError, *, attempts: int, remaining: float) -> float | None:
        """Return the seconds to wait before the next attempt, or `None` to give up.

        `attempts` counts those made; `remaining` are the seconds that are left for the whole call.
        """
        in_progress = isinstance(error, APIError) and error.type == IN_PROGRESS
        if self.max_retries == 0 or not (in_progress or is_transient(error)):
            return None
        # While the first request of a key is in progress only waiting helps: the total time ends it, not the count.
        if attempts > self.max_retries and not in_progress:
            return None
        wait = min(self.max_delay, self.initial_delay * 2.0 ** min(attempts - 1, 16))
        wait *= 0.5 + self.jitter() / 2 if in_progress else self.jitter()
        asked = (
            retry_after(error.headers, self.now)
            if isinstance(error, APIError | ResponseError)
            else None
        )
        if asked is not None:
            if asked > self.max_retry_after:
                return None
            # Spread out, never before: otherwise everyone who was told the same second comes back together.
            wait += asked
        return wait if wait < remaining else None


def is_transient(error: PortOneError) -> bool:
    """Return whether a retry may help.

    A body with an error type is PortOne's own response, not a transient failure of something between: 502
    PG_PROVIDER is a declined card.
    """
    if isinstance(error, APIError):
        return error.type is None and error.status in _TRANSIENT
    if isinstance(error, ResponseError):
        # Where nothing declares a body's length, only its JSON shows that it was cut short. With a path it is
        # whole, but not what the document says.
        return error.path is None
    return isinstance(error, APIConnectionError) and error.is_transient


def retry_after(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return the seconds that a response asks to wait, from either form of `Retry-After` (RFC 9110, 10.2.3)."""
    # Sent twice, it is one list: the longest wait obeys each of them. A date is readable without its day of the week.
    values = headers.get("retry-after", "").split(",")
    waits = [_seconds(value.strip(), now) for value in values]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(value: str, now: Callable[[], datetime]) -> float | None:
    if not value:
        return None
    if _DELAY.fullmatch(value):
        return float(value)
    import email.utils  # noqa: PLC0415  (slow to import, rarely needed)

    try:
        until = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now()).total_seconds())
