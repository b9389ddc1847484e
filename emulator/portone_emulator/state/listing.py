"""Shared by the list operations: pages, time ranges, filters, order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, cast

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject, format_datetime, parse_datetime

DEFAULT_SIZE = 10
DEFAULT_RANGE = timedelta(days=90)
_EARLIEST = datetime.min.replace(tzinfo=UTC) + DEFAULT_RANGE
Field = Callable[[JsonObject], object]


def page(
    items: Iterable[JsonObject],
    body: Mapping[str, Any],
    *,
    total: int | None = None,
    limit: int | None = None,
) -> tuple[list[JsonObject], JsonObject]:
    """Return the requested page, numbered from 0. `limit` is the last item that pages may reach.

    Where the number of items is known, `total`, those after the page are not looked at.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if the page number or size is out of range.
    """
    wanted: JsonObject = body.get("page", {})
    number = wanted.get("number", body.get("pageNumber", 0))
    size = wanted.get("size", body.get("pageSize", DEFAULT_SIZE))
    if number < 0:
        raise invalid("query.requestBody.page.number", "must not be negative")
    if size < 1:
        raise invalid("query.requestBody.page.size", "must be at least 1")
    if limit is not None and (number + 1) * size > limit:
        raise invalid("query.requestBody.page", f"(number + 1) * size must not exceed {limit}")
    if total is None:
        items = list(items)
        total = len(items)
    start = number * size
    info: JsonObject = {"number": number, "size": size, "totalCount": total}
    return list(islice(items, start, start + size)), info


def time_range(filters: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """Return the start and end of the filters' time range, both inclusive.

    `until` defaults to now, `from` to 90 days before `until`.
    """
    until = parse_datetime(filters["until"]) if "until" in filters else now
    default_start = max(until, _EARLIEST) - DEFAULT_RANGE
    start = parse_datetime(filters["from"]) if "from" in filters else default_start
    return format_datetime(start), format_datetime(until)


def in_time_range(
    items: Iterable[JsonObject], filters: Mapping[str, Any], field: Field, now: datetime
) -> list[JsonObject]:
    """Return the items whose time, given by `field`, is in the filters' time range."""
    first, last = time_range(filters, now)
    return [item for item in items if first <= str(field(item) or "") <= last]


def sort_by_time(items: Iterable[JsonObject], field: Field, order: str | None) -> list[JsonObject]:
    """Sort by a time field, newest first unless `order` is ASC; items without it come last."""
    descending = order != "ASC"
    dated = sorted(
        (item for item in items if field(item) is not None), key=lambda item: str(field(item))
    )
    undated = [item for item in items if field(item) is None]
    return [*(reversed(dated) if descending else dated), *undated]


def matches_any(wanted: Sequence[object] | None, value: object) -> bool:
    """Whether a value is in a filter's list; an omitted or empty list matches everything."""
    return not wanted or value in wanted


def matches(wanted: object, value: object) -> bool:
    """Whether a value equals a filter's; an omitted filter matches everything."""
    return wanted is None or wanted == value


def get_nested(item: Any, *steps: str) -> Any:
    """Return a nested field, `None` if a step is missing."""
    for step in steps:
        if not isinstance(item, dict):
            return None
        item = item.get(step)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return item  # pyright: ignore[reportUnknownVariableType]


def matches_text(
    search: Mapping[str, str] | None, item: JsonObject, fields: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether a field contains the text of a search, ignoring case.

    `ALL` searches every field; a field that the emulator does not have never matches.
    """
    if search is None:
        return True
    wanted = search["value"].lower()
    name = search["field"]
    places = fields.values() if name == "ALL" else [fields[name]] if name in fields else []
    return any(wanted in str(value).lower() for place in places for value in values_at(item, place))


def values_at(item: Any, steps: tuple[str, ...]) -> list[Any]:
    """Return the values at a path; a list on the path stands for each of its items."""
    if isinstance(item, list):
        members = cast("list[Any]", item)
        return [value for member in members for value in values_at(member, steps)]
    if not steps:
        return [] if item is None else [item]
    return values_at(get_nested(item, steps[0]), steps[1:])


def in_date_range(wanted: Mapping[str, str] | None, time: str | None) -> bool:
    """Whether a time is in a `DateTimeRange`, inclusive; an omitted range matches everything."""
    if wanted is None:
        return True
    if time is None:
        return False
    return (
        format_datetime(parse_datetime(wanted["from"]))
        <= time
        <= format_datetime(parse_datetime(wanted["until"]))
    )
