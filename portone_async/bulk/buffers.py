"""Buffers for results that the consumer has not taken yet."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from portone_async.bulk.result import Result

A = TypeVar("A")
T = TypeVar("T")


class Buffer(Protocol[A, T]):
    """Accepts results in any order, and returns them in an order of its own."""

    def put(self, result: Result[A, T]) -> None:
        """Add a result."""
        ...

    def pop(self) -> Result[A, T] | None:
        """Remove and return the next result; `None` if it has not arrived yet."""
        ...


class CompletionOrderBuffer(Generic[A, T]):
    """First in, first out."""

    def __init__(self) -> None:
        self._results: Final = deque[Result[A, T]]()

    def put(self, result: Result[A, T]) -> None:
        """Add a result."""
        self._results.append(result)

    def pop(self) -> Result[A, T] | None:
        """Remove and return the oldest result."""
        return self._results.popleft() if self._results else None


class InputOrderBuffer(Generic[A, T]):
    """Returns results in the order of the input."""

    def __init__(self) -> None:
        self._results: Final = dict[int, Result[A, T]]()
        self._next_index = 0

    def put(self, result: Result[A, T]) -> None:
        """Add a result."""
        self._results[result.index] = result

    def pop(self) -> Result[A, T] | None:
        """Remove and return the result that is next in the input's order."""
        result = self._results.pop(self._next_index, None)
        self._next_index += result is not None
        return result
