"""Models into JSON values: the exact inverse of reading."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any, cast

from portone_async._credentials import Secret
from portone_async._errors import InvalidArgumentError
from portone_async._model import (
    Model,
    UnknownVariant,
    argument_name,
    field_names,
    null_fields,
    time_texts,
)
from portone_async._times import is_text_of, write_datetime


def write_argument(name: str, value: Any) -> Any:
    """An argument as JSON; an error names it."""
    try:
        return write(value)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{argument_name(name)}: {error}") from None
    except RecursionError:
        pass  # with a thousand frames in its traceback
    raise InvalidArgumentError(f"{argument_name(name)} is nested too deeply, or holds itself")


def write(value: Any) -> Any:
    """`value` as JSON: absent fields omitted, unknown fields and variants as they came.

    Raises `InvalidArgumentError` for a datetime without a time zone, which is ambiguous.
    """
    if isinstance(value, Model):
        texts = time_texts(value) if value.__time_fields__ else {}
        nulls = null_fields(type(value)) if value.__nullable_fields__ else ()
        written: dict[str, Any] = {}
        for name, json_name in field_names(type(value)):
            item = getattr(value, name)
            if item is not None:
                written[json_name] = (
                    _write_time(item, texts[name]) if name in texts else write(item)
                )
            elif name in nulls:
                written[json_name] = None
        for name, item in value.additional_properties.items():
            # A null that was read is there too, and the field may have been set since.
            written.setdefault(name, item)
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
    if isinstance(value, Enum | Secret):
        return write(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    return value


def _write_time(value: Any, text: Any) -> Any:
    """A time that was read: as it came, nanoseconds and zeros included, unless it has been changed since."""
    if isinstance(text, str) and isinstance(value, datetime) and is_text_of(text, value):
        return text
    if isinstance(text, list) and isinstance(value, list):
        times, texts = cast("list[Any]", value), cast("list[Any]", text)
        if len(times) == len(texts):
            return [_write_time(*pair) for pair in zip(times, texts, strict=True)]
    if isinstance(text, dict) and isinstance(value, dict):
        by_key = cast("dict[str, Any]", text)
        return {
            key: _write_time(item, by_key.get(key))
            for key, item in cast("dict[str, Any]", value).items()
        }
    return write(value)
