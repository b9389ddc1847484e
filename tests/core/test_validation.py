"""JSON against types: every mismatch has its place, also where callers look at the first one only."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import pytest

from portone_async import UnknownVariant, errors, models
from portone_async._reading import read_date
from portone_async._registry import model_type
from portone_async._times import parse_datetime
from portone_async._validation import _mismatches, first_mismatch
from portone_async._writing import _write_time
from portone_async.converter import converter
from portone_async.models import PageInfo, Payment
from tests.core.things import Counted

PAGE = {"number": 0, "size": 1, "totalCount": 2}


def found(value: Any, hint: Any, *, strict: bool = True) -> list[tuple[str, str]]:
    return [(path, problem) for path, problem in _mismatches(value, hint, "$", strict=strict)]


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (["a"], list[str], []),
        (7, list[str], [("$", "must be an array, not an integer")]),
        ([1, "a", None], list[str], [("$[0]", "must be a string, not an integer"), ("$[2]", "must be a string, not null")]),
        ({"a": 1}, dict[str, int], []),
        (["a", None], list[str | None], []),
        ([None, 5], list[str | None], [("$[1]", "must be a string, not an integer")]),
        (7, dict[str, int], [("$", "must be an object, not an integer")]),
        ({"a b": "x"}, dict[str, int], [("$['a b']", "must be an integer, not a string")]),
        ("A", Literal["A"], []),
        ("B", Literal["A"], [("$", "is not the tag of this variant")]),
        (7, Literal["A"], [("$", "must be a string, not an integer")]),
        (PAGE, PageInfo, []),
        (7, PageInfo, [("$", "must be an object, not an integer")]),
        ({**PAGE, "size": "1", "new": 1}, PageInfo, [("$.size", "must be an integer, not a string"), ("$.new", "is not a field that this version knows")]),
        (7, model_type("Payment"), [("$", "must be an object, not an integer")]),
        ({"status": "NEW"}, model_type("Payment"), [("$", "is not a variant that this version knows")]),
    ],
)  # fmt: skip
def test_each_mismatch_has_its_place(
    value: Any, hint: Any, expected: list[tuple[str, str]]
) -> None:
    assert found(value, hint) == expected


@pytest.mark.parametrize("strict", [True, False])
def test_other_fields_have_the_type_that_the_document_states(strict: bool) -> None:
    raw = {"name": "a", "visits": 3, "sales": "4"}
    assert found(raw, Counted, strict=strict) == [("$.sales", "must be an integer, not a string")]
    assert found({"name": "a", "visits": 3}, Counted, strict=strict) == []


def test_the_first_mismatch_is_the_responses() -> None:
    assert first_mismatch(PAGE, "PageInfo") is None
    mismatch = first_mismatch({}, "PageInfo")
    assert mismatch is not None
    assert mismatch.path == "$.number"
    assert mismatch.problem == "is missing"


def test_a_variant_of_tomorrow_may_be_sent() -> None:
    assert found({"status": "NEW"}, model_type("Payment"), strict=False) == []


def test_converter_reads_variants_by_their_tag_and_keeps_those_of_tomorrow() -> None:
    payment: Any = Payment
    optional: Any = payment | None
    read = converter.structure({"status": "PAID", "id": "order-1"}, payment)
    assert isinstance(read, models.PaidPayment)
    for raw, tag in (({"status": "NEW"}, "NEW"), ({"status": 7}, None), ({}, None)):
        assert converter.structure(raw, payment) == UnknownVariant(tag=tag, raw=raw)
    assert converter.structure({"a": 1}, UnknownVariant) == UnknownVariant(tag=None, raw={"a": 1})
    assert converter.structure(None, optional) is None
    with pytest.raises(errors.InvalidArgumentError, match="from a JSON object, not list"):
        converter.structure([], payment)


def test_a_list_of_times_that_was_changed_is_written_as_it_is_now() -> None:
    texts = ["2024-05-06T07:08:09.000Z", "2024-05-07T07:08:09.000Z"]
    times = [parse_datetime(text) for text in texts]
    assert _write_time(times, texts) == texts
    assert _write_time(times[:1], texts) == ["2024-05-06T07:08:09Z"]


def test_times_under_keys_are_written_as_they_came_unless_they_were_changed() -> None:
    texts = {"a": "2024-05-06T07:08:09.000Z", "b": "2024-05-07T07:08:09.000Z"}
    times = {key: parse_datetime(text) for key, text in texts.items()}
    assert _write_time(times, texts) == texts
    times["b"], times["c"] = times["a"], times["a"]
    assert _write_time(times, texts) == {
        "a": texts["a"], "b": "2024-05-06T07:08:09Z", "c": "2024-05-06T07:08:09Z",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["2026-13-01", "20260102", "2026-W01-1", "soon", ""])
def test_what_is_no_date_is_kept_as_it_came(text: str) -> None:
    assert read_date(text, "Thing.day") == text
    assert read_date("2026-01-02", "Thing.day") == date(2026, 1, 2)
