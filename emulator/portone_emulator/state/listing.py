"""Shared by the list operations: pages, time ranges, filters, order.

What is listed comes from indexes: a list reads its page, and no other records, unless a filter is
left that only a look at each record tells, such as a search for text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from attrs import frozen

from portone_emulator.errors import invalid
from portone_emulator.state.containers import IndexedRecords
from portone_emulator.state.index import Period
from portone_emulator.state.json_values import (
    JsonObject,
    format_datetime,
    normalized,
    parse_datetime,
    values_at,
)
from portone_emulator.state.state import State

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

DEFAULT_SIZE = 10
DEFAULT_RANGE = timedelta(days=90)
_EARLIEST = datetime.min.replace(tzinfo=UTC) + DEFAULT_RANGE


@frozen
class Page:
    """A requested page of a list, numbered from 0."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """How many items are before it."""
        return self.number * self.size

    def to_json(self, total: int) -> JsonObject:
        """Return the page as responses tell it, with the number of all items."""
        return {"number": self.number, "size": self.size, "totalCount": total}


def requested_page(body: Mapping[str, Any], limit: int | None = None) -> Page:
    """Return the page that a request asks for. `limit` is the last item that pages may reach.

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
    return Page(number, size)


def page(
    items: Sequence[JsonObject], body: Mapping[str, Any]
) -> tuple[list[JsonObject], JsonObject]:
    """Return the requested page of a whole list.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if the page number or size is out of range.
    """
    wanted = requested_page(body)
    return list(items[wanted.start : wanted.start + wanted.size]), wanted.to_json(len(items))


def page_in_time(
    state: State,
    records: IndexedRecords[K, V],
    body: Mapping[str, Any],
    *,
    time: str,
    check: Callable[[V], bool] | None = None,
    limit: int | None = None,
) -> tuple[list[V], JsonObject]:
    """Return the requested page of records in a time range, the newest first unless asked for ASC.

    Args:
        state: the state.
        records: what is listed.
        body: the request's `filter`, `sort` and `page`.
        time: the time that the range and the order are of, unless the request says so.
        check: whether a record passes what the index does not know.
        limit: the last item that pages may reach.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if the page number or size is out of range; FORBIDDEN if
            the filter's store does not belong to the account.
    """
    filters: JsonObject = body.get("filter", {})
    sort: JsonObject = body.get("sort", {})
    if "storeId" in filters:
        state.store(filters["storeId"])
    period = Period(filters.get("timeRangeField", time), *time_range(filters, state.clock.now()))
    wanted = requested_page(body, limit)
    found = records.index.select(
        wanted_values(filters),
        period,
        None if check is None else lambda key: check(records[key]),
    )
    keys = found.keys(
        sort.get("by", time),
        is_ascending=sort.get("order") == "ASC",
        start=wanted.start,
        size=wanted.size,
    )
    return [records[key] for key in keys], wanted.to_json(len(found))


def wanted_values(filters: Mapping[str, Any], prefix: str = "") -> dict[str, Collection[Hashable]]:
    """Return the values that filters want, by name; those of nested filters are `outer.inner`."""
    wanted: dict[str, Collection[Hashable]] = {}
    for name, value in filters.items():
        if isinstance(value, dict):
            wanted |= wanted_values(cast("JsonObject", value), f"{prefix}{name}.")
        else:
            wanted[f"{prefix}{name}"] = value if isinstance(value, list) else (value,)
    return wanted


def time_range(filters: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """Return the start and end of the filters' time range, both inclusive.

    `until` defaults to now, `from` to 90 days before `until`.
    """
    until = parse_datetime(filters["until"]) if "until" in filters else now
    default_start = max(until, _EARLIEST) - DEFAULT_RANGE
    start = parse_datetime(filters["from"]) if "from" in filters else default_start
    return format_datetime(start), format_datetime(until)


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


def in_date_range(wanted: Mapping[str, str] | None, time: str | None) -> bool:
    """Whether a time is in a `DateTimeRange`, inclusive; an omitted range matches everything."""
    if wanted is None:
        return True
    if time is None:
        return False
    return str(normalized(wanted["from"])) <= time <= str(normalized(wanted["until"]))
