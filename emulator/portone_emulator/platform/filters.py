"""Selection of records by the filters of list operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any

from portone_emulator.platform.records import records
from portone_emulator.platform.tables import FILTERS, Filters, values_at
from portone_emulator.state import listing
from portone_emulator.state.index import ARRIVAL, Period, Selection
from portone_emulator.state.json_values import JsonObject, get_nested, normalized
from portone_emulator.state.state import State

Check = Callable[[JsonObject], bool]

_DATE_LENGTH = len("2026-01-31")


def select(
    state: State,
    kind: str,
    filters: Mapping[str, Any],
    *,
    test: bool,
    period: Period | None = None,
    check: Check | None = None,
) -> Selection[str, JsonObject]:
    """Select the records of a kind that match filters.

    A list is matched by any of its values, an empty one by everything; a range by what is in it; any
    other value by an equal one; a text by one that contains it, ignoring case.

    Args:
        state: the state.
        kind: the kind of the records.
        filters: the filters of its table.
        test: whether to select test data.
        period: when one of the record's times must be.
        check: what else must hold of a record.
    """
    table = FILTERS[kind]
    checks = [*_checks_of_texts(table, filters)]
    for name in table.ranges:
        limits = get_nested(filters, *name.split("."))
        if limits is None:
            continue
        first, last = (_limit(limits[end]) for end in ("from", "until"))
        if period is None:
            period = Period(name, first, last)
        else:
            checks.append(_check_of_range(table.ranges[name], first, last))
    if check is not None:
        checks.append(check)
    of_kind = records(state, kind, test=test)
    return of_kind.index.select(
        listing.wanted_values(filters),
        period,
        (lambda key: all(each(of_kind[key]) for each in checks)) if checks else None,
    )


def newest_first(
    state: State, kind: str, selection: Selection[str, JsonObject], *, test: bool
) -> list[JsonObject]:
    """Return all selected records, the newest first."""
    of_kind = records(state, kind, test=test)
    return [of_kind[key] for key in selection.keys(ARRIVAL, is_ascending=False)]


def page(
    state: State,
    kind: str,
    selection: Selection[str, JsonObject],
    body: JsonObject,
    *,
    test: bool,
    time: str = ARRIVAL,
    is_ascending: bool = False,
) -> tuple[list[JsonObject], JsonObject]:
    """Return the requested page of the selected records, in the order of a time.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if the page number or size is out of range.
    """
    of_kind = records(state, kind, test=test)
    wanted = listing.requested_page(body)
    keys = selection.keys(time, is_ascending=is_ascending, start=wanted.start, size=wanted.size)
    return [of_kind[key] for key in keys], wanted.to_json(len(selection))


def distinct_values(
    state: State, kind: str, name: str, wanted: Mapping[str, Collection[Hashable]], *, test: bool
) -> list[Any]:
    """Return the values that the selected records have of a lookup, sorted."""
    index: Any = records(state, kind, test=test).index
    return sorted(
        value for value in index.values_of(name) if len(index.select({**wanted, name: [value]}))
    )


def contains_texts(record: JsonObject, texts: Iterable[tuple[str, str]]) -> bool:
    """Whether a record contains texts at paths, ignoring case."""
    return all(
        text.lower() in "\n".join(map(str, values_at(record, paths))).lower()
        for paths, text in texts
    )


def _checks_of_texts(table: Filters, filters: Mapping[str, Any]) -> Iterator[Check]:
    found = ((paths, get_nested(filters, *name.split("."))) for name, paths in table.texts.items())
    texts = [(paths, text) for paths, text in found if text is not None]
    if texts:
        yield lambda record: contains_texts(record, texts)


def _check_of_range(paths: str, first: str, last: str) -> Check:
    return lambda record: any(first <= value <= last for value in values_at(record, paths))


def _limit(value: str) -> str:
    """Return the limit of a `DateRange` or a `DateTimeRange` in the format of responses."""
    return value if len(value) == _DATE_LENGTH else str(normalized(value))
