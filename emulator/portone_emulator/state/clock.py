"""The emulator's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus an offset; with a `start` time it stands still and moves only when told."""

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("start must be an aware datetime")
        self._fixed = start
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return (self._fixed or datetime.now(UTC)) + self._offset

    @property
    def is_running(self) -> bool:
        """Whether the clock advances with real time."""
        return self._fixed is None

    @property
    def offset(self) -> timedelta:
        """How far the clock was moved."""
        return self._offset

    def reset(self) -> None:
        """Drop the offset."""
        self._offset = timedelta()

    def move_to(self, time: datetime) -> None:
        """Move forward to a time; ignored if that time has passed."""
        self._offset += max(time - self.now(), timedelta())
