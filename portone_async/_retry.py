"""When to try again, and how long to wait first: no input or output.

A request is only ever repeated if PortOne carries it out once however often it comes: it is a GET, or it has
an idempotency key. Every other request of the client's has one, so what remains is whether it would help.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from attrs import define

OUTSTANDING: Final = "IDEMPOTENCY_OUTSTANDING_REQUEST"
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


@define(frozen=True)
class RetryPolicy:
    """How patient a client is."""

    max_retries: int = 2
    first_delay: float = 0.5
    """Seconds: the most to wait before the first retry; doubles each time."""
    longest_delay: float = 8.0
    """Seconds: the most to wait before any retry."""
    longest_retry_after: float = 30.0
    """Seconds: a `Retry-After` beyond this is not waited for; the error is raised at once."""
    budget: float = 180.0
    """Seconds from the start of the call in which a retry may start."""

    def delay(
        self, failure: Failure, *, attempts: int, elapsed: float, jitter: float, now: datetime
    ) -> float | None:
        """Seconds to wait before the next attempt, or `None` to give up.

        `attempts` counts those made, `jitter` is a random number from 0 to 1 (full jitter), `elapsed` the
        seconds since the call began.
        """
        if not failure.passing or self.max_retries == 0:
            return None
        # While the first request of a key still runs, only waiting helps: the budget ends it, not the count.
        if attempts > self.max_retries and not failure.outstanding:
            return None
        asked = failure.retry_after(now)
        if asked is not None and asked > self.longest_retry_after:
            return None
        step = min(self.longest_delay, self.first_delay * 2.0 ** min(attempts - 1, 16))
        wait = max(asked or 0.0, step * (0.5 + jitter / 2 if failure.outstanding else jitter))
        return wait if elapsed + wait <= self.budget else None


@define(frozen=True)
class Failure:
    """What went wrong with an attempt: a status with its headers and error type, or no whole answer at all."""

    status: int | None = None
    headers: Mapping[str, str] | None = None
    type: str | None = None

    @property
    def outstanding(self) -> bool:
        """The first request with this idempotency key still runs."""
        return self.status == 409 and self.type == OUTSTANDING  # noqa: PLR2004

    @property
    def passing(self) -> bool:
        """Whether trying again may help.

        A body with an error type is PortOne's own answer, not a passing fault of something between: 502
        PG_PROVIDER is a declined card.
        """
        return (
            self.outstanding
            or self.status is None
            or (self.status in _PASSING and self.type is None)
        )

    def retry_after(self, now: datetime) -> float | None:
        """Seconds that the answer asks to wait, from either form of `Retry-After`."""
        asked = (self.headers or {}).get("retry-after", "").strip()
        if not asked:
            return None
        if asked.isascii() and asked.isdigit():
            return float(asked)
        import email.utils  # noqa: PLC0415  (slow to import, rarely needed)

        try:
            until = email.utils.parsedate_to_datetime(asked)
        except (ValueError, OverflowError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return max(0.0, (until - now).total_seconds())
