"""What does not match the document is reported once, by class and field, and never by value."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from portone_async import _decoding as decoding
from portone_async import _json
from portone_async._decoding import read_error, read_response
from portone_async._operation import Operation

from .strategies import (
    ERRORS,
    MORE,
    OPERATIONS,
    REPLIES,
    SECRET,
    Mismatched,
    Op,
    mismatched,
    named,
    response,
    samples,
    valid,
)

Reports = Callable[[], list[str]]


@pytest.mark.parametrize("operation", REPLIES, ids=lambda op: op.id)
def test_a_mismatch_is_reported_once(operation: Op, reports: Reports) -> None:
    @MORE
    @given(mismatched(named(operation.response or ""), most=1))
    def check(reply: Mismatched) -> None:
        reports()
        for _ in range(3):
            read_response(operation.sdk, response(reply.value))
        _check_one(reply, reports())

    check()


@pytest.mark.parametrize("name", ERRORS)
def test_a_mismatch_of_an_error_is_reported_once(name: str, reports: Reports) -> None:
    operation = next(op for op in OPERATIONS if name in op.errors.values())

    @MORE
    @given(mismatched(named(name), most=1))
    def check(error: Mismatched) -> None:
        reports()
        for _ in range(3):
            read_error(operation.sdk, response(error.value, 400))
        if error.made[0].path[0] in ("type", "message"):
            # `error.type` and `error.message` read `None` for what is no string.
            assert reports() == []
        else:
            _check_one(error, reports())

    check()


def _check_one(mismatched: Mismatched, lines: list[str]) -> None:
    (made,) = mismatched.made
    if made.reported is None:
        assert lines == []
    else:
        assert len(lines) == 1
        assert f" {made.reported} " in lines[0]
        assert SECRET not in lines[0]
        if isinstance(made.value, str) and made.value:
            assert made.value not in lines[0]


@pytest.mark.parametrize("operation", REPLIES, ids=lambda op: op.id)
def test_no_log_line_repeats_itself_or_a_value(operation: Op, reports: Reports) -> None:
    @MORE
    @given(mismatched(named(operation.response or ""), most=6))
    def check(reply: Mismatched) -> None:
        reports()
        for _ in range(2):
            read_response(operation.sdk, response(reply.value))
        lines = reports()
        assert len(set(lines)) == len(lines)
        assert SECRET not in "".join(lines)

    check()


@MORE
@given(valid(named("Payment")))
def test_nothing_is_reported_of_what_the_document_allows(data: object) -> None:
    operation = next(op for op in REPLIES if op.response == "Payment")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portone_async._reading.logger.warning", pytest.fail)
        read_response(operation.sdk, response(data))


def test_nothing_is_reported_of_any_full_or_least_reply(reports: Reports) -> None:
    for operation in REPLIES:
        for full in (True, False):
            for data in samples(named(operation.response or ""), full=full):
                read_response(operation.sdk, response(data))
    assert reports() == []


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 1e300])
@pytest.mark.parametrize(
    ("name", "field"), [("PaymentAmount", "total"), ("PaymentProduct", "name")]
)
def test_a_number_beyond_64_bits_is_reported_once(
    name: str, field: str, number: float, reports: Reports
) -> None:
    operation: Operation[Any] = Operation("read", "GET", "/", response=name)
    data = next(samples(named(name))) | {field: number}
    read_response(operation, evolve(response({}), content=_json.dumps(data)))
    (line,) = reports()
    assert f" {name}.{field} is a number beyond 64 bits" in line


def test_the_bytes_are_only_searched_where_a_model_may_hold_a_float(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[bytes] = []
    monkeypatch.setattr(decoding._json, "may_hold_a_big_integer", searched.append)
    operation: Operation[Any] = Operation("read", "GET", "/", response="PaymentAmount")
    data = next(samples(named("PaymentAmount")))
    read_response(operation, response(data))
    assert not searched
    for change in ({"total": 1.5}, {"brandNew": {}}, {"total": None}):
        read_response(operation, response(data | change))
        assert searched.pop() == response(data | change).content


def test_the_log_is_the_packages_own(reports: Reports, caplog: pytest.LogCaptureFixture) -> None:
    operation = next(op for op in REPLIES if op.id == "getPayment")
    for _ in range(2):
        read_response(operation.sdk, response({"status": "PAID", "paidAt": SECRET}))
    (record,) = [r for r in caplog.records if "PaidPayment.paidAt" in r.getMessage()]
    assert record.name == "portone_async"
    assert record.levelno == logging.WARNING
    assert SECRET not in caplog.text
