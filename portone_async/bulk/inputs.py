"""One interface over the iterables and async iterables that callers pass in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Sized
from typing import Final, Generic, TypeVar, cast

from portone_async._errors import InvalidArgumentError

A = TypeVar("A")


class Inputs(Generic[A]):
    """The arguments of a run. Iteration starts when the first one is requested."""

    def __init__(self, inputs: Iterable[A] | AsyncIterable[A]) -> None:
        if isinstance(inputs, str | bytes):
            raise InvalidArgumentError("inputs takes several arguments, such as a list of ids")
        self._inputs: Final = inputs
        self._sync: Iterator[A] | None = None
        self._async: AsyncIterator[A] | None = None
        self.length: Final = len(inputs) if isinstance(inputs, Sized) else None

    async def next(self) -> A:
        """Return the next argument.

        Raises:
            StopAsyncIteration: There are no more.
        """
        if self._sync is None and self._async is None:
            if isinstance(self._inputs, AsyncIterable):
                self._async = aiter(self._inputs)
            else:
                self._sync = iter(self._inputs)
        if self._async is not None:
            return await anext(self._async)
        assert self._sync is not None  # noqa: S101  (one of the two is set)
        try:
            return next(self._sync)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """Close an async generator now. Otherwise the event loop would close an unfinished one at some later time."""
        if isinstance(self._async, AsyncGenerator):
            await cast("AsyncGenerator[A, None]", self._async).aclose()
