"""Iterators over lists whose server inserts, deletes, shortens, repeats and fails between pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from inspect import signature
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import PortOne, errors
from portone_async._pagination import CursorPages, NumberedPages, Pages
from portone_async.emulator import Emulator, future
from portone_async.errors import APIConnectionError, PaginationError, RequestInfo

DOCUMENT = Path(__file__).parents[2] / "openapi" / "portone-v2.json"


@define(frozen=True)
class Item:
    id: int
    cursor: str = ""


@define(frozen=True)
class Reply:
    items: list[Item]


def fault() -> APIConnectionError:
    return APIConnectionError(
        "gone", request=RequestInfo("GET", "/"), may_have_reached=True, attempts=1
    )


async def collect(pages: AsyncIterator[Item], stop_after: int = 10_000) -> list[int]:
    """All ids, going on after each failure."""
    found: list[int] = []
    while len(found) < stop_after:
        try:
            found.append((await anext(pages)).id)
        except APIConnectionError:
            continue
        except StopAsyncIteration:
            break
    return found


Change = Callable[[list[int], int], None]


def numbered(
    ids: list[int], size: int, cap: int, faults: list[bool], change: Change | None = None
) -> NumberedPages[Item, Reply]:
    """Numbered pages of a server that gives at most `cap` items a page."""
    given_size = min(size, cap)
    asked = 0

    async def fetch(number: int) -> Reply:
        nonlocal asked
        asked += 1
        if faults and faults[asked % len(faults)]:
            raise fault()
        start = number * given_size
        page = [Item(i) for i in ids[start : start + given_size]]
        if change is not None:
            change(ids, number)
        return Reply(page)

    return NumberedPages(fetch, "items")


# Never all True: a server that always fails gives no items.
FAULTS = st.lists(st.booleans(), max_size=5).map(lambda found: [*found, False])


@given(count=st.integers(0, 60), size=st.integers(1, 20), cap=st.integers(1, 20), faults=FAULTS)
def test_each_item_comes_once_when_pages_come_back_short_or_fail(
    count: int, size: int, cap: int, faults: list[bool]
) -> None:
    ids = list(range(count))
    assert anyio.run(collect, numbered(list(ids), size, cap, faults)) == ids


@given(
    count=st.integers(0, 60),
    size=st.integers(1, 10),
    inserted=st.lists(st.integers(0, 10), max_size=8),
    faults=FAULTS,
)
def test_items_that_push_others_onto_the_next_page_repeat_none(
    count: int, size: int, inserted: list[int], faults: list[bool]
) -> None:
    """New payments come first in a list: they push the last ones of a page onto the next."""
    ids = list(range(count))

    def insert(held: list[int], number: int) -> None:
        for _ in range(min(inserted[number], size) if number < len(inserted) else 0):
            held.insert(0, -len(held) - 1)

    found = anyio.run(collect, numbered(list(ids), size, size, faults, insert))
    assert found == ids


@given(count=st.integers(0, 60), size=st.integers(1, 10), data=st.data())
def test_deleted_items_make_nothing_repeat_and_nothing_break(
    count: int, size: int, data: st.DataObject
) -> None:
    ids = list(range(count))

    def delete(held: list[int], number: int) -> None:
        if held and data.draw(st.booleans()):
            held.pop(data.draw(st.integers(0, len(held) - 1)))

    found = anyio.run(collect, numbered(list(ids), size, size, [False], delete))
    assert found == sorted(set(found))
    assert set(found) <= set(ids)


@given(count=st.integers(0, 60), size=st.integers(1, 10), faults=FAULTS, data=st.data())
@settings(deadline=None)
def test_cursors_give_what_stays_exactly_once(
    count: int, size: int, faults: list[bool], data: st.DataObject
) -> None:
    """The server inserts before and after the cursor, deletes, shortens pages and fails."""
    held = [i * 10 for i in range(count)]
    original, deleted, asked = set(held), set[int](), 0

    async def fetch(position: str | None) -> Reply:
        nonlocal asked
        asked += 1
        if faults[asked % len(faults)]:
            raise fault()
        after = -1 if position is None else int(position)
        rest = [i for i in held if i > after]
        shown = rest[: data.draw(st.integers(1, size))]
        for _ in range(data.draw(st.integers(0, 2)) if asked < 40 else 0):
            if held and data.draw(st.booleans()):
                deleted.add(held.pop(data.draw(st.integers(0, len(held) - 1))))
            else:
                new = data.draw(st.integers(0, 10 * count + 10))
                if new not in held and new not in deleted:
                    held.append(new)
                    held.sort()
        return Reply([Item(i, str(i)) for i in shown])

    found = anyio.run(collect, CursorPages(fetch, "items"))
    assert found == sorted(set(found))
    assert original - deleted <= set(found)


@pytest.mark.anyio
async def test_a_cursor_that_does_not_move_is_an_error_not_a_loop() -> None:
    async def fetch(position: str | None) -> Reply:
        return Reply([Item(1, "same")])

    pages = CursorPages(fetch, "items")
    assert (await anext(pages)).id == 1
    with pytest.raises(PaginationError):
        await anext(pages)


async def shop(emulator: Emulator, count: int) -> list[str]:
    for number in range(count):
        emulator.checkout(f"order-{number}", amount=1_000 + number)
    return [f"order-{number}" for number in range(count)]


@pytest.mark.anyio
async def test_payments_over_http_by_number_cursor_page_and_prefetched() -> None:
    async with Emulator() as emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        ids = await shop(emulator, 23)
        assert sorted([p.id async for p in portone.payment.iter_payments(size=5)]) == sorted(ids)  # type: ignore[union-attr]
        pages = [page async for page in portone.payment.iter_payments(size=10).by_page()]
        assert [len(page.items) for page in pages] == [10, 10, 3]
        assert pages[0].response.page.total_count == 23
        cursor = [item async for item in portone.payment.iter_all_payments_by_cursor(size=7)]
        assert len(cursor) == 23
        rest = portone.payment.iter_all_payments_by_cursor(size=7, cursor=cursor[9].cursor)
        assert [item.cursor async for item in rest] == [item.cursor for item in cursor[10:]]
        async with portone.payment.iter_payments(size=4).prefetched() as payments:
            assert sorted([p.id async for p in payments]) == sorted(ids)  # type: ignore[union-attr]


async def read_all(pages: Pages[Any, Any]) -> None:
    async with pages.prefetched() as items:
        async for _ in items:
            pass


@pytest.mark.anyio
async def test_leaving_early_leaves_nothing_running_and_errors_arrive_as_they_are() -> None:
    async with Emulator() as emulator, PortOne(emulator.secret, base_url=emulator.url) as portone:
        await shop(emulator, 9)
        async for _ in portone.payment.iter_payments(size=3):
            break
        asked = len(emulator.requests)
        async with portone.payment.iter_payments(size=3).prefetched() as payments:
            async for _ in payments:
                break
        await anyio.lowlevel.checkpoint()
        assert asked < len(emulator.requests) <= asked + 3
        # More than once: the page that was given up may still be on its way there.
        emulator.future("getPayments", future.unknown_error("ODD"), times=3)
        with pytest.raises(errors.ConflictError):
            await read_all(portone.payment.iter_payments())


def iterators_by_the_document() -> list[str]:
    """The class that the iterator of each list has, by the input that the document gives the list."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_bytes())
    schemas = document["components"]["schemas"]
    names: list[str] = []
    for item in document["paths"].values():
        for operation in item.values():
            bodies = [operation.get("requestBody"), *operation.get("parameters", [])]
            contents = [
                body["content"]["application/json"] for body in bodies if "content" in (body or {})
            ]
            for content in contents:
                fields = schemas[content["schema"]["$ref"].rpartition("/")[2]].get("properties", {})
                if "cursor" in fields:
                    names.append("CursorPages")
                elif "page" in fields or "pageNumber" in fields:
                    names.append("NumberedPages")
    return names


def test_every_list_of_the_document_has_an_iterator() -> None:
    portone: Any = PortOne("x")
    found: list[str] = []

    def walk(place: Any) -> None:
        for name in dir(type(place)):
            if name.startswith("iter_"):
                function = getattr(place, name)
                needed = [
                    p.name for p in signature(function).parameters.values() if p.default is p.empty
                ]
                found.append(type(function(**dict.fromkeys(needed))).__name__)
            elif not name.startswith("_") and name not in ("call", "request", "aclose"):
                child = getattr(place, name)
                if type(child).__name__.endswith("Namespace"):
                    walk(child)

    walk(portone)
    assert sorted(found) == sorted(iterators_by_the_document())
    assert len(set(found)) == 2
