"""Parameters as they are sent: in a path, in a query, in headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from math import isfinite
from typing import Any, Final, cast
from urllib.parse import quote

from portone_async._errors import InvalidArgumentError
from portone_async._model import argument_name
from portone_async._operation import Operation
from portone_async._options import is_header_value
from portone_async._writing import write_argument

# encodeURIComponent leaves these as they are, and so does PortOne's own SDK.
_UNESCAPED: Final = "!'()*-._~"
# Subclasses stand first: True is an int, and a datetime a date.
_KINDS: Final = {"bool": bool, "int": int, "float": float, "datetime": datetime, "date": date}


def path_segment(value: Any, name: str, kind: str) -> str:
    """Return a path parameter, escaped as `encodeURIComponent` does; `kind` is the type that it must have."""
    name = argument_name(name)
    if kind == "str":
        is_right = isinstance(value, str)
    else:
        actual = next((each for each, type_ in _KINDS.items() if isinstance(value, type_)), None)
        is_right = actual == kind or (actual == "int" and kind == "float")
    if not is_right:
        article = "an" if kind == "int" else "a"
        raise InvalidArgumentError(f"{name} takes {article} {kind}, not {type(value).__name__}")
    text = _text(value, name, may_be_float=kind == "float")
    # Also inside of an id: a gateway that unescapes %2F before it normalizes would call another operation.
    if text == "" or has_dot_segment(text):
        raise InvalidArgumentError(
            f"{name} is empty or holds a . or .. segment: that would call another operation, so it is not sent"
        )
    return _escaped(text, name)


def has_dot_segment(path: str) -> bool:
    """Whether a server that normalizes paths would take it for another one."""
    return any(segment in (".", "..") for segment in re.split(r"[/\\]", path))


def query_string(parameters: Mapping[str, Any], operation: Operation[Any]) -> str:
    """Return the query of a request, without what is `None` and without empty lists."""
    return "&".join(
        f"{_escaped(name, 'a name in the query')}={text}"
        for name, value in parameters.items()
        if value is not None
        for text in _query_values(value, name, operation)
    )


def take_headers(parameters: dict[str, Any], operation: Operation[Any]) -> list[tuple[str, str]]:
    """Take the parameters that are sent as headers out of `parameters`."""
    headers: list[tuple[str, str]] = []
    for name in operation.headers:
        value = parameters.pop(name, None)
        items = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
        if value is None or not items:
            continue
        may_be_float = name in operation.numbers
        text = ", ".join(_text(item, name, may_be_float=may_be_float) for item in items)
        if not is_header_value(text):
            raise InvalidArgumentError(
                f"{argument_name(name)} has characters that HTTP cannot carry"
            )
        headers.append((name.lower(), text))
    return headers


def _query_values(value: Any, name: str, operation: Operation[Any]) -> list[str]:
    """What stands after `name=`, escaped: one text, or for lists one for each time that the name is there."""
    is_joined, may_be_float = name in operation.joined, name in operation.numbers
    if not is_joined and name not in operation.arrays:
        return [_escaped(_text(value, name, may_be_float=may_be_float), name)]
    if not isinstance(value, list | tuple):
        raise InvalidArgumentError(
            f"{argument_name(name)} takes a list, not {type(value).__name__}"
        )
    items = cast("list[Any]", value)
    texts = [_escaped(_text(item, name, may_be_float=may_be_float), name) for item in items]
    return [",".join(texts)] if is_joined and texts else texts


def _text(value: Any, name: str, *, may_be_float: bool) -> str:
    """The one way to write a value; most parameters take no float, as they are amounts and page numbers."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value, name)
    if isinstance(value, float) and may_be_float:
        if not isfinite(value):
            raise InvalidArgumentError(f"{name} is NaN or Infinity, which is no number to send")
        return float.__repr__(value)
    if isinstance(value, date):
        value = write_argument(name, value)
    if not isinstance(value, str):
        raise InvalidArgumentError(
            f"{name} takes a str, int, bool, date or datetime, not {type(value).__name__}"
        )
    return value


def _digits(value: int, name: str) -> str:
    try:
        return int.__repr__(value)
    except ValueError:
        raise InvalidArgumentError(f"{name} has more digits than Python writes") from None


def _escaped(text: str, name: str) -> str:
    try:
        return quote(text, safe=_UNESCAPED)
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} is not valid Unicode text") from None
