"""Errors: the class by the operation's own mapping, its fields, and what survives of odd ones."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from portone_async import errors
from portone_async._decoding import read_error
from portone_async._writing import write
from portone_async.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ClientClosedError,
    InvalidArgumentError,
    PortOneError,
    RequestInfo,
    ResponseError,
)

from .strategies import (
    ERRORS,
    FEW,
    MORE,
    OPERATIONS,
    SCHEMAS,
    Mismatched,
    Op,
    Shape,
    assert_fields,
    canonical,
    mismatched,
    named,
    pickled,
    response,
    samples,
    snake,
    valid,
    written_back,
)

STATUS_CLASSES = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    410: errors.GoneError,
    502: errors.BadGatewayError,
    503: errors.ServiceUnavailableError,
}
BY_TYPE: dict[str, set[str]] = {}
for _operation in OPERATIONS:
    for _type, _class in _operation.errors.items():
        BY_TYPE.setdefault(_type, set()).add(_class)
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: op.id)
every_error = pytest.mark.parametrize("name", ERRORS)


def owner_of(name: str) -> Op:
    """An operation that can answer with this error."""
    return next(op for op in OPERATIONS if name in op.errors.values())


def status_of(name: str) -> int:
    return SCHEMAS[name]["x-portone-status-code"]


def fields_of(name: str) -> Shape:
    """The error's shape without what every error has."""
    schema = SCHEMAS[name]
    extra = {k: v for k, v in schema["properties"].items() if k not in ("type", "message")}
    return Shape("object", name, {**schema, "properties": extra})


@every_operation
def test_each_error_type_of_an_operation_has_the_operations_class(operation: Op) -> None:
    for type_, name in operation.errors.items():
        for data in samples(named(name)):
            data["type"] = type_
            status = status_of(name)
            error = read_error(operation.sdk, response(data, status))
            assert type(error) is getattr(errors, name)
            assert isinstance(error, STATUS_CLASSES[status])
            assert (error.status, error.type, error.message) == (status, type_, data["message"])
            assert error.body == data
            assert_fields(error, data, fields_of(name))


@every_error
def test_an_error_is_read(name: str) -> None:
    operation = owner_of(name)

    @FEW
    @given(valid(named(name)))
    def check(data: dict[str, Any]) -> None:
        data["type"] = next(t for t, n in operation.errors.items() if n == name)
        error = read_error(operation.sdk, response(data, status_of(name)))
        assert type(error) is getattr(errors, name)
        assert error.message == data.get("message")
        assert canonical(error.body) == canonical(data)
        assert_fields(error, data, fields_of(name))

    check()


@every_error
def test_an_error_that_does_not_match_the_document_is_still_an_api_error(name: str) -> None:
    operation = owner_of(name)

    @MORE
    @given(mismatched(named(name), most=4))
    def check(data: Mismatched) -> None:
        body = data.value
        error = read_error(operation.sdk, response(body, status_of(name)))
        assert isinstance(error, STATUS_CLASSES[status_of(name)])
        assert canonical(error.body) == canonical(body)
        type_, message = body.get("type"), body.get("message")
        assert error.type == (type_ if isinstance(type_, str) else None)
        assert error.message == (message if isinstance(message, str) else None)
        expected = operation.errors.get(type_) if isinstance(type_, str) else None
        if expected is None:
            return
        assert type(error) is getattr(errors, expected)
        fields = fields_of(expected)
        back = written_back(body, named(expected))
        for key in fields.properties:
            assert canonical(write(getattr(error, snake(key)))) == canonical(back.get(key))

    check()


def test_an_error_type_of_another_operation_has_its_class_all_the_same() -> None:
    for type_, names in BY_TYPE.items():
        for operation in (None, OPERATIONS[0].sdk):
            if operation is not None and type_ in OPERATIONS[0].errors:
                continue
            (body, *_) = samples(named(min(names)))
            error = read_error(operation, response({**body, "type": type_}, 400))
            assert type(error).__name__ in names


@pytest.mark.parametrize("status", [*STATUS_CLASSES, 302, 402, 418, 429, 500, 504, 599])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"{",
        b"null",
        b"[]",
        b'"PG_PROVIDER"',
        b"7",
        b"{}",
        b'{"type": null}',
        b"\xff",
    ],
)
def test_an_answer_without_a_portone_error_is_an_api_error(status: int, content: bytes) -> None:
    raw = response({}, status)
    object.__setattr__(raw, "content", content)
    for operation in (None, OPERATIONS[0].sdk):
        error = read_error(operation, raw)
        assert isinstance(error, STATUS_CLASSES.get(status, APIError))
        assert isinstance(error, errors.ServerError) is (status >= 500)
        assert (error.status, error.type, error.message) == (status, None, None)
        assert error.content == content


def test_an_unknown_error_type_has_the_class_of_its_status() -> None:
    for status, expected in STATUS_CLASSES.items():
        body = {"type": "BRAND_NEW", "message": "x", "more": {"a": [None]}}
        error = read_error(OPERATIONS[0].sdk, response(body, status))
        assert type(error) is expected
        assert (error.type, error.message, error.body) == ("BRAND_NEW", "x", body)


def test_the_error_classes_are_those_of_the_document() -> None:
    generated = {
        name
        for name in errors.__all__
        if issubclass(getattr(errors, name), APIError) and getattr(errors, name).types
    }
    assert generated == set(ERRORS)


def _every_error() -> list[PortOneError]:
    info = RequestInfo("POST", "/payments/{paymentId}", "payInstantly", "a" * 16)
    found: list[PortOneError] = [
        InvalidArgumentError("no"),
        ClientClosedError("closed"),
        APIConnectionError("lost", request=info, may_have_reached=True, attempts=3),
        APITimeoutError("late", request=info, may_have_reached=False, attempts=1),
        ResponseError(
            "odd",
            request=info,
            status=200,
            headers={"a": "b"},
            content=b"{}",
            path="$.a",
            attempts=2,
        ),
        APIError(status=418, request=info),
    ]
    for name in ERRORS:
        found.extend(
            read_error(owner_of(name).sdk, response(data, status_of(name)))
            for data in samples(named(name))
        )
    return found


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        *(partial(pickled, protocol=protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
    ],
)
def test_errors_can_be_pickled_and_copied(duplicate: Any) -> None:
    for error in _every_error():
        again = duplicate(error)
        assert type(again) is type(error)
        assert again is not error
        assert again.args == error.args
        assert str(again) == str(error)
        assert vars(again) == vars(error)
        assert vars(again).keys() >= {"status", "body"} or not isinstance(error, APIError)


def test_errors_can_be_hashed_and_are_themselves_only() -> None:
    found = _every_error()
    assert len(set(found)) == len(found)
    for error in found:
        assert error in {error: 1}
        assert error != copy.copy(error)
