"""Replies: what the document allows and what it does not, read and written back."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portone_async import UnknownVariant, _json, models
from portone_async._decoding import read_response
from portone_async._operation import Operation
from portone_async._reading import read_date, read_datetime
from portone_async._registry import model_reader
from portone_async._writing import write
from portone_async.converter import converter
from portone_async.errors import ResponseError

from .strategies import (
    FEW,
    MORE,
    OBJECTS,
    OPERATIONS,
    REPLIES,
    SCHEMAS,
    Mismatched,
    Op,
    assert_reads_as,
    attributes,
    canonical,
    mismatched,
    mismatches,
    named,
    response,
    samples,
    snake,
    valid,
    written_back,
)

every_reply = pytest.mark.parametrize("operation", REPLIES, ids=lambda op: op.id)
UNIONS = sorted(n for n in SCHEMAS if named(n).kind == "union" and hasattr(models, n))
MAPS = sorted(name for name in SCHEMAS if named(name).kind == "map")


def test_the_sdk_has_each_operation_with_the_documents_reply_body_and_errors() -> None:
    for operation in OPERATIONS:
        assert operation.sdk.response == operation.response
        assert operation.sdk.body == operation.body
        assert operation.sdk.method == operation.method
        assert set(operation.sdk.errors) == set(operation.errors.values())


@every_reply
def test_a_reply_is_read_and_written_back(operation: Op) -> None:
    reply = named(operation.response or "")

    @FEW
    @given(valid(reply))
    def check(data: dict[str, Any]) -> None:
        read = read_response(operation.sdk, response(data))
        assert_reads_as(read, data, reply)
        assert canonical(write(read)) == canonical(data)
        assert canonical(converter.unstructure(read)) == canonical(data)
        assert converter.structure(data, getattr(models, reply.name or "")) == read
        assert read_response(operation.sdk, response(data), strict=True) == read

    check()


@every_reply
def test_a_reply_that_does_not_match_the_document_is_read_and_written_back(operation: Op) -> None:
    reply = named(operation.response or "")

    @MORE
    @given(mismatched(reply, most=6))
    def check(reply_: Mismatched) -> None:
        read = read_response(operation.sdk, response(reply_.value))
        back = canonical(written_back(reply_.value, reply))
        assert canonical(write(read)) == back
        assert canonical(converter.unstructure(read)) == back
        again = converter.structure(reply_.value, getattr(models, reply.name or ""))
        assert again == read
        repr(read)

    check()


@every_reply
def test_strict_reading_names_the_place_that_does_not_match(operation: Op) -> None:
    reply = named(operation.response or "")

    @MORE
    @given(mismatched(reply, most=1) | mismatched(reply, most=3))
    def check(reply_: Mismatched) -> None:
        with pytest.raises(ResponseError) as raised:
            read_response(operation.sdk, response(reply_.value), strict=True)
        assert raised.value.path in {each.json_path for each in reply_.made}
        assert raised.value.path in str(raised.value)
        assert raised.value.status == 200

    check()


@pytest.mark.parametrize("name", OBJECTS)
def test_every_model_reads_and_writes_all_of_its_fields_and_only_those_required(name: str) -> None:
    read = model_reader(name)
    for full in (True, False):
        for data in samples(named(name), full=full):
            value = read(data)
            assert_reads_as(value, data, named(name))
            assert canonical(write(value)) == canonical(data)
            assert canonical(converter.unstructure(value)) == canonical(data)
            assert converter.structure(data, getattr(models, name)) == value


@pytest.mark.parametrize("name", OBJECTS)
def test_every_model_survives_each_mismatch_in_each_field(name: str) -> None:
    read = model_reader(name)
    data = next(samples(named(name)))
    for each in mismatches(data, named(name)):
        if len(each.at) == 1:
            value = data.copy()
            each.apply(value)
            assert canonical(write(read(value))) == canonical(written_back(value, named(name))), (
                each
            )


@pytest.mark.parametrize("name", UNIONS)
def test_every_variant_and_any_other_are_read(name: str) -> None:
    union = named(name)
    read = model_reader(name)
    for data in samples(union):
        assert_reads_as(read(data), data, union)
        assert converter.structure(data, getattr(models, name)) == read(data)
    unknown: list[tuple[str | None, dict[str, Any]]] = [
        ("BRAND_NEW", {union.tag: "BRAND_NEW", "amount": {"total": [1, None]}}),
        (None, {}),
        (None, {union.tag: None}),
        (None, {union.tag: 7, "other": "x"}),
        (None, {union.tag: {"a": 1}}),
        (None, {union.tag: [next(iter(union.variants))]}),
    ]
    for tag, data in unknown:
        for value in (read(data), converter.structure(data, getattr(models, name))):
            assert value == UnknownVariant(tag=tag, raw=data)
            assert canonical(write(value)) == canonical(data)
            assert canonical(converter.unstructure(value)) == canonical(data)


@pytest.mark.parametrize("name", MAPS)
def test_a_map_keeps_the_merchants_keys(name: str) -> None:
    item = next(samples(named(name).values))
    data = {"회원 등급": item, "a.b": item, "": item, "snake_case": item}
    value = model_reader(name)(data)
    assert_reads_as(value, data, named(name))
    assert canonical(write(value)) == canonical(data)
    assert converter.structure(data, getattr(models, name)) == value


@pytest.mark.parametrize("name", [*OBJECTS, *UNIONS, *MAPS])
def test_integers_beyond_64_bits_are_kept_wherever_they_are(name: str) -> None:
    operation: Operation[Any] = Operation("read", "GET", "/", response=name)
    data = next(samples(named(name)))
    for big in (2**64 + 1, -(2**63) - 1):
        for value in (big, [big], {"a": [{"b": big}]}):
            for field in (*data, "brandNew"):
                changed = data | {field: value}
                reply = evolve(response({}), content=_json.dumps(changed))
                assert write(read_response(operation, reply)) == changed


def test_fields_are_read_whichever_are_there_and_in_any_order() -> None:
    data = next(samples(named("PaymentAmount")))
    read = model_reader("PaymentAmount")
    for count in range(len(data) + 1):
        for names in itertools.combinations(data, count):
            for order in (names, names[::-1], (*names[1:], "brandNew", *names[:1])):
                part = {name: data.get(name, "new") for name in order}
                assert write(read(part)) == part


def test_a_defaultdict_makes_no_fields_up() -> None:
    data = defaultdict(lambda: 1, {"id": "p-1", "name": "커피", "amount": 1})
    before = dict(data)
    for each in (before, data, dict.fromkeys(before, "x"), data):
        product = converter.structure(each, models.PaymentProduct)
        assert product.quantity is None
    assert data == before


@pytest.mark.parametrize("body", [[], [{"status": "PAID"}], "text", "", None, 7, 1.5, True])
def test_a_reply_that_is_no_object_is_returned_as_it_is_unless_strict(body: Any) -> None:
    for operation in REPLIES:
        assert read_response(operation.sdk, response(body)) == body
        with pytest.raises(ResponseError) as raised:
            read_response(operation.sdk, response(body), strict=True)
        assert raised.value.path == "$"


def test_a_reply_that_is_no_json_is_a_response_error() -> None:
    for content in (b"", b"<html>", b"{", b"\xff"):
        raw = response({})
        object.__setattr__(raw, "content", content)
        with pytest.raises(ResponseError) as raised:
            read_response(REPLIES[0].sdk, raw)
        assert raised.value.content == content
        assert raised.value.path is None


def test_an_operation_without_a_reply_reads_nothing() -> None:
    for operation in OPERATIONS:
        if operation.response is None:
            assert read_response(operation.sdk, response({"any": 1}), strict=True) is None


@pytest.mark.parametrize(
    "data",
    [
        "2024-05-06T07:08:09+00:00",
        "2024-05-06T07:08:09.1Z",
        "2024-05-06T07:08:09.10Z",
        "2024-05-06T07:08:09.100000Z",
        "2024-05-06T07:08:09.1234Z",
        "2024-05-06T07:08:09.000Z",
        "2024-05-06T07:08:09-05:30",
        "2024-05-06T07:08:09.123456-05:30",
        "2024-05-06T07:08:09.100000000+09:00",
    ],
)
def test_other_forms_of_a_time_come_back_as_the_same_instant(data: str) -> None:
    read = read_datetime(data, "Class.field")
    assert read.utcoffset() is not None
    again = read_datetime(write(read), "Class.field")
    assert again == read
    assert again.utcoffset() == read.utcoffset()


@pytest.mark.parametrize("text", ["20240506", "2024-W19-1", "2024-5-6", "2024-05-06T00:00:00"])
def test_a_date_in_another_form_is_kept_as_text(text: str) -> None:
    assert read_date(text, "Class.field") == text


@MORE
@given(st.sampled_from([name for name in OBJECTS if named(name).properties]))
def test_attributes_are_the_snake_cased_names(name: str) -> None:
    model = getattr(models, name)
    names = set(attributes(model)) - {"additional_properties"}
    assert names == {snake(data) for data in named(name).properties}


@pytest.mark.parametrize("text", ["20240506", "2024-W19-1"])
def test_strict_reading_refuses_dates_that_tolerant_reading_keeps_as_text(text: str) -> None:
    (operation,) = (op for op in REPLIES if op.id == "getPlatformCompanyState")
    (data, *_) = samples(named(operation.response or ""))
    data["companyState"]["closedSuspendedDate"] = text
    read: Any = read_response(operation.sdk, response(data))
    assert read.company_state.closed_suspended_date == text
    with pytest.raises(ResponseError):
        read_response(operation.sdk, response(data), strict=True)
