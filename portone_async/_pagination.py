"""All items of a list, page after page, as an async iterator.

The iterators are objects rather than async generators: after an error they can be iterated further, from the same
page on, and a loop that is left early leaves nothing to close.

Items that are added while a numbered list is read push others onto the pages that follow, so an item may come again,
and with other content: it is known by its id. As many may be added as during the processing of a page, so the ids of
`_REMEMBERED` items are kept: more than a page, and not all of a list of millions. A list by cursor moves nothing, as
each page starts behind an item; there what comes again shows that the server repeats itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar, cast

import anyio
from attrs import define

from portone_async import _json
from portone_async._errors import PaginationError, PortOneError
from portone_async._model import UnknownVariant, camel_case
from portone_async._response import RawResponse, TypedResponse
from portone_async._writing import write

Item = TypeVar("Item")
R = TypeVar("R")
_Key: TypeAlias = tuple[Any, ...] | bytes
_REMEMBERED: Final = 10_000
_MAX_SAME: Final = 10
"""Pages in a row that may be the one before once more: as many items as it holds may have been added each time."""
_MAX_KNOWN: Final = 100
"""Pages in a row that may hold nothing new."""


@define(frozen=True)
class Page(Generic[Item, R]):
    """One page of a list.

    Attributes:
        items: The page's items, without those that came before.
        response: The whole response of the operation, such as its total count.
    """

    items: list[Item]
    response: R


class Pages(ABC, Generic[Item, R]):
    """An async iterator over all items of a list; `by_page()` iterates over its pages.

    A page is requested when its first item is needed. After an error the same page is requested again.
    """

    def __init__(
        self,
        fetch: Callable[[Any], Awaitable[TypedResponse[R]]],
        field: str,
        identity: tuple[str, ...],
    ) -> None:
        self._fetch: Final = fetch
        self._field: Final = field
        self._identity: Final = identity
        self._seen: dict[_Key, None] = {}
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
        """Return the next page, or `None` after the last one.

        Raises:
            PaginationError: The list does not advance, or ends too early.
            ResponseError: The response has no list of items.
            APIError: PortOne refused.
            APIConnectionError: There is no complete response.
        """
        if self._ended:
            return None
        fetched = await self._fetch(self._position())
        items = self._items(fetched.value, fetched.response)
        if not items:
            # Only an empty page is the end: pages may be short, and PortOne does not define the total exactly.
            _check_end(fetched.value)
            self._ended = True
            return None
        try:
            keys = [_key(item, self._identity) for item in items]
        except (TypeError, RecursionError):
            raise fetched.response.unreadable("is nested too deeply to be compared") from None
        new = [item for item, key in zip(items, keys, strict=True) if key not in self._seen]
        self._advance(items, keys, any_new=bool(new))
        for key in list(islice(self._seen, max(len(self._seen) - _REMEMBERED, 0))):
            del self._seen[key]
        self._seen |= dict.fromkeys(keys)
        return Page(new, fetched.value)

    def by_page(self) -> _ByPage[Item, R]:
        """Iterate over the pages instead of their items."""
        return _ByPage(self)

    def prefetched(self) -> Prefetched[Item, R]:
        """Request the next page while the items of this one are being processed.

        `async with portone.payment.iter_payments().prefetched() as payments: async for payment in payments: ...`
        """
        return Prefetched(self)

    def _items(self, value: R, response: RawResponse) -> list[Item]:
        items = getattr(value, self._field, None)
        if isinstance(items, list):
            return cast("list[Item]", items)
        path = f"$.{camel_case(self._field)}"
        raise response.unreadable(f"has no list of items at {path}", path)

    @abstractmethod
    def _position(self) -> Any:
        """The page number or cursor to request next."""

    @abstractmethod
    def _advance(self, items: list[Item], keys: list[_Key], *, any_new: bool) -> None:
        """Move past a page with these items. Raises `PaginationError` if that leads nowhere."""


class NumberedPages(Pages[Item, R]):
    """Pages by number, from 0.

    `identity` names the attributes that tell one item from another, whatever else changes about it; its id is the
    last. In a list without any, and in an item without its id, the whole content does.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[TypedResponse[R]]],
        field: str,
        identity: tuple[str, ...] = (),
    ) -> None:
        super().__init__(fetch, field, identity)
        self._number = 0
        self._last: list[_Key] = []
        self._without_new = 0

    def _position(self) -> int:
        return self._number

    def _advance(self, items: list[Item], keys: list[_Key], *, any_new: bool) -> None:  # noqa: ARG002  (numbers count pages)
        self._without_new = 0 if any_new else self._without_new + 1
        if self._without_new >= (_MAX_SAME if keys == self._last else _MAX_KNOWN):
            raise PaginationError(
                f"the list does not advance: page {self._number} and those before it hold nothing new. "
                "Iterate again later, or in parts, such as one day at a time"
            )
        self._last = keys
        self._number += 1


class CursorPages(Pages[Item, R]):
    """Pages by the cursor of the last item."""

    def __init__(
        self,
        fetch: Callable[[str | None], Awaitable[TypedResponse[R]]],
        field: str,
        cursor: str | None = None,
    ) -> None:
        super().__init__(fetch, field, ("cursor",))
        self._cursor = cursor
        self._count = 0
        self._milestone: str | None = cursor

    def _position(self) -> str | None:
        return self._cursor

    def _advance(self, items: list[Item], keys: list[_Key], *, any_new: bool) -> None:  # noqa: ARG002
        cursor = getattr(items[-1], "cursor", None)
        if not isinstance(cursor, str):
            raise PaginationError(
                f"the list cannot be continued: its last item has no cursor. {_GO_ON}"
            )
        # The milestone is the cursor of the page whose number is the last power of two: sooner or later whatever
        # goes in a circle comes by it again (Brent's algorithm).
        if not any_new or cursor in (self._cursor, self._milestone):
            raise PaginationError(
                f"the list does not advance: a cursor or page came for the second time. {_GO_ON}"
            )
        self._count += 1
        if self._count.bit_count() == 1:
            self._milestone = cursor
        self._cursor = cursor


_GO_ON: Final = "Iterate again later, from the cursor of the last item that you processed"


def _key(item: Any, identity: tuple[str, ...]) -> _Key:
    """Return what an item is known by: its id, or a digest of its content where it has none."""
    if isinstance(item, UnknownVariant):
        values = tuple(item.raw.get(camel_case(name)) for name in identity)
    else:
        values = tuple(getattr(item, name, None) for name in identity)
    if any(values[-1:]) and all(isinstance(value, str | None) for value in values):
        return values
    return blake2b(_json.dumps(write(item)), digest_size=16).digest()


def _check_end(response: Any) -> None:
    """Refuse an empty page that, by the response's own count, has items on it."""
    page = getattr(response, "page", None)
    number, size, total = (getattr(page, name, None) for name in ("number", "size", "total_count"))
    if isinstance(number, int) and isinstance(size, int) and isinstance(total, int):  # noqa: SIM102
        if number * size < total:
            raise PaginationError(
                f"the list ends too early: page {number} is empty, and only {number * size} of {total} items came "
                "before it. Iterate in parts, such as one day at a time, or by cursor where the list has one"
            )


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
