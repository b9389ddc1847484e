"""Statistics by status, in lists of settlements, payouts and bank transfers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portone_emulator.state.index import Selection
from portone_emulator.state.json_values import JsonObject


def count_by_status(found: Iterable[JsonObject], names: Mapping[str, str]) -> JsonObject:
    """Return how many records have each status; `names` are those of the statistics."""
    return sum_by_status(((record["status"], 1) for record in found), names)


def count_selected(selection: Selection[str, JsonObject], names: Mapping[str, str]) -> JsonObject:
    """Return how many selected records have each status."""
    counts = selection.count_by("statuses")
    return sum_by_status(((str(status), number) for status, number in counts.items()), names)


def sum_by_status(values: Iterable[tuple[str, int]], names: Mapping[str, str]) -> JsonObject:
    """Return the sum of the values of each status."""
    sums = dict.fromkeys(names.values(), 0)
    for status, value in values:
        sums[names[status]] += value
    return sums
