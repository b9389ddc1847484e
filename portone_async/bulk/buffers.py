"""Results that wait for the consumer."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from portone_async.bulk.result import Result

A = TypeVar("A")
T = TypeVar("T")


class Buffer(Protocol[A, T]):
    """Takes results in any order and gives them in its own."""

    def put(self, result: Result[A, T]) -> None:
        """Add a result."""
        ...

    def take(self) -> Result[A, T] | None:
        """Remove the next result; `None` while it is not there."""
        ...


class AsTheyCome(Generic[A, T]):
    """First come, first served."""

    def __init__(self) -> None:
        self._ready: Final = deque[Result[A, T]]()

    def put(self, result: Result[A, T]) -> None:
        """Add a result."""
        self._ready.append(result)

    def take(self) -> Result[A, T] | None:
        """Remove the result that has waited longest."""
        return self._ready.popleft() if self._ready else None


class InOrder(Generic[A, T]):
    """In the order of the input."""

    def __init__(self) -> None:
        self._ready: Final = dict[int, Result[A, T]]()
        self._next = 0

    def put(self, result: Result[A, T]) -> None:
        """Add a result."""
        self._ready[result.index] = result

    def take(self) -> Result[A, T] | None:
        """Remove the result whose turn it is."""
        result = self._ready.pop(self._next, None)
        self._next += result is not None
        return result
