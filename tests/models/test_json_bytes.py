"""JSON bytes: read and written exactly, half an emoji and integers of any size included."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async._json import dumps, loads, may_hold_a_big_integer

HALF = "\ud83c"
"""The first half of an emoji."""

TEXT = st.text(st.characters(codec=None, categories=None), max_size=8).filter(
    # A first half and a second half beside each other are one character to every reader of JSON.
    lambda text: not re.search("[\ud800-\udbff][\udc00-\udfff]", text)
)
INTEGERS = st.integers() | st.sampled_from(
    [sign * 2**bits + step for bits in (63, 64, 128) for sign in (1, -1) for step in (-1, 0, 1)]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


def refused(constant: str) -> Any:
    raise ValueError(constant)


def types_and_values(value: Any) -> Any:
    """`value` so that `1`, `1.0` and `True` differ."""
    match value:
        case dict():
            return {key: types_and_values(item) for key, item in value.items()}
        case list():
            return [types_and_values(item) for item in value]
        case _:
            return (type(value), value)


@given(JSON)
def test_what_was_written_is_read(value: Any) -> None:
    assert types_and_values(loads(dumps(value))) == types_and_values(value)


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_what_others_write_is_read(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    content = text.encode("utf-8", "backslashreplace")
    assert types_and_values(loads(content)) == types_and_values(value)


@given(JSON)
def test_others_read_what_was_written(value: Any) -> None:
    assert types_and_values(json.loads(dumps(value).decode())) == types_and_values(value)


@given(st.binary(max_size=12) | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_other_bytes_are_a_value_error(content: bytes) -> None:
    try:
        expected = json.loads(content.decode(), parse_constant=refused)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  (which one is the parser's to say)
            loads(content)
    else:
        assert types_and_values(loads(content)) == types_and_values(expected)


@pytest.mark.parametrize(
    "content",
    [
        b'"\\ud83c"',
        b'{"\\udf89":["\\ud83c"]}',
        b"18446744073709551616",
        b"-9223372036854775809",
        b'{"total":123456789012345678901234567890}',
        b'["123456789012345678901234567890",-123456789012345678901234567890]',
    ],
)
def test_what_orjson_refuses_or_rounds_is_written_back_as_it_came(content: bytes) -> None:
    assert dumps(loads(content)) == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"id":"pg-00000000000000000001","at":"2024-05-06T07:08:09.123456789Z"}', False),
        (b'["00000000000000000000000000000000000000000"]', False),
        (b'{"a":0.1234567890123456789012,"b":123456789012345678}', False),
        (b'{"a": 1234567890123456789}', True),
        (b"[0,-1234567890123456789]", True),
        (b"-1234567890123456789012", True),
        (b"1234567890123456789012", True),
    ],
)
def test_the_slower_parser_is_asked_only_where_a_big_integer_may_be(
    content: bytes, expected: bool
) -> None:
    assert may_hold_a_big_integer(content) is expected


def test_only_the_half_is_escaped() -> None:
    assert dumps(f"한{HALF}🎉") == '"한\\ud83c🎉"'.encode()


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("around", ["%s", "[null, %s]", '{"a": {"b": %s}, "\\ud83c": 1}'])
def test_nan_and_infinity_are_refused_by_name(constant: str, around: str) -> None:
    with pytest.raises(ValueError, match=f"{constant} is not JSON"):
        loads((around % constant).encode())
    value = json.loads(around % constant)
    with pytest.raises(TypeError, match=r"NaN or Infinity"):
        dumps(value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'"\xed\xa0\xbc"',
        b"\xff",
        b"\xef\xbb\xbf1",
        b"1e999",
        b"[" * 100_000,
        b"[" * 100_000 + b"1" * 40 + b"]" * 100_000,
        b"1" * 5_000,
        "1".encode("utf-16"),
    ],
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (which one is the parser's to say)
        loads(content)


def test_a_deep_value_with_a_big_integer_is_read_or_refused() -> None:
    for depth in (10, 100, 1_000):
        content = b"[" * depth + b"1" * 40 + b"]" * depth
        try:
            value = loads(content)
        except ValueError:
            assert depth > 100
        else:
            assert str(value).strip("[]") == "1" * 40


class Colour(StrEnum):
    RED = "RED"


class Number(IntEnum):
    BIG = 2**70


@dataclass
class Point:
    x: int
    at: datetime


@pytest.mark.parametrize("big", [1, 2**70])
def test_types_that_orjson_knows_are_written_alike_beside_a_big_integer(big: int) -> None:
    values = [Colour.RED, (1, 2), UUID(int=1), Point(1, datetime(2024, 1, 1, tzinfo=UTC))]
    assert loads(dumps([*values, big])) == [*orjson.loads(orjson.dumps(values)), big]
    assert loads(dumps(Number.BIG)) == 2**70


@pytest.mark.parametrize("big", [1, 2**70])
@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j])
def test_what_json_cannot_hold_is_a_type_error(value: Any, big: int) -> None:
    with pytest.raises(TypeError):
        dumps([value, big])


@pytest.mark.parametrize("big", [1, 2**70])
@pytest.mark.parametrize("key", [1, None, 1.5, True])
def test_a_key_that_is_no_text_is_a_type_error(key: Any, big: int) -> None:
    with pytest.raises(TypeError, match="key"):
        dumps({key: big})


def test_a_value_that_holds_itself_is_a_type_error() -> None:
    value: list[Any] = [HALF]
    value.append(value)
    with pytest.raises(TypeError, match="nested too deeply"):
        dumps(value)


def test_an_integer_of_more_digits_than_python_writes_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="limit"):
        dumps(10**5_000)


def test_a_float_is_not_changed_by_a_big_integer_beside_it() -> None:
    for number in (0.1, -0.0, 1e300, 5e-324, 1.0):
        (read, _) = loads(dumps([number, 2**70]))
        assert math.copysign(1, read) == math.copysign(1, number)
        assert read == number
