"""A rate limiter that spaces calls evenly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from portone_async._errors import InvalidArgumentError

# Timers fire late by a millisecond or more. Delays of up to this many seconds are made up for, so that high rates are
# reached. Longer ones (a slow consumer, a blocked event loop) are not, as making up for them would cause a burst.
CATCH_UP: Final = 0.02


def check_rate(rate: float) -> None:
    """Refuse what is not a rate.

    Raises:
        InvalidArgumentError: It is not above 0, or infinite.
    """
    if not 0 < rate < float("inf"):
        raise InvalidArgumentError("rate takes a number above 0: calls per second")


class RateLimiter:
    """Lets one call through per tick. Only one task may wait at a time.

    Each tick is computed from the one before, so timer delays do not accumulate: within any `t` seconds, at most
    `rate * (t + CATCH_UP) + 2` calls get through.

    Args:
        rate: Calls per second.
        clock: The time in seconds, from any start.
        sleep_until: Waits until the clock shows a time.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = anyio.current_time,
        sleep_until: Callable[[float], Awaitable[None]] = anyio.sleep_until,
    ) -> None:
        self._interval: Final = 1 / rate
        self._max_delay: Final = max(CATCH_UP, self._interval)
        self._clock: Final = clock
        self._sleep_until: Final = sleep_until
        self._next_tick: float | None = None

    async def acquire(self) -> None:
        """Wait for the next tick."""
        now = self._clock()
        tick = self._next_tick
        if tick is not None and now < tick:
            await self._sleep_until(tick)
            now = self._clock()
        is_on_time = tick is not None and now - tick < self._max_delay
        self._next_tick = (tick if tick is not None and is_on_time else now) + self._interval
