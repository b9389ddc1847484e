"""How far a bulk run is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
from attrs import frozen


@frozen
class Progress:
    """How far a bulk run is."""

    done: int
    """Calls that have ended, the failed ones among them."""
    failed: int
    """Calls that have ended with an error."""
    elapsed: float
    """Seconds since the start."""
    total: int | None
    """How many arguments there are; `None` where the input does not tell."""

    @property
    def rate(self) -> float:
        """Calls ended per second, on average since the start."""
        return self.done / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until the end at this rate; `None` where that cannot be told."""
        if self.total is None or not self.done:
            return None
        return max(0, self.total - self.done) * self.elapsed / self.done


class Meter:
    """Counts, and tells a hook about it every so often."""

    def __init__(
        self, total: int | None, hook: Callable[[Progress], object] | None, every: float
    ) -> None:
        self._total: Final = total
        self._hook: Final = hook
        self._every: Final = every
        self._started = self._told = 0.0
        self._told_last = False
        self._done = 0
        self.failed = 0

    def start(self) -> None:
        """Count from now on."""
        self._started = self._told = anyio.current_time()

    def read(self) -> Progress:
        """How far it is now."""
        return Progress(self._done, self.failed, anyio.current_time() - self._started, self._total)

    def count(self, *, failed: bool) -> None:
        """One more call has ended."""
        self._done += 1
        self.failed += failed
        if self._hook is not None and (now := anyio.current_time()) - self._told >= self._every:
            self._told = now
            self._hook(self.read())

    def end(self) -> None:
        """Tell the hook for the last time."""
        if self._hook is not None and not self._told_last:
            self._told_last = True
            self._hook(self.read())
