"""Models into JSON values: the exact inverse of reading."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from portone_async._errors import InvalidArgumentError
from portone_async._model import Model, PreciseDatetime, UnknownVariant, wire_names


def write(value: Any) -> Any:
    """`value` as JSON: absent fields left out, unknown fields and variants as they came.

    Raises `InvalidArgumentError` for a datetime without a time zone: whose clock it counts by would be a guess.
    """
    if isinstance(value, Model):
        written: dict[str, Any] = {}
        for name, wire in wire_names(type(value)):
            item = getattr(value, name)
            if item is not None:
                written[wire] = write(item)
        written.update(value.additional_properties)
        return written
    if isinstance(value, list | tuple):
        return [write(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {key: write(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, UnknownVariant):
        return value.raw
    if isinstance(value, datetime):
        return write_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return write(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    return value


def write_datetime(value: datetime) -> str:
    """An aware datetime as RFC 3339 text."""
    if value.tzinfo is None:
        raise InvalidArgumentError(
            "a datetime without a time zone was given: add one, such as datetime(..., tzinfo=ZoneInfo('Asia/Seoul'))"
        )
    if isinstance(value, PreciseDatetime) and value.wire is not None:
        return value.wire
    # PortOne writes fractions in groups of three digits, as few as the time needs.
    text = value.isoformat(
        timespec="milliseconds" if value.microsecond and value.microsecond % 1000 == 0 else "auto"
    )
    return text.removesuffix("+00:00") + "Z" if value.tzinfo is UTC else text
