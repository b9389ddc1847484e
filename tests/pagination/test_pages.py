"""Iterators over lists whose server inserts, deletes, shortens, repeats and fails between pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import PortOne, RawResponse, TypedResponse, errors
from portone_async._pagination import CursorPages, NumberedPages, Pages
from portone_async._reading import read_list
from portone_async.errors import APIConnectionError, PaginationError, RequestInfo, ResponseError
from portone_async.models import (
    GetPaymentsResponse,
    PageInfo,
    PaidPayment,
)
from portone_async.models.cash_receipt import read as read_cash_receipt
from portone_async.models.get_payments_response import read as read_payments
from portone_async.models.payment_with_cursor import read as read_payment_with_cursor
from portone_emulator import Emulator
from portone_emulator.scenarios import future
from tests.core.conftest import SECRET, WORD, paid
from tests.core.server import answer, serving

pytestmark = pytest.mark.anyio
DOCUMENT = Path(__file__).parents[2] / "openapi" / "portone-v2.json"


@define(frozen=True)
class Item:
    id: int
    cursor: str = ""

    @property
    def name(self) -> str:
        return str(self.id)


@define(frozen=True)
class Reply:
    items: list[Item]


R = TypeVar("R")


def typed(reply: R) -> TypedResponse[R]:
    return TypedResponse(reply, RawResponse(200, {}, b"", RequestInfo("GET", "/items")))


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

    async def fetch(number: int) -> TypedResponse[Reply]:
        nonlocal asked
        asked += 1
        if faults and faults[asked % len(faults)]:
            raise fault()
        start = number * given_size
        page = [Item(i) for i in ids[start : start + given_size]]
        if change is not None:
            change(ids, number)
        return typed(Reply(page))

    return NumberedPages(fetch, "items", ("name",))


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

    async def fetch(position: str | None) -> TypedResponse[Reply]:
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
        return typed(Reply([Item(i, str(i)) for i in shown]))

    found = anyio.run(collect, CursorPages(fetch, "items"))
    assert found == sorted(set(found))
    assert original - deleted <= set(found)


async def test_a_cursor_that_does_not_move_is_an_error_not_a_loop() -> None:
    async def fetch(position: str | None) -> TypedResponse[Reply]:
        return typed(Reply([Item(1, "same")]))

    pages = CursorPages(fetch, "items")
    assert (await anext(pages)).id == 1
    with pytest.raises(PaginationError):
        await anext(pages)


# Items that come again


class Counted(str):
    """An id that counts how often it is hashed and compared."""

    __slots__ = ()
    hashed = 0
    compared = 0

    def __hash__(self) -> int:
        Counted.hashed += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)


@define(eq=False)
class Thing:
    """An item that may not be compared as a whole."""

    id: str

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise AssertionError("items were compared")


@define
class Things:
    items: list[Thing]


@pytest.mark.parametrize("repeated", [0, 1, 500, 999])
async def test_a_page_of_a_thousand_takes_a_thousand_steps(repeated: int) -> None:
    """Each id is hashed a few times, and compared only with its own like."""
    pages: list[list[int]] = [
        list(range(1_000)),
        list(range(1_000 - repeated, 2_000 - repeated)),
        [],
    ]

    async def fetch(number: int) -> TypedResponse[Things]:
        return typed(Things([Thing(Counted(i)) for i in pages[number]]))

    Counted.hashed = Counted.compared = 0
    found = [thing.id async for thing in NumberedPages(fetch, "items", ("id",))]
    assert [int(str(i)) for i in found] == list(range(2_000 - repeated))
    assert Counted.compared <= 3 * 2_000
    assert Counted.hashed <= 6 * 2_000


def payments(*fields: dict[str, Any]) -> TypedResponse[GetPaymentsResponse]:
    page = {"number": 0, "size": 10, "totalCount": len(fields)}
    return typed(read_payments({"items": [paid(**given) for given in fields], "page": page}))


def scripted(
    *replies: TypedResponse[Any], identity: tuple[str, ...] = ("store_id", "id")
) -> NumberedPages[Any, Any]:
    """Pages of a script, whose last one is given for ever."""
    asked: list[int] = []

    async def fetch(number: int) -> TypedResponse[Any]:
        asked.append(number)
        assert len(asked) < 1_000, "it asks for ever"
        return replies[min(number, len(replies) - 1)]

    return NumberedPages(fetch, "items", identity)


async def test_an_item_that_changed_on_its_way_to_the_next_page_comes_once() -> None:
    """A payment that is cancelled while the list is read is still the same payment, also of a new kind."""
    for status in ("CANCELLED", "PAID", "A_STATUS_OF_NEXT_YEAR"):
        changed = {"id": "b", "status": status, "orderName": "changed"}
        pages = scripted(
            payments({"id": "a"}, {"id": "b"}), payments(changed, {"id": "c"}), payments()
        )
        assert [item.id async for item in pages] == ["a", "b", "c"]


async def test_a_list_that_has_ended_is_not_asked_again() -> None:
    asked: list[int] = []

    async def fetch(number: int) -> TypedResponse[Any]:
        asked.append(number)
        return payments() if number else payments({"id": "a"})

    pages = NumberedPages(fetch, "items", ("id",))
    assert [item.id async for item in pages] == ["a"]
    assert await pages.next_page() is None
    assert await anext(pages, "end") == "end"
    assert asked == [0, 1]


async def test_stores_may_use_the_same_id() -> None:
    one, other = {"id": "a", "storeId": "store-1"}, {"id": "a", "storeId": "store-2"}
    pages = scripted(payments(one), payments(other, one), payments())
    assert [item.store_id async for item in pages] == ["store-1", "store-2"]


async def test_items_without_an_id_are_known_by_their_content() -> None:
    """Such as cash receipts: a payment may have several."""

    def receipts(*urls: str) -> TypedResponse[Reply]:
        raw = [{"status": "ISSUED", "paymentId": "a", "url": url} for url in urls]
        return typed(Reply(read_list(raw, read_cash_receipt, "")))

    pages = scripted(receipts("1", "2"), receipts("2", "3"), receipts(), identity=())
    assert [item.url async for item in pages] == ["1", "2", "3"]


async def test_a_burst_of_new_items_repeats_none() -> None:
    """Three pages of them come in while one page is processed."""
    held = [f"old-{i}" for i in range(40)]
    found: list[str] = []

    async def fetch(number: int) -> TypedResponse[GetPaymentsResponse]:
        return payments(*({"id": i} for i in held[number * 10 : number * 10 + 10]))

    async for item in NumberedPages(fetch, "items", ("store_id", "id")):
        assert isinstance(item, PaidPayment)
        found.append(item.id)
        if len(found) == 10:
            held[:0] = [f"new-{i}" for i in range(30)]
    assert [i for i in found if i.startswith("old")] == [f"old-{i}" for i in range(40)]
    assert len(found) == len(set(found))


async def test_what_is_remembered_does_not_grow_with_the_list() -> None:
    async def fetch(number: int) -> TypedResponse[Things]:
        start = number * 1_000
        ids = range(start, start + 1_000) if number < 50 else ()
        return typed(Things([Thing(str(i)) for i in ids]))

    pages = NumberedPages(fetch, "items", ("id",))
    count = 0
    async for _ in pages:
        count += 1
    assert count == 50_000
    assert len(pages._seen) <= 11_000


# Lists that lead nowhere


async def read_to_the_end(pages: Pages[Any, Any]) -> list[Any]:
    """The items until `PaginationError`, which has to come, and again when it is tried again."""
    found: list[Any] = []

    async def read() -> None:
        async for item in pages:
            found.append(item)  # noqa: PERF401  (kept when it fails)

    for _ in range(2):
        with pytest.raises(PaginationError, match="Iterate") as caught:
            await read()
        assert not any(text in str(caught.value) for text in ("order-", WORD, "cursor-"))
    return found


async def test_a_page_that_comes_again_and_again_is_an_error() -> None:
    page = payments({"id": "order-1"}, {"id": "order-2"})
    assert len(await read_to_the_end(scripted(page))) == 2


async def test_pages_that_go_in_a_circle_are_an_error() -> None:
    async def fetch(number: int) -> TypedResponse[GetPaymentsResponse]:
        return payments({"id": f"order-{number % 7}"})

    assert len(await read_to_the_end(NumberedPages(fetch, "items", ("id",)))) == 7


@pytest.mark.parametrize("circle", [1, 2, 3, 10, 12_345])
async def test_cursors_that_go_in_a_circle_are_an_error(circle: int) -> None:
    """Also one that is too long to remember all of it."""
    given = 0

    async def fetch(position: str | None) -> TypedResponse[Reply]:
        nonlocal given
        given += 1
        number = 0 if position is None else int(position.removeprefix("cursor-")) + 1
        return typed(Reply([Item(number, f"cursor-{number % circle}")]))

    with pytest.raises(PaginationError):
        await read_all(CursorPages(fetch, "items"))
    assert given <= 3 * circle + 1


@pytest.mark.parametrize("cursor", [None, 5])
async def test_an_item_without_a_cursor_is_an_error(cursor: Any) -> None:
    """The list would begin again."""

    async def fetch(position: str | None) -> TypedResponse[Reply]:
        return typed(Reply(read_list([{"cursor": cursor}], read_payment_with_cursor, "")))

    assert await read_to_the_end(CursorPages(fetch, "items")) == []


async def test_an_empty_page_that_counts_more_items_is_an_error() -> None:
    """Such a list would look complete."""

    async def fetch(number: int) -> TypedResponse[GetPaymentsResponse]:
        response = payments({"id": "order-1"}, {"id": "order-2"}) if number == 0 else payments()
        response.value.page = PageInfo(number=number, size=2, total_count=3)
        return response

    assert len(await read_to_the_end(NumberedPages(fetch, "items", ("id",)))) == 2


# Over HTTP

LISTS: list[tuple[str, Any, Any]] = [
    ("httpx", "asyncio", "iter_payments"),
    ("httpx", "trio", "iter_payments"),
    ("direct", "asyncio", "iter_payments"),
    ("httpx", "asyncio", "iter_all_payments_by_cursor"),
    ("httpx", "asyncio", "iter_all_payment_events_by_cursor"),
]
on_each_transport = pytest.mark.parametrize(("transport", "anyio_backend", "name"), LISTS)


@on_each_transport
async def test_a_response_without_a_list_is_a_response_error(transport: Any, name: str) -> None:
    """The position stays: the next attempt goes on."""
    wrong: list[Any] = [
        [], None, {}, 5, {"items": 5}, {"items": None}, {"items": {}}, {"items": WORD}
    ]  # fmt: skip
    async with serving() as server:
        server.plays(*(answer(json.dumps(body).encode()) for body in wrong))
        server.plays(answer({"items": [{**paid(), "cursor": "a"}]}), answer({"items": []}))
        async with PortOne(SECRET, base_url=server.url, transport=transport) as portone:
            pages: Any = getattr(portone.payment, name)()
            for body in wrong:
                with pytest.raises(ResponseError, match="no list of items") as caught:
                    await anext(pages)
                assert caught.value.content == json.dumps(body).encode()
                assert caught.value.path == "$.items"
                assert WORD not in str(caught.value)
            assert len([item async for item in pages]) == 1


@on_each_transport
async def test_a_server_that_repeats_itself_is_an_error_on_each_transport(
    transport: Any, name: str
) -> None:
    async with serving() as server:
        server.always = answer({"items": [{**paid(), "cursor": "a"}]})
        async with PortOne(SECRET, base_url=server.url, transport=transport) as portone:
            pages: Any = getattr(portone.payment, name)()
            assert await anext(pages)
            with pytest.raises(PaginationError, match="does not advance"):
                await anext(pages)
    assert len(server.requests) <= 11


async def test_items_that_are_no_objects_come_as_they_are() -> None:
    nested: Any = []
    for _ in range(100_000):  # each version of Python gives up at another depth
        nested = [nested]
    pages = scripted(typed(Reply([None, 5, WORD])), typed(Reply([5])), typed(Reply([])))  # type: ignore[list-item]
    assert [item async for item in pages] == [None, 5, WORD]
    with pytest.raises(ResponseError, match="too deeply"):
        await anext(scripted(typed(Reply([nested]))))  # type: ignore[list-item]


async def shop(emulator: Emulator, count: int) -> list[str]:
    for number in range(count):
        emulator.checkout(f"order-{number}", amount=1_000 + number)
    return [f"order-{number}" for number in range(count)]


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


def iterators() -> dict[str, Pages[Any, Any]]:
    """Each iterator of the client, by the name of its method."""
    portone: Any = PortOne("x")
    found: dict[str, Pages[Any, Any]] = {}

    def walk(place: Any) -> None:
        for name in dir(type(place)):
            if name.startswith("iter_"):
                function = getattr(place, name)
                needed = [
                    p.name for p in signature(function).parameters.values() if p.default is p.empty
                ]
                found[name] = function(**dict.fromkeys(needed))
            elif not name.startswith("_") and name not in ("call", "request", "aclose"):
                child = getattr(place, name)
                if type(child).__name__.endswith("Namespace"):
                    walk(child)

    walk(portone)
    return found


def test_every_list_of_the_document_has_an_iterator() -> None:
    found = [type(pages).__name__ for pages in iterators().values()]
    assert sorted(found) == sorted(iterators_by_the_document())
    assert len(set(found)) == 2


def test_each_list_knows_what_its_items_are_known_by() -> None:
    identities = {name: pages._identity for name, pages in iterators().items()}
    by_cursor = {name for name, fields in identities.items() if fields == ("cursor",)}
    assert by_cursor == {"iter_all_payments_by_cursor", "iter_all_payment_events_by_cursor"}
    assert identities.pop("iter_billing_key_infos") == ("store_id", "billing_key")
    assert identities.pop("iter_cash_receipts") == ()
    of_stores = {name for name, fields in identities.items() if fields == ("store_id", "id")}
    assert of_stores == {"iter_payments", "iter_payment_schedules"}
    rest = identities.keys() - by_cursor - of_stores
    assert {identities[name] for name in rest} == {("id",)}
