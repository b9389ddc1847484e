"""Indexes of records by the values of their fields, in the order of times, for lists with filters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import count, islice
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from attrs import frozen

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Values: TypeAlias = tuple[Hashable, ...]
Entry: TypeAlias = tuple[str, int, K]
"""The time of a record, its number in the order of arrival, and its key."""
Run: TypeAlias = tuple[Sequence[Entry[K]], range]
"""A part of a sorted list: the positions in it, in the wanted order."""

ARRIVAL = "arrival"
"""The name of a time that is the same for all records: lists by it are in the order of arrival."""

_FEW = 16
"""The largest number of records that have a value of a lookup and are not grouped."""


class Fields(NamedTuple):
    """What a record is sorted and filtered by, by name. All records of an index have the same names.

    Attributes:
        times: texts that sort by time; `None` where the record has none. Lists are sorted by them,
            and ranges are compared with them.
        facets: fields of few different values, such as statuses. Records are grouped by all of
            them together.
        lookups: fields of many different values, such as IDs.
    """

    times: dict[str, str | None]
    facets: dict[str, Values]
    lookups: dict[str, Values]


@frozen
class Period:
    """From a time to another, both inclusive. `time` is its name."""

    time: str
    first: str
    last: str


class Group(Generic[K]):
    """Records with the same facets, sorted by each of the times."""

    __slots__ = ("facets", "lists")

    def __init__(self, facets: tuple[Values, ...], times: int) -> None:
        self.facets = facets
        self.lists: list[list[Entry[K]]] = [[] for _ in range(times)]


class _Scope(Generic[K]):
    """Records that have one value of a lookup, or all records.

    Attributes:
        keys: the keys of few records; of more, they are in groups.
        groups: the groups, by their facets; `None` of few records.
    """

    __slots__ = ("groups", "keys", "size")

    def __init__(self) -> None:
        self.size = 0
        self.keys: list[K] = []
        self.groups: dict[tuple[Values, ...], Group[K]] | None = None


class _Indexed(NamedTuple):
    """What is in the index of a record."""

    entries: tuple[Entry[Any], ...]
    """For each time, what is in the sorted lists."""
    facets: tuple[Values, ...]
    lookups: tuple[tuple[str, Hashable], ...]


class Index(Generic[K, V]):
    """The keys of records by the values of their fields. It never reads a record but in `put()`.

    What a selection costs depends on the number of groups, which is that of the different
    combinations of facets, and hardly on that of the records. Of several lookups, the one that
    selects the fewest is used, and the others are checked for each record that it selects.
    """

    def __init__(self, read: Callable[[V], Fields]) -> None:
        self._read = read
        self._times: dict[str, int] = {}
        """Where each time stands in groups, and each facet in theirs, from the first record on."""
        self._facets: dict[str, int] = {}
        self._all: _Scope[K] = _Scope()
        self._all.groups = {}
        self._scopes: dict[tuple[str, Hashable], _Scope[K]] = {}
        self._values: dict[str, dict[Hashable, None]] = {}
        """The values of each lookup."""
        self._lookups: dict[str, bool] = {}
        """The lookups, and whether a record has had several values of it."""
        self._single: dict[tuple[str, Hashable], tuple[tuple[str, Hashable], ...]] = {}
        """The lookups of records that have one, by it."""
        self._indexed: dict[K, _Indexed] = {}
        self._arrivals = count()

    def put(self, key: K, record: V) -> None:
        """Add a record, or follow its changes."""
        fields = self._read(record)
        if not self._times:
            self._times = {name: at for at, name in enumerate(fields.times)}
            self._facets = {name: at for at, name in enumerate(fields.facets)}
            self._lookups = dict.fromkeys(fields.lookups, False)
        old = self._indexed.get(key)
        # The same objects as before, for the sake of memory.
        _, number, key = ("", next(self._arrivals), key) if old is None else old.entries[0]
        entries = tuple([(time or "", number, key) for time in fields.times.values()])
        lookups: list[tuple[str, Hashable]] = []
        for name, values in fields.lookups.items():
            if len(values) > 1:
                self._lookups[name] = True
            lookups += [(name, value) for value in dict.fromkeys(values)]
        new = _Indexed(entries, tuple(fields.facets.values()), tuple(lookups))
        if old == new:
            return
        if old is not None:
            self._remove(key, old)
        self._add(key, new)

    def discard(self, key: K) -> None:
        """Remove a record, if it is there."""
        indexed = self._indexed.get(key)
        if indexed is not None:
            self._remove(key, indexed)

    def select(
        self,
        wanted: Mapping[str, Collection[Hashable]],
        period: Period | None = None,
        check: Callable[[K], bool] | None = None,
    ) -> Selection[K, V]:
        """Select records.

        Args:
            wanted: the values of facets and lookups, any of which a record must have; an empty
                collection means any value.
            period: when one of the record's times must be.
            check: what else must hold. It is called for each record for which the rest does.
        """
        facets = [
            (self._facets[name], values)
            for name, values in wanted.items()
            if name in self._facets and values
        ]
        scopes, others, is_disjoint = self._choose(wanted)
        groups = [
            group
            for scope in scopes
            for group in self._groups(scope)
            if all(any(each in values for each in group.facets[at]) for at, values in facets)
        ]
        checks: list[Callable[[K], bool]] = [self._has(each) for each in others]
        if check is not None:
            checks.append(check)
        return Selection(self, groups, period, checks, is_disjoint=is_disjoint)

    def values_of(self, lookup: str) -> list[Any]:
        """Return the values of a lookup that records have."""
        return list(self._values.get(lookup, ()))

    def position(self, time: str) -> int:
        """Return where a time stands in groups and records."""
        return self._times[time]

    def entries_of(self, key: K) -> tuple[Entry[K], ...]:
        """Return what is in the sorted lists of a record, for each time."""
        return self._indexed[key].entries

    def count_by(self, facet: str, groups: Iterable[tuple[Group[K], int]]) -> Counter[Hashable]:
        """Count the records by the value of a facet, from the number of each group's."""
        counts: Counter[Hashable] = Counter()
        for group, number in groups:
            for value in group.facets[self._facets[facet]]:
                counts[value] += number
        return counts

    def _choose(
        self, wanted: Mapping[str, Collection[Hashable]]
    ) -> tuple[list[_Scope[K]], list[frozenset[tuple[str, Hashable]]], bool]:
        """Choose the lookup that selects the fewest.

        Returns:
            Its scopes; what must be checked for the other lookups; whether no record is in more
            than one of the scopes.
        """
        choices: list[tuple[int, int, list[_Scope[K]], frozenset[tuple[str, Hashable]], bool]] = []
        for name, values in wanted.items():
            if name not in self._lookups or not values:
                continue
            pairs = frozenset((name, value) for value in values)
            scopes = [self._scopes[pair] for pair in pairs if pair in self._scopes]
            size = sum(scope.size for scope in scopes)
            is_disjoint = not self._lookups[name] or len(scopes) <= 1
            if not (is_disjoint and size == self._all.size):  # else all records have it
                choices.append((size, len(choices), scopes, pairs, is_disjoint))
        if not choices:
            return [self._all], [], True
        chosen = min(choices)
        others = [choice[3] for choice in choices if choice is not chosen]
        return chosen[2], others, chosen[4]

    def _has(self, pairs: frozenset[tuple[str, Hashable]]) -> Callable[[K], bool]:
        return lambda key: not pairs.isdisjoint(self._indexed[key].lookups)

    def _groups(self, scope: _Scope[K]) -> Collection[Group[K]]:
        """Return the groups of a scope; those of few records are made for the occasion."""
        if scope.groups is not None:
            return scope.groups.values()
        groups: dict[tuple[Values, ...], Group[K]] = {}
        for key in scope.keys:
            _insert(groups, self._indexed[key])
        return groups.values()

    def _add(self, key: K, new: _Indexed) -> None:
        facets = _insert(self._all.groups, new) if self._all.groups is not None else ()
        self._all.size += 1
        # One tuple for all records of a group, and for all with the same single lookup.
        lookups = new.lookups
        if len(lookups) == 1:
            lookups = self._single.setdefault(lookups[0], lookups)
        self._indexed[key] = new = new._replace(facets=facets, lookups=lookups)
        for pair in new.lookups:
            scope = self._scopes.get(pair)
            if scope is None:
                scope = self._scopes[pair] = _Scope()
                self._values.setdefault(pair[0], {})[pair[1]] = None
            scope.size += 1
            if scope.groups is not None:
                _insert(scope.groups, new)
                continue
            scope.keys.append(key)
            if scope.size > _FEW:
                scope.groups = {}
                for each in scope.keys:
                    _insert(scope.groups, self._indexed[each])
                scope.keys.clear()

    def _remove(self, key: K, old: _Indexed) -> None:
        del self._indexed[key]
        for scope in (self._all, *(self._scopes[pair] for pair in old.lookups)):
            scope.size -= 1
            if scope.groups is None:
                scope.keys.remove(key)
            else:
                _delete(scope.groups, old)
        for pair in old.lookups:
            if not self._scopes[pair].size:
                del self._scopes[pair], self._values[pair[0]][pair[1]]
                self._single.pop(pair, None)


