"""JSON objects, and date-times in the format of PortOne's API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as `orjson` parses it."""


def format_datetime(time: datetime) -> str:
    """Format a date-time as RFC 3339 in UTC, with nine fractional digits, as PortOne sends them.

    There are always as many, so that these texts sort by time.
    """
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")


def parse_datetime(text: str) -> datetime:
    """Parse an RFC 3339 date-time, in UTC. Fractions beyond microseconds are truncated.

    Raises:
        ValueError: the text is not an RFC 3339 date-time, has no UTC offset, or its year in UTC
            is not from 1 to 9999.
    """
    parsed = datetime.fromisoformat(text.upper())  # RFC 3339 allows `t` and `z`
    if parsed.tzinfo is None:
        raise ValueError("a date-time needs a UTC offset")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the year is out of range") from error


def normalized(time: str | None) -> str | None:
    """Return a request's valid date-time in the format of responses."""
    return None if time is None else format_datetime(parse_datetime(time))


def omit_none(**fields: object) -> JsonObject:
    """Build a JSON object, omitting `None`: PortOne omits fields, it never sends null."""
    return {name: value for name, value in fields.items() if value is not None}


def get_nested(item: Any, *steps: str) -> Any:
    """Return a nested field, `None` if a step is missing."""
    for step in steps:
        if not isinstance(item, dict):
            return None
        item = item.get(step)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return item  # pyright: ignore[reportUnknownVariableType]


def values_at(item: Any, steps: tuple[str, ...]) -> list[Any]:
    """Return the values at a path; a list on the path stands for each of its items."""
    if isinstance(item, list):
        members = cast("list[Any]", item)
        return [value for member in members for value in values_at(member, steps)]
    if not steps:
        return [] if item is None else [item]
    return values_at(get_nested(item, steps[0]), steps[1:])
