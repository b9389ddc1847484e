"""All items of a list, page after page, as an async iterator.

The iterators are objects rather than async generators: after an error they can be iterated further, from the same
page on, and a loop that is left early leaves nothing to close.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, Self, TypeVar

import anyio
from attrs import define

from portone_async._errors import PaginationError, PortOneError

Item = TypeVar("Item")
R = TypeVar("R")


@define(frozen=True)
class Page(Generic[Item, R]):
    """One page: its items without those that the previous page had already, and the whole response."""

    items: list[Item]
    response: R


class Pages(ABC, Generic[Item, R]):
    """An async iterator over all items of a list; `by_page()` iterates over its pages.

    A page is requested when its first item is needed. After an error the same page is requested again.
    """

    def __init__(self, fetch: Callable[[Any], Awaitable[R]], field: str) -> None:
        self._fetch: Final = fetch
        self._field: Final = field
        self._previous: list[Item] = []
        self._pending: list[Item] = []
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._pending:
            page = await self.next_page()
            if page is None:
                raise StopAsyncIteration
            self._pending = page.items[::-1]
        return self._pending.pop()

    async def next_page(self) -> Page[Item, R] | None:
        """The next page, or `None` after the last one."""
        if self._ended:
            return None
        response = await self._fetch(self._position())
        items: list[Item] = getattr(response, self._field) or []
        if not items:
            # Only an empty page is the end: pages may be short, and PortOne does not define the total exactly.
            self._ended = True
            return None
        self._advance(items)
        # Items that were added in the meantime move some of the previous page onto this one.
        page = Page([item for item in items if item not in self._previous], response)
        self._previous = items
        return page

    def by_page(self) -> _ByPage[Item, R]:
        """Iterate over the pages instead of their items."""
        return _ByPage(self)

    def prefetched(self) -> Prefetched[Item, R]:
        """Request the next page while the items of this one are being processed.

        `async with portone.payment.iter_payments().prefetched() as payments: async for payment in payments: ...`
        """
        return Prefetched(self)

    @abstractmethod
    def _position(self) -> Any:
        """The page number or cursor to request next."""

    @abstractmethod
    def _advance(self, items: list[Item]) -> None:
        """Move past a page with these items."""


class NumberedPages(Pages[Item, R]):
    """Pages by number, from 0."""

    def __init__(self, fetch: Callable[[int], Awaitable[R]], field: str) -> None:
        super().__init__(fetch, field)
        self._number = 0

    def _position(self) -> int:
        return self._number

    def _advance(self, items: list[Item]) -> None:  # noqa: ARG002  (numbers count pages)
        self._number += 1


class CursorPages(Pages[Item, R]):
    """Pages by the cursor of the last item."""

    def __init__(
        self, fetch: Callable[[str | None], Awaitable[R]], field: str, cursor: str | None = None
    ) -> None:
        super().__init__(fetch, field)
        self._cursor = cursor

    def _position(self) -> str | None:
        return self._cursor

    def _advance(self, items: list[Item]) -> None:
        cursor = getattr(items[-1], "cursor", None)
        if not isinstance(cursor, str) or cursor == self._cursor:
            raise PaginationError("the pagination cursor did not advance")
        self._cursor = cursor


@define
class _ByPage(Generic[Item, R]):
    """An async iterator over pages."""

    _pages: Pages[Item, R]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Page[Item, R]:
        page = await self._pages.next_page()
        if page is None:
            raise StopAsyncIteration
        return page


class Prefetched(Generic[Item, R]):
    """An async iterator that requests one page ahead, within an `async with` block."""

    def __init__(self, pages: Pages[Item, R]) -> None:
        self._pages: Final = pages
        self._pending: list[Item] = []

    async def __aenter__(self) -> Self:
        self._send, self._receive = anyio.create_memory_object_stream[Page[Item, R] | PortOneError](
            0
        )
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._request_ahead)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tasks.cancel_scope.cancel()
        self._receive.close()
        # Not given the block's exception, which would leave as an exception group.
        await self._tasks.__aexit__(None, None, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._pending:
            try:
                page = await self._receive.receive()
            except anyio.EndOfStream:
                raise StopAsyncIteration from None
            if isinstance(page, PortOneError):
                raise page
            self._pending = page.items[::-1]
        return self._pending.pop()

    async def _request_ahead(self) -> None:
        async with self._send:
            try:
                while (page := await self._pages.next_page()) is not None:
                    await self._send.send(page)
            except PortOneError as error:
                await self._send.send(error)