def _insert(groups: dict[tuple[Values, ...], Group[K]], record: _Indexed) -> tuple[Values, ...]:
    """Insert a record into its group, and return the group's facets."""
    group = groups.get(record.facets)
    if group is None:
        group = groups[record.facets] = Group(record.facets, len(record.entries))
    for entries, entry in zip(group.lists, record.entries, strict=True):
        if not entries or entries[-1] < entry:  # most are the latest
            entries.append(entry)
        else:
            insort(entries, entry)
    return group.facets


def _delete(groups: dict[tuple[Values, ...], Group[K]], record: _Indexed) -> None:
    """Delete a record from its group."""
    group = groups[record.facets]
    for entries, entry in zip(group.lists, record.entries, strict=True):
        if entries[-1] is entry:
            entries.pop()
        else:
            del entries[bisect_left(entries, entry)]
    if not group.lists[0]:
        del groups[record.facets]


class Selection(Generic[K, V]):
    """The selected records, as they are now. Times are compared, and records counted, by bisection.

    Only where a check is left, all records that the rest selects are looked at.
    """

    def __init__(
        self,
        index: Index[K, V],
        groups: Sequence[Group[K]],
        period: Period | None,
        checks: Sequence[Callable[[K], bool]],
        *,
        is_disjoint: bool,
    ) -> None:
        self._index = index
        self._groups = groups
        self._period = period
        self._checks = checks
        self._is_exact = is_disjoint and not checks
        self._ranges = [self._range(group) for group in groups]
        if not self._is_exact:
            self._filter()

    def _filter(self) -> None:
        """Look at each record, and keep those that match, each once, in new groups."""
        kept: dict[tuple[Values, ...], Group[K]] = {}
        seen: set[K] = set()
        for group, (entries, positions) in zip(self._groups, self._ranges, strict=True):
            for at in positions:
                _, _, key = entries[at]
                if key in seen or not all(check(key) for check in self._checks):
                    continue
                seen.add(key)
                all_entries = self._index.entries_of(key)
                if group.facets not in kept:
                    kept[group.facets] = Group(group.facets, len(all_entries))
                for into, entry in zip(kept[group.facets].lists, all_entries, strict=True):
                    into.append(entry)
        self._groups = list(kept.values())
        for group in self._groups:
            for entries in group.lists:
                entries.sort()
        self._ranges = [self._range(group) for group in self._groups]

    def __len__(self) -> int:
        return sum(len(positions) for _, positions in self._ranges)

    def count_by(self, facet: str) -> Counter[Hashable]:
        """Count the records by the value of a facet."""
        numbers = (len(positions) for _, positions in self._ranges)
        return self._index.count_by(facet, zip(self._groups, numbers, strict=True))

    def keys(
        self, time: str, *, is_ascending: bool, start: int = 0, size: int | None = None
    ) -> list[K]:
        """Return the keys in the order of a time, those of the same time in that of arrival.

        Those without the time come last. Unless one group has them all, those before `start` are
        passed over one by one.
        """
        total = len(self)
        stop = total if size is None else min(start + size, total)
        if start >= stop:
            return []
        if self._period is not None and self._period.time == time:
            runs = self._ranges
        else:
            at = self._index.position(time)
            runs = [(group.lists[at], range(len(group.lists[at]))) for group in self._groups]
            if self._period is not None and sum(len(positions) for _, positions in runs) > total:
                found = self._in_period(runs, self._period, time, stop, is_ascending=is_ascending)
                return found[start:]
        return [key for _, _, key in _ordered(runs, start, stop, is_ascending=is_ascending)]

    def _in_period(
        self, runs: Sequence[Run[K]], period: Period, time: str, stop: int, *, is_ascending: bool
    ) -> list[K]:
        """Return the keys of the period up to `stop` in the order of another time.

        The records are read in that order as far as needed, but no more of them than are in the
        period: those are sorted then.
        """
        within = self._index.position(period.time)
        found: list[K] = []
        for _, _, key in _ordered(runs, 0, len(self), is_ascending=is_ascending):
            if period.first <= self._index.entries_of(key)[within][0] <= period.last:
                found.append(key)
                if len(found) == stop:
                    return found
        at = self._index.position(time)
        entries = [
            self._index.entries_of(entries[position][2])[at]
            for entries, positions in self._ranges
            for position in positions
        ]
        entries.sort(reverse=not is_ascending)
        if is_ascending:
            entries.sort(key=lambda entry: not entry[0])
        return [key for _, _, key in entries[:stop]]

    def _range(self, group: Group[K]) -> Run[K]:
        """Return the part of a group that is in the period, in the order of its time."""
        if self._period is None:
            entries = group.lists[0]
            return entries, range(len(entries))
        entries = group.lists[self._index.position(self._period.time)]
        time: Any = itemgetter(0)
        first = bisect_left(entries, self._period.first, key=time)
        return entries, range(first, bisect_right(entries, self._period.last, key=time))


