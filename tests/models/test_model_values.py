"""Models and unknown variants as values: equal, copied, pickled; their times aware."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given

from portone_async import Model, UnknownVariant, models
from portone_async._decoding import read_response
from portone_async._registry import model_reader
from portone_async._writing import write
from portone_async.converter import converter

from .strategies import (
    FEW,
    OBJECTS,
    REPLIES,
    Mismatched,
    Shape,
    canonical,
    mismatched,
    named,
    parts,
    pickled,
    plain,
    response,
    samples,
)

DUPLICATES = [
    copy.deepcopy,
    *(partial(pickled, protocol=protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)),
    lambda v: converter.structure(converter.unstructure(v), type(v)),
]


def microseconds(wanted: Shape, name: str) -> Any:
    """A value for a scalar; times as fine as a datetime is."""
    return "2024-05-06T07:08:09.123456+09:00" if wanted.kind == "date-time" else plain(wanted, name)


@pytest.mark.parametrize("name", OBJECTS)
def test_models_are_equal_copied_and_pickled(name: str) -> None:
    for data in samples(named(name), microseconds):
        data["brandNew"] = {"a": [1, None]}
        value = model_reader(name)(data)
        assert value == model_reader(name)(copy.deepcopy(data))
        assert copy.copy(value) == value
        for duplicate in DUPLICATES:
            again = duplicate(value)
            assert type(again) is type(value)
            assert again is not value
            assert again == value
            assert repr(again) == repr(value)
            assert canonical(write(again)) == canonical(data)


@pytest.mark.parametrize("name", OBJECTS)
def test_models_that_differ_in_a_field_are_not_equal(name: str) -> None:
    data = next(samples(named(name)))
    value = model_reader(name)(data)
    for key in data:
        rest = {k: v for k, v in data.items() if k != key}
        assert model_reader(name)(rest) != value
    assert model_reader(name)({**data, "brandNew": 1}) != value
    assert value != data


def test_a_copy_is_deep() -> None:
    data = next(samples(named("PaidPayment")))
    value = model_reader("PaidPayment")(data)
    again = copy.deepcopy(value)
    again.amount.total += 1
    again.additional_properties["brandNew"] = 1
    again.disputes.clear()
    assert value == model_reader("PaidPayment")(data)


@pytest.mark.parametrize("duplicate", DUPLICATES[:-1])
def test_a_time_finer_than_a_datetime_is_kept_by_copies(duplicate: Any) -> None:
    data = next(samples(named("PaidPayment")))
    assert data["paidAt"].endswith(".123456789Z")
    value = model_reader("PaidPayment")(data)
    assert canonical(write(duplicate(value))) == canonical(data)


@pytest.mark.parametrize("duplicate", [copy.copy, *DUPLICATES[:-1]])
def test_unknown_variants_are_equal_copied_and_pickled(duplicate: Any) -> None:
    for value in (UnknownVariant("NEW", {"a": [1]}), UnknownVariant(None, {})):
        assert duplicate(value) == value
        assert type(duplicate(value)) is UnknownVariant
    assert UnknownVariant("NEW", {}) != UnknownVariant(None, {})


@pytest.mark.parametrize("name", OBJECTS)
def test_every_time_is_aware(name: str) -> None:
    for data in samples(named(name)):
        times = [part for part in parts(model_reader(name)(data)) if isinstance(part, datetime)]
        assert all(time.utcoffset() is not None for time in times)
        assert times or "2024-05-06T" not in str(data)


@pytest.mark.parametrize("operation", REPLIES, ids=lambda op: op.id)
def test_replies_that_do_not_match_the_document_are_values_too(operation: Any) -> None:
    @FEW
    @given(mismatched(named(operation.response)))
    def check(reply: Mismatched) -> None:
        value = read_response(operation.sdk, response(reply.value))
        for part in parts(value):
            if isinstance(part, datetime):
                assert part.utcoffset() is not None
        for again in (copy.deepcopy(value), pickled(value)):
            assert again == value
            assert repr(again) == repr(value)

    check()


def test_models_can_be_built_changed_and_matched() -> None:
    amount = next(samples(named("PaymentAmount")))
    value: models.PaymentAmount = model_reader("PaymentAmount")(amount)
    fields = {
        each.name: getattr(value, each.name)
        for each in attrs.fields(type(value))
        if each.name != "additional_properties"
    }
    built = type(value)(**fields)
    assert built == value
    assert isinstance(built, Model)
    built.total = 1
    assert built != value
    with pytest.raises(AttributeError):
        built.totall = 1  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        type(value)(1)  # pyright: ignore[reportCallIssue]
    assert total_of(value) == amount["total"]


def total_of(value: object) -> int | None:
    match value:
        case models.PaymentAmount(total=total):
            return total
        case _:
            return None
