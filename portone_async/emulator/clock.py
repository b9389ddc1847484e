"""The emulator's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus what it was moved by; started at a given moment, it only moves when told."""

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("start must be an aware datetime")
        self._fixed = start
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return (self._fixed or datetime.now(UTC)) + self._offset

    @property
    def is_running(self) -> bool:
        """Whether it moves by itself."""
        return self._fixed is None

    def reset(self) -> None:
        """Go back to where it was before it was moved."""
        self._offset = timedelta()

    def move_to(self, moment: datetime) -> None:
        """Move forward to a moment; a moment that has passed changes nothing."""
        self._offset += max(moment - self.now(), timedelta())
