"""Iterators over all items of a list, for threads that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from portone_async._pagination import Page
from portone_async.blocking._event_loop import Call

if TYPE_CHECKING:
    from portone_async import _pagination
    from portone_async.blocking._event_loop import EventLoop
    from portone_async.blocking._runner import Runner

Item = TypeVar("Item")
R = TypeVar("R")


class Pages(Generic[Item, R]):
    """An iterator over all items of a list; `by_page()` iterates over its pages.

    A page is requested when its first item is needed. After an error the same page is requested again. Use it in one
    thread at a time.
    """

    def __init__(self, runner: Runner, pages: _pagination.Pages[Item, R]) -> None:
        self._runner: Final = runner
        self._pages: Final = pages
        self._pending: list[Item] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        while not self._pending:
            page = self.next_page()
            if page is None:
                raise StopIteration
            self._pending = page.items[::-1]
        return self._pending.pop()

    def next_page(self) -> Page[Item, R] | None:
        """Return the next page, or `None` after the last one.

        Raises:
            PaginationError: The list does not advance, or ends too early.
            ResponseError: The response has no list of items.
            APIError: PortOne refused.
            APIConnectionError: There is no complete response.
        """
        return self._runner.event_loop().run(self._pages.next_page())

    def by_page(self) -> Iterator[Page[Item, R]]:
        """Iterate over the pages instead of their items."""
        return iter(self.next_page, None)

    def prefetched(self) -> Prefetched[Item, R]:
        """Request the next page while the items of this one are being processed.

        `with portone.payment.iter_payments().prefetched() as payments: for payment in payments: ...`
        """
        return Prefetched(self._runner.event_loop(), self._pages)


class Prefetched(Generic[Item, R]):
    """An iterator that requests one page ahead, within a `with` block."""

    def __init__(self, event_loop: EventLoop, pages: _pagination.Pages[Item, R]) -> None:
        self._event_loop: Final = event_loop
        self._pages: Final = pages
        self._pending: list[Item] = []
        self._ahead: Call[Page[Item, R] | None]
        """Submitted ahead of its time, but for what comes after an error: that is requested when it is needed."""

    def __enter__(self) -> Self:
        self._ahead = Call(self._pages.next_page())
        self._event_loop.submit(self._ahead)
        return self

    def __exit__(self, *_: object) -> None:
        self._event_loop.cancel(self._ahead)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        while not self._pending:
            ahead, self._ahead = self._ahead, Call(self._pages.next_page())
            page = self._event_loop.wait(ahead)
            if page is None:
                raise StopIteration
            self._pending = page.items[::-1]
            self._event_loop.submit(self._ahead)
        return self._pending.pop()
