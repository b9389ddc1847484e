"""Fields that may be null, enums of integers and unions of kinds that PortOne's document has not yet."""

from __future__ import annotations

from typing import Any, Literal, Union

import pytest
from attrs import define

from portone_async import PortOne, UnknownVariant, Unrecognized, _reading
from portone_async._model import UnrecognizedInteger
from portone_async._operation import Operation
from portone_async._validation import check_input, first_mismatch
from portone_async._writing import write
from portone_async.converter import converter
from portone_async.errors import InvalidArgumentError, ResponseError
from tests.core.conftest import SECRET
from tests.core.server import Server, answer
from tests.core.things import Large, Medium, Small, Thing, Untagged, read_thing

pytestmark = pytest.mark.usefixtures("things")


@define
class Order:
    """A class of the user's, with enums and a model of PortOne's."""

    status: Literal["PAID"] | Unrecognized
    level: Literal[1] | UnrecognizedInteger
    thing: Thing | None = None


@pytest.mark.parametrize(
    "raw",
    [
        {"must": None},
        {"must": "a", "someNote": None},
        {"must": "a", "someNote": "b", "level": 1},
        {"must": None, "someNote": None, "new": None},
    ],
)
def test_nulls_are_written_back(raw: dict[str, Any]) -> None:
    """In the field that is there always, in one that need not be there, in one that nobody knows."""
    thing = read_thing(raw)
    assert write(thing) == raw
    assert write(converter.structure(converter.unstructure(thing), Thing)) == raw


def test_an_absent_field_is_not_written_as_null() -> None:
    """Unless it is one that must be there: then its `None` is null."""
    assert write(read_thing({"must": "a"})) == {"must": "a"}
    assert write(Thing(must=None)) == {"must": None}


def test_a_null_that_was_read_gives_way_to_what_is_set() -> None:
    """It is kept beside the fields."""
    thing = read_thing({"must": None, "someNote": None})
    thing.must, thing.some_note = "a", "b"
    assert write(thing) == {"must": "a", "someNote": "b"}


def test_integers_of_an_enum_and_nulls_are_no_mismatch_beside_one(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reading, "_reported", set())
    read_thing({"must": None, "level": 2, "someNote": 5})
    read_thing({"must": "a", "level": "2"})
    assert [message.partition(": ")[2] for message in caplog.messages] == [
        "Thing.someNote is a JSON int",
        "Thing.level is a JSON str",
    ]


@pytest.mark.anyio
async def test_a_response_with_nulls_is_read(server: Server, portone: PortOne) -> None:
    """Over a real connection, tolerantly and strictly."""
    operation = Operation[Thing]("getThing", "GET", "/thing", response="Thing")
    raw = {"must": None, "someNote": None, "level": 2}
    server.plays(answer(raw), answer(raw), answer({"must": 5}))
    thing = await portone.call(operation)
    assert (thing.must, thing.some_note, thing.level) == (None, None, 2)
    async with PortOne(SECRET, base_url=server.url, strict=True, max_retries=0) as strict:
        assert await strict.call(operation) == thing
        with pytest.raises(ResponseError, match=r"must must be a string, not an integer"):
            await strict.call(operation)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"must": None}, None),
        ({"must": "a", "someNote": None, "level": 2}, None),
        ({}, ("$.must", "is missing")),
        ({"must": 5}, ("$.must", "must be a string, not an integer")),
        ({"must": "a", "someNote": 5}, ("$.someNote", "must be a string, not an integer")),
        ({"must": "a", "level": None}, ("$.level", "must be an integer, not null")),
        ({"must": "a", "level": "2"}, ("$.level", "must be an integer, not a string")),
        ({"must": "a", "level": True}, ("$.level", "must be an integer, not a boolean")),
        ({"must": "a", "level": 9}, ("$.level", "is not an enum value that this version knows")),
    ],
)
def test_strict_clients_take_null_only_where_the_document_has_it(
    raw: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    """And integers of an enum only where they know them."""
    assert first_mismatch(raw, "Thing") == expected


def test_an_argument_may_be_null_or_a_new_integer_where_the_document_has_them() -> None:
    """PortOne may know more of them than this version."""
    check_input({"must": None, "level": 9, "someNote": None}, "Thing", "createThing")
    with pytest.raises(InvalidArgumentError, match="createThing: level must be an integer"):
        check_input({"must": None, "level": "9"}, "Thing", "createThing")
    with pytest.raises(InvalidArgumentError, match="createThing: some_note must be a string"):
        check_input({"must": None, "someNote": 9}, "Thing", "createThing")


def structured(raw: dict[str, Any], *variants: type) -> Any:
    """The JSON as the converter reads it for a union."""
    union: Any = Union[(*variants, UnknownVariant)]
    return converter.structure(raw, union)


def test_the_converter_tells_variants_apart_by_the_field_that_does() -> None:
    """Both have the same `group`."""
    for kind, variant in (("SMALL", Small), ("LARGE", Large)):
        raw = {"group": "SIZE", "kind": kind}
        assert type(structured(raw, Small, Large)) is variant
        assert type(structured(raw, Large, Small)) is variant
    raw = {"group": "SIZE", "kind": "HUGE"}
    assert structured(raw, Small, Large) == UnknownVariant(tag="HUGE", raw=raw)


def test_the_converter_reads_variants_that_share_a_tag() -> None:
    """What only one of them may be is that one; what both may be is one of them."""
    assert type(structured({"kind": "MEDIUM"}, Small, Medium)) is Medium
    assert type(structured({"kind": "SMALL"}, Small, Medium)) in (Small, Medium)


def test_the_converter_guesses_no_variant() -> None:
    """Members of a union without tags are left as they came."""
    raw = {"note": "a"}
    assert structured(raw, Untagged, Untagged) == UnknownVariant(tag=None, raw=raw)
    assert type(structured({"group": "SIZE", "kind": "SMALL"}, Small, Untagged)) is Small


@pytest.mark.parametrize(("status", "level"), [("PAID", 1), ("NEW", 9)])
def test_the_converter_reads_classes_of_the_users(status: Any, level: Any) -> None:
    """With enum values of tomorrow, and models with nulls."""
    order = Order(status, level)
    raw = {"status": status, "level": level, "thing": None}
    assert converter.unstructure(order) == raw
    assert converter.structure(raw, Order) == order
