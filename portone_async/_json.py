r"""JSON bytes into values and back, through orjson, and exactly also where orjson is not.

JSON allows a string to hold half of a surrogate pair, such as `"\ud83c"` (what is left of an emoji that a program
cut in two), and an integer to have any size. orjson refuses the first, and reads the second as a rounded float. The
standard library does both, ten times slower, so it is asked only then.
"""

from __future__ import annotations

import dataclasses
import json
import math
from enum import Enum
from typing import Any, Final, cast

import orjson

_DIGITS_AS_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
# The smallest integer beyond 64 bits has this many digits.
_LONG_NUMBER: Final = b"0" * len(str(2**63))
_BEFORE_A_NUMBER: Final = frozenset(b"[:, \t\r\n")


loads_rounding: Final = orjson.loads
"""As `loads`, but integers beyond 64 bits become floats, and half a surrogate pair is a `ValueError` too."""


def loads(content: bytes) -> Any:
    """The value of JSON bytes.

    Raises `ValueError` for what is not JSON in UTF-8, which NaN and Infinity are not either.
    """
    try:
        value: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return _loads_exactly(content, error)
    return _loads_exactly(content) if may_hold_a_big_integer(content) else value


def dumps(value: Any) -> bytes:
    """JSON bytes of a value, without spaces.

    Raises `TypeError` for what JSON cannot hold, such as NaN and Infinity.
    """
    try:
        content = orjson.dumps(value)
    except TypeError:
        return _dumps_exactly(value)
    if b"null" in content:
        # orjson writes NaN and Infinity as null.
        _plain(value)
    return content


def may_hold_a_big_integer(content: bytes) -> bool:
    """Whether a long run of digits stands where a number may; strings can look like that too, and do no harm."""
    if len(content) < len(_LONG_NUMBER):
        return False
    zeros = content.translate(_DIGITS_AS_ZERO)
    start = zeros.find(_LONG_NUMBER)
    while start >= 0:
        before = start - 2 if content[start - 1 : start] == b"-" else start - 1
        if before < 0 or content[before] in _BEFORE_A_NUMBER:
            return True
        # The rest of a longer run has a digit before it.
        start = zeros.find(_LONG_NUMBER, start + len(_LONG_NUMBER))
    return False


def _loads_exactly(content: bytes, error: orjson.JSONDecodeError | None = None) -> Any:
    try:
        return json.loads(content.decode(), parse_constant=_refuse, parse_float=_finite_float)
    except RecursionError:
        raise error or ValueError("the JSON is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as other:
        # orjson's own words where both refuse it.
        raise error or other from None


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large for a float")
    return value


def _dumps_exactly(value: Any) -> bytes:
    try:
        text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise TypeError("the value is nested too deeply, or holds itself") from None
    except ValueError as error:
        raise TypeError(str(error)) from None  # an integer of more digits than Python writes
    # Only half a surrogate pair has no UTF-8, and the escape of Python's that stands in for it is also JSON's.
    return text.encode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    """`value` in types of JSON, by orjson's rules."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError("it holds NaN or Infinity")
        return value
    if isinstance(value, dict):
        fields = cast("dict[Any, Any]", value)
        if not all(isinstance(key, str) for key in fields):
            raise TypeError("a key of a JSON object must be a str")
        return {key: _plain(item) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    # Dates and UUIDs: orjson knows how, or says that it does not.
    return orjson.loads(orjson.dumps(value))
