"""So many calls a second, evenly."""

from __future__ import annotations

from typing import Final

import anyio

# Timers are late by a millisecond or more. What was missed in this many seconds is caught up with, so that fast
# rates are kept; what was missed longer ago (a slow consumer, a stalled loop) is not, so that there is no burst.
CATCH_UP: Final = 0.02


class Pacer:
    """Lets one caller pass at each tick of a clock. Only one may wait at a time.

    Ticks lie on a grid, so lateness does not add up: in any `t` seconds at most `rate * (t + CATCH_UP) + 2` pass.
    """

    def __init__(self, rate: float) -> None:
        self._interval: Final = 1 / rate
        self._patience: Final = max(CATCH_UP, self._interval)
        self._tick: float | None = None

    async def wait(self) -> None:
        """Wait for the next tick."""
        now = anyio.current_time()
        if self._tick is not None and now < self._tick:
            await anyio.sleep_until(self._tick)
            now = anyio.current_time()
        on_time = self._tick is not None and now - self._tick < self._patience
        self._tick = (self._tick if self._tick is not None and on_time else now) + self._interval
