"""What is printed into logs and tracebacks holds no free text and nothing about a person."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from portone_async import Model, RawResponse, TypedResponse, UnknownVariant, errors
from portone_async._decoding import read_error, read_response
from portone_async._registry import model_reader
from portone_async.errors import PortOneError, RequestInfo, ResponseError

from .strategies import (
    ERRORS,
    OBJECTS,
    OPERATIONS,
    REPLIES,
    SCHEMAS,
    SECRET,
    Shape,
    mismatches,
    named,
    parts,
    places,
    plain,
    response,
    samples,
)

PERSONAL_DATE = "1907-03-09"
PERSONAL_NUMBER = 19_070_309
PERSONAL_ENUM = "PERSONAL"
# The document's own names for what is known of a person beside texts.
PERSONAL = {"gender", "birthDate", "birthdate", "birthDay", "birthMonth", "birthYear"}
HIDDEN = (
    SECRET,
    SECRET[:3],
    PERSONAL_DATE,
    str(PERSONAL_NUMBER),
    PERSONAL_ENUM,
    "brandNew",
    "1907, 3",
)


def telling(wanted: Shape, name: str) -> Any:
    """A value that can be recognised where it must not be printed."""
    if wanted.kind == "string":
        return f"id-of-{name}" if name == "id" or name.endswith("Id") else SECRET
    if name in PERSONAL or "hone" in name or "irth" in name or "ender" in name:
        return {"enum": PERSONAL_ENUM, "date": PERSONAL_DATE, "integer": PERSONAL_NUMBER}.get(
            wanted.kind, SECRET
        )
    return plain(wanted, name)


def planted(wanted: Shape) -> Iterator[Any]:
    """Full values, with unknown fields and unknown variants in every place that can have them."""
    for data in samples(wanted, telling):
        for place in list(places(data, wanted)):
            value = data
            for key in place.path:
                value = value[key]
            if isinstance(value, dict) and place.shape.kind in ("object", "union"):
                value["brandNew"] = SECRET
                value["새 필드"] = {"name": SECRET}
                if place.shape.kind == "union" and place.holder == "item":
                    value[place.shape.tag] = "BRAND_NEW"
        yield data


def assert_tells_nothing(text: str) -> None:
    for hidden in HIDDEN:
        assert hidden not in text


def printed(value: Any) -> str:
    return "\n".join([repr(value), str(value), f"{value}", f"{value!s} {value!r}", ascii(value)])


def traced(error: BaseException) -> str:
    """The traceback as it is printed when nobody catches the error."""
    try:
        try:
            raise error
        except type(error) as caught:
            raise RuntimeError("outer") from caught
    except RuntimeError as outer:
        return "".join(traceback.format_exception(outer))


@pytest.mark.parametrize("name", OBJECTS)
def test_a_models_repr_holds_no_text(name: str) -> None:
    read = model_reader(name)
    for data in planted(named(name)):
        for part in parts(read(data)):
            if isinstance(part, Model | UnknownVariant):
                assert_tells_nothing(printed(part))


def test_a_replys_repr_holds_no_text() -> None:
    for operation in REPLIES:
        for data in planted(named(operation.response or "")):
            raw = response(data)
            reply = TypedResponse(read_response(operation.sdk, raw), raw)
            assert_tells_nothing(printed(reply))
            assert_tells_nothing(printed(raw))


def test_headers_and_keys_are_not_printed() -> None:
    info = RequestInfo("POST", "/payments/{paymentId}", "payInstantly", SECRET)
    raw = RawResponse(200, {"x-secret": SECRET}, SECRET.encode(), info)
    assert_tells_nothing(printed(raw) + printed(info))


@pytest.mark.parametrize("name", ERRORS)
def test_an_errors_text_and_traceback_hold_no_text(name: str) -> None:
    operation = next(op for op in OPERATIONS if name in op.errors.values())
    for data in planted(named(name)):
        error = read_error(operation.sdk, response(data, SCHEMAS[name]["x-portone-status-code"]))
        assert type(error) is getattr(errors, name)
        assert_tells_nothing(printed(error) + traced(error))
        for part in parts(list(vars(error).values())):
            if isinstance(part, Model | UnknownVariant):
                assert_tells_nothing(printed(part))


def test_a_strict_readings_error_holds_no_text() -> None:
    for operation in REPLIES:
        reply = named(operation.response or "")
        data = next(samples(reply, telling))
        for each in mismatches(data, reply):
            if len(each.at) == 1:
                value = dict(data)
                each.apply(value)
                with pytest.raises(ResponseError) as raised:
                    read_response(operation.sdk, response(value), strict=True)
                assert SECRET not in printed(raised.value) + traced(raised.value)


def test_a_reply_that_is_no_json_is_not_printed() -> None:
    raw = RawResponse(200, {}, SECRET.encode(), RequestInfo("GET", "/test"))
    with pytest.raises(PortOneError) as raised:
        read_response(REPLIES[0].sdk, raw)
    assert SECRET not in printed(raised.value) + traced(raised.value)


def test_an_error_without_a_portone_type_is_not_printed() -> None:
    info = RequestInfo("GET", "/test")
    for content in (
        SECRET.encode(),
        b'{"message": "%s"}' % SECRET.encode(),
        b'["%s"]' % SECRET.encode(),
    ):
        error = read_error(None, RawResponse(500, {"x": SECRET}, content, info))
        assert SECRET not in printed(error) + traced(error)


def test_a_repr_shows_what_identifies_and_what_counts() -> None:
    (operation,) = (op for op in REPLIES if op.id == "getPayment")
    data = next(w for w in samples(named("Payment"), telling) if w["status"] == "PAID")
    shown = repr(read_response(operation.sdk, response(data)))
    for part in (
        "PaidPayment(",
        "id='id-of-id'",
        "store_id='id-of-storeId'",
        "status='PAID'",
        "total=31000",
        "paid_at=2024-05-06T07:08:09.123456+00:00",
    ):
        assert part in shown


def test_text_where_the_document_has_none_is_not_printed_either() -> None:
    for name in OBJECTS:
        read = model_reader(name)
        data = next(samples(named(name), telling))
        for each in mismatches(data, named(name)):
            if len(each.at) == 1 and each.kind == "wrong type" and each.value == SECRET:
                value = {**data, each.at[0]: SECRET}
                assert SECRET not in printed(read(value)), each
