"""Keys in the order of a time, for what falls due, and items in that of their arrival."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterator
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Time = TypeVar("Time", str, datetime)


class TimeIndex(Generic[K, Time]):
    """Keys, each with a time, ordered by it; those of the same time in the order of their arrival.

    A key is found by bisection, never by looking at the others.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[Time, int, K]] = []
        self._entry_of: dict[K, tuple[Time, int, K]] = {}
        self._arrivals = count()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: K, time: Time) -> None:
        """Add a key, or move it to another time."""
        entry = self._entry_of.get(key)
        if entry is None:
            number = next(self._arrivals)
        elif entry[0] == time:
            return
        else:
            number = entry[1]
            self._remove(entry)
        self._entry_of[key] = entry = (time, number, key)
        insort(self._entries, entry)

    def discard(self, key: K) -> None:
        """Remove a key, if it is there."""
        entry = self._entry_of.pop(key, None)
        if entry is not None:
            self._remove(entry)

    def first(self) -> tuple[Time, K] | None:
        """Return the earliest time, with its key."""
        if not self._entries:
            return None
        time, _, key = self._entries[0]
        return time, key

    def __iter__(self) -> Iterator[K]:
        return (key for _, _, key in self._entries)

    def __reversed__(self) -> Iterator[K]:
        return (key for _, _, key in reversed(self._entries))

    def _remove(self, entry: tuple[Time, int, K]) -> None:
        del self._entries[bisect_left(self._entries, entry)]


class TimeLog(Generic[T]):
    """Items in the order of their arrival, which is that of their times. They are never removed."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._times: list[str] = []

    def append(self, item: T, time: str) -> None:
        """Append an item. A time before the last one's, of a clock set back, counts as that."""
        self._items.append(item)
        self._times.append(max(time, self._times[-1]) if self._times else time)

    def between(self, first: str, last: str, position: int, size: int) -> list[tuple[int, T]]:
        """Return at most `size` items, with their positions.

        They are from a position on, and from a time to another, both inclusive.
        """
        start = max(bisect_left(self._times, first), position)
        stop = min(bisect_right(self._times, last), start + size)
        return list(enumerate(self._items[start:stop], start))
