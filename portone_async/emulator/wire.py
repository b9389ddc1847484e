"""Small things every part of the emulator says about the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as `orjson` reads it."""


def timestamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC.

    Always with six fractional digits, so that comparing two of these texts compares the moments.
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read an RFC 3339 date-time, in UTC. Fractions finer than a microsecond are cut off.

    Raises:
        ValueError: the text is not an RFC 3339 date-time, has no offset, or lies beyond the years
            1 to 9999.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError("a date-time needs an offset")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the year is out of range") from error


def present(**fields: object) -> JsonObject:
    """Build a JSON object of the fields that have a value: PortOne leaves out, it never nulls."""
    return {name: value for name, value in fields.items() if value is not None}
