"""All items of a list, page after page, as an async iterator.

Written as objects rather than async generators: an error leaves the position as it was, so that going on asks
for the same page again, and leaving a loop early leaves nothing behind to be closed.
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
    """One page: its items without those that the page before already had, and PortOne's whole reply."""

    items: list[Item]
    reply: R


class Pages(ABC, Generic[Item, R]):
    """An async iterator over all items of a list; `by_page()` iterates over its pages.

    A page is asked for when its first item is needed. After an error the same page is asked for again.
    """

    def __init__(self, fetch: Callable[[Any], Awaitable[R]], field: str) -> None:
        self._fetch: Final = fetch
        self._field: Final = field
        self._before: list[Item] = []
        self._waiting: list[Item] = []
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._waiting:
            page = await self.next_page()
            if page is None:
                raise StopAsyncIteration
            self._waiting = page.items[::-1]
        return self._waiting.pop()

    async def next_page(self) -> Page[Item, R] | None:
        """The next page, or `None` after the last one."""
        if self._ended:
            return None
        reply = await self._fetch(self._position())
        found: list[Item] = getattr(reply, self._field) or []
        if not found:
            # Neither a short page nor a total says so: PortOne describes the total loosely.
            self._ended = True
            return None
        self._advance(found)
        # What was added meanwhile pushes items of the page before onto this one.
        page = Page([item for item in found if item not in self._before], reply)
        self._before = found
        return page

    def by_page(self) -> _ByPage[Item, R]:
        """Iterate over the pages instead of their items."""
        return _ByPage(self)

    def prefetched(self) -> Prefetched[Item, R]:
        """Ask for the next page while the items of this one are worked on.

        `async with portone.payment.iter_payments().prefetched() as payments: async for payment in payments: ...`
        """
        return Prefetched(self)

    @abstractmethod
    def _position(self) -> Any:
        """What to ask for next."""

    @abstractmethod
    def _advance(self, found: list[Item]) -> None:
        """Move behind a page."""


class NumberedPages(Pages[Item, R]):
    """Pages by number, from 0."""

    def __init__(self, fetch: Callable[[int], Awaitable[R]], field: str) -> None:
        super().__init__(fetch, field)
        self._number = 0

    def _position(self) -> int:
        return self._number

    def _advance(self, found: list[Item]) -> None:  # noqa: ARG002  (numbers count pages)
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

    def _advance(self, found: list[Item]) -> None:
        cursor = getattr(found[-1], "cursor", None)
        if not isinstance(cursor, str) or cursor == self._cursor:
            raise PaginationError("the list does not go on: its last item has no new cursor")
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
    """An async iterator that is a page ahead, within an `async with` block."""

    def __init__(self, pages: Pages[Item, R]) -> None:
        self._pages: Final = pages
        self._waiting: list[Item] = []

    async def __aenter__(self) -> Self:
        self._send, self._receive = anyio.create_memory_object_stream[Page[Item, R] | PortOneError](
            0
        )
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._ahead)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tasks.cancel_scope.cancel()
        self._receive.close()
        # Without the block's own exception, which then leaves as it is and not in a group.
        await self._tasks.__aexit__(None, None, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._waiting:
            try:
                page = await self._receive.receive()
            except anyio.EndOfStream:
                raise StopAsyncIteration from None
            if isinstance(page, PortOneError):
                raise page
            self._waiting = page.items[::-1]
        return self._waiting.pop()

    async def _ahead(self) -> None:
        async with self._send:
            try:
                while (page := await self._pages.next_page()) is not None:
                    await self._send.send(page)
            except PortOneError as error:
                await self._send.send(error)
