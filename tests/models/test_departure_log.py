"""What departs from the document is noted once, by class and field, and never by value."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from portone_async._response import read_error, read_reply

from .strategies import (
    ERRORS,
    MORE,
    OPERATIONS,
    REPLIES,
    SECRET,
    Departed,
    Op,
    departed,
    named,
    response,
    samples,
    valid,
)

Notes = Callable[[], list[str]]


@pytest.mark.parametrize("operation", REPLIES, ids=lambda op: op.id)
def test_a_departure_is_noted_once(operation: Op, notes: Notes) -> None:
    @MORE
    @given(departed(named(operation.reply or ""), most=1))
    def check(reply: Departed) -> None:
        notes()
        for _ in range(3):
            read_reply(operation.sdk, response(reply.value))
        _check_one(reply, notes())

    check()


@pytest.mark.parametrize("name", ERRORS)
def test_a_departure_of_an_error_is_noted_once(name: str, notes: Notes) -> None:
    operation = next(op for op in OPERATIONS if name in op.errors.values())

    @MORE
    @given(departed(named(name), most=1))
    def check(error: Departed) -> None:
        notes()
        for _ in range(3):
            read_error(operation.sdk, response(error.value, 400))
        if error.made[0].path[0] in ("type", "message"):
            # `error.type` and `error.message` read `None` for what is no string.
            assert notes() == []
        else:
            _check_one(error, notes())

    check()


def _check_one(departed: Departed, lines: list[str]) -> None:
    (made,) = departed.made
    if made.noted is None:
        assert lines == []
    else:
        assert len(lines) == 1
        assert f" {made.noted} " in lines[0]
        assert SECRET not in lines[0]
        if isinstance(made.value, str) and made.value:
            assert made.value not in lines[0]


@pytest.mark.parametrize("operation", REPLIES, ids=lambda op: op.id)
def test_no_log_line_repeats_itself_or_a_value(operation: Op, notes: Notes) -> None:
    @MORE
    @given(departed(named(operation.reply or ""), most=6))
    def check(reply: Departed) -> None:
        notes()
        for _ in range(2):
            read_reply(operation.sdk, response(reply.value))
        lines = notes()
        assert len(set(lines)) == len(lines)
        assert SECRET not in "".join(lines)

    check()


@MORE
@given(valid(named("Payment")))
def test_nothing_is_noted_of_what_the_document_allows(wire: object) -> None:
    operation = next(op for op in REPLIES if op.reply == "Payment")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portone_async._reading.logger.warning", pytest.fail)
        read_reply(operation.sdk, response(wire))


def test_nothing_is_noted_of_any_full_or_least_reply(notes: Notes) -> None:
    for operation in REPLIES:
        for full in (True, False):
            for wire in samples(named(operation.reply or ""), full=full):
                read_reply(operation.sdk, response(wire))
    assert notes() == []


def test_the_log_is_the_packages_own(notes: Notes, caplog: pytest.LogCaptureFixture) -> None:
    operation = next(op for op in REPLIES if op.id == "getPayment")
    for _ in range(2):
        read_reply(operation.sdk, response({"status": "PAID", "paidAt": SECRET}))
    (record,) = [r for r in caplog.records if "PaidPayment.paidAt" in r.getMessage()]
    assert record.name == "portone_async"
    assert record.levelno == logging.WARNING
    assert SECRET not in caplog.text