def _ordered(
    runs: Iterable[Run[K]], start: int, stop: int, *, is_ascending: bool
) -> Iterator[Entry[K]]:
    """Yield the entries of sorted lists in order, from one number to another.

    Those without a time have an empty one, and come last.
    """
    dated: list[Run[K]] = []
    undated: list[Run[K]] = []
    for entries, positions in runs:
        time: Any = itemgetter(0)
        first = bisect_right(entries, "", positions.start, positions.stop, key=time)
        undated.append((entries, range(positions.start, first)))
        dated.append((entries, range(first, positions.stop)))
    for part in (dated, undated):
        size = sum(len(positions) for _, positions in part)
        yield from _merged(part, start, min(stop, size), is_ascending=is_ascending)
        start, stop = max(start - size, 0), max(stop - size, 0)


def _merged(
    runs: Iterable[Run[K]], start: int, stop: int, *, is_ascending: bool
) -> Iterator[Entry[K]]:
    ordered = [
        (entries, positions if is_ascending else positions[::-1])
        for entries, positions in runs
        if positions
    ]
    if start >= stop or not ordered:
        return iter(())
    if len(ordered) == 1:
        ((entries, positions),) = ordered
        return (entries[at] for at in positions[start:stop])
    streams = [_stream(entries, positions) for entries, positions in ordered]
    return islice(merge(*streams, reverse=not is_ascending), start, stop)


def _stream(entries: Sequence[Entry[K]], positions: range) -> Iterator[Entry[K]]:
    return (entries[at] for at in positions)
