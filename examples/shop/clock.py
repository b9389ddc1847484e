"""The shop's clock. It is passed to whatever needs the time, so that tests can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current time, with a time zone."""


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
