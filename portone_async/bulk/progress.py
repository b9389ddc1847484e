"""Progress of a bulk run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
from attrs import frozen


@frozen
class Progress:
    """A snapshot of how far a bulk run is.

    Attributes:
        completed: How many calls have ended, including failed ones.
        failed: How many calls have ended with an error.
        elapsed: Seconds since the start.
        total: How many arguments there are; `None` if unknown.
    """

    completed: int
    failed: int
    elapsed: float
    total: int | None

    @property
    def rate(self) -> float:
        """Completed calls per second, averaged since the start."""
        return self.completed / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def time_remaining(self) -> float | None:
        """Estimated seconds until the end at this rate; `None` if it cannot be estimated."""
        if self.total is None or not self.completed:
            return None
        return max(0, self.total - self.completed) * self.elapsed / self.completed


class ProgressTracker:
    """Counts completed calls and reports them to a callback, throttled.

    Args:
        total: How many calls there will be, if known.
        on_progress: The callback.
        interval: Minimum seconds between two reports.
        clock: The time in seconds, from any start.
    """

    def __init__(
        self,
        total: int | None,
        on_progress: Callable[[Progress], object] | None,
        interval: float,
        *,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._total: Final = total
        self._on_progress: Final = on_progress
        self._interval: Final = interval
        self._clock: Final = clock
        self._started_at = self._reported_at = 0.0
        self._is_finished = False
        self._completed = 0
        self.failed = 0

    def start(self) -> None:
        """Start the clock."""
        self._started_at = self._reported_at = self._clock()

    def snapshot(self) -> Progress:
        """Return the progress so far."""
        elapsed = self._clock() - self._started_at
        return Progress(self._completed, self.failed, elapsed, self._total)

    def record(self, *, failed: bool) -> None:
        """Count a completed call, and report it unless the last report is too recent."""
        self._completed += 1
        self.failed += failed
        if self._on_progress is None:
            return
        now = self._clock()
        if now - self._reported_at >= self._interval:
            self._reported_at = now
            self._on_progress(self.snapshot())

    def finish(self) -> None:
        """Send the last report, once."""
        if self._on_progress is not None and not self._is_finished:
            self._is_finished = True
            self._on_progress(self.snapshot())
