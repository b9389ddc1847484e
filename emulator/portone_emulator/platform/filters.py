"""Filters of the list operations, from tables of the fields that they look at.

A table maps a filter's name to a path, such as `contact.email`. `|` separates several paths; a list
on a path stands for each of its items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject

Table: TypeAlias = Mapping[str, str]

_DATE_LENGTH = len("2026-01-31")


def matches_filters(record: JsonObject, filters: Mapping[str, Any], table: Table) -> bool:
    """Whether a record matches all filters of a table.

    A list is matched by any of its values, an empty one by everything; a range by what is in it; any
    other value by an equal one.
    """
    return all(
        _matches(filters[name], values_at(record, paths))
        for name, paths in table.items()
        if name in filters
    )


def contains_texts(record: JsonObject, keyword: Mapping[str, str], table: Table) -> bool:
    """Whether a record contains all texts of a keyword search, ignoring case."""
    return all(
        keyword[name].lower() in "\n".join(map(str, values_at(record, paths))).lower()
        for name, paths in table.items()
        if name in keyword
    )


def equals_texts(record: JsonObject, keyword: Mapping[str, str], table: Table) -> bool:
    """Whether a record has exactly the texts of a keyword search."""
    return all(
        keyword[name] in map(str, values_at(record, paths))
        for name, paths in table.items()
        if name in keyword
    )


def values_at(record: JsonObject, paths: str) -> list[Any]:
    """Return the values at the paths."""
    return [
        value
        for path in paths.split("|")
        for value in listing.values_at(record, tuple(path.split(".")))
    ]


def _matches(wanted: Any, values: Iterable[Any]) -> bool:
    if isinstance(wanted, list):
        return not wanted or any(value in wanted for value in values)
    if isinstance(wanted, dict):
        limits = cast("Mapping[str, str]", wanted)
        return any(_in_range(limits, value) for value in values)
    return wanted in values


def _in_range(wanted: Mapping[str, str], value: str) -> bool:
    """Whether a date or a time is in a `DateRange` or a `DateTimeRange`, inclusive."""
    if len(value) == _DATE_LENGTH:
        return wanted["from"] <= value <= wanted["until"]
    return listing.in_date_range(wanted, value)
