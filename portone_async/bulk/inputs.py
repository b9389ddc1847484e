"""Arguments one by one, from what the caller has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Sized
from typing import Final, Generic, TypeVar, cast

from portone_async._errors import InvalidArgumentError

A = TypeVar("A")


class Inputs(Generic[A]):
    """An async iterator over an iterable or an async iterable, which is only begun when it is first asked."""

    def __init__(self, inputs: Iterable[A] | AsyncIterable[A]) -> None:
        if isinstance(inputs, str | bytes):
            raise InvalidArgumentError("inputs takes several arguments, such as a list of ids")
        self._inputs: Final = inputs
        self._sync: Iterator[A] | None = None
        self._async: AsyncIterator[A] | None = None
        self.length: Final = len(inputs) if isinstance(inputs, Sized) else None

    async def take(self) -> A:
        """The next argument.

        Raises:
            StopAsyncIteration: There is none.
        """
        if self._sync is None and self._async is None:
            if isinstance(self._inputs, AsyncIterable):
                self._async = aiter(self._inputs)
            else:
                self._sync = iter(self._inputs)
        if self._async is not None:
            return await anext(self._async)
        assert self._sync is not None  # noqa: S101  (one of the two)
        try:
            return next(self._sync)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """Close an async generator: left half-way, it would be closed some time later by the event loop."""
        if isinstance(self._async, AsyncGenerator):
            await cast("AsyncGenerator[A, None]", self._async).aclose()
