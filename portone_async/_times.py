"""Times between their RFC 3339 text and Python's classes.

freezegun replaces `datetime` and `date` with subclasses of its own, in every module, while a test runs. Nothing here
may depend on which of the two a name happened to stand for: hence functions that were bound once, and no comparison
of classes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeVar, cast

from portone_async._errors import InvalidArgumentError

T = TypeVar("T")


def real_class(kind: type[T]) -> type[T]:
    """`date` or `datetime` itself, also where freezegun stands in for it."""
    return cast("type[T]", next(base for base in kind.__mro__ if base.__module__ == "datetime"))


parse_datetime: Final[Callable[[str], datetime]] = real_class(datetime).fromisoformat
parse_date: Final[Callable[[str], date]] = real_class(date).fromisoformat


def write_datetime(value: datetime) -> str:
    """An aware datetime as RFC 3339 text."""
    if value.tzinfo is None:
        raise InvalidArgumentError(
            "a datetime without a time zone is ambiguous: add one, such as datetime(..., tzinfo=ZoneInfo('Asia/Seoul'))"
        )
    # PortOne writes fractions in groups of three digits, as few as the time needs.
    text = value.isoformat(
        timespec="milliseconds" if value.microsecond and value.microsecond % 1000 == 0 else "auto"
    )
    return text.removesuffix("+00:00") + "Z" if value.tzinfo is UTC else text


def is_text_of(text: str, value: datetime) -> bool:
    """Whether `text` is a way to write this datetime, with more digits or zeros than `write_datetime` writes."""
    try:
        parsed = parse_datetime(text)
    except ValueError:
        return False
    return parsed == value and (
        parsed.tzinfo is value.tzinfo or parsed.utcoffset() == value.utcoffset()
    )
