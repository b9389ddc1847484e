"""The fields of a payment's JSON that this version knows, with their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from attrs import frozen

from portone_async._model import Model, Unrecognized
from portone_async._registry import model_type
from portone_async._validation import field_types, is_datetime
from portone_async.bulk.columns import Kind

_KINDS: Final[dict[Any, Kind]] = {
    str: "text",
    Literal: "text",
    Unrecognized: "text",
    int: "integer",
    bool: "boolean",
}
_OTHER: Final[Kind] = "json"


@frozen
class Field:
    """A field: the type of its column, and what is in it if it is an object."""

    kind: Kind
    fields: Mapping[str, Field]


@cache
def payment_fields() -> dict[str, Field]:
    """Return the fields that a payment of any status may have."""
    return _fields((model_type("Payment"),))


def find_field(fields: Mapping[str, Field], path: Sequence[str]) -> Field | None:
    """Return the field at a path; `None` if there is none."""
    field = None
    for key in path:
        field = fields.get(key)
        if field is None:
            return None
        fields = field.fields
    return field


def _fields(hints: Sequence[Any]) -> dict[str, Field]:
    """Return the fields of all variants together."""
    by_name: dict[str, list[Any]] = {}
    for hint in hints:
        for member in _members(hint):
            if isinstance(member, type) and issubclass(member, Model):
                for name, field in field_types(member).items():
                    by_name.setdefault(name, []).append(field.hint)
    return {name: Field(_kind(found), _fields(found)) for name, found in by_name.items()}


def _kind(hints: Sequence[Any]) -> Kind:
    kinds: set[Kind] = {_kind_of(member) for hint in hints for member in _members(hint)}
    return kinds.pop() if len(kinds) == 1 else _OTHER


def _kind_of(hint: Any) -> Kind:
    if is_datetime(hint):
        return "time"
    return _KINDS.get(get_origin(hint) or hint, _OTHER)


def _members(hint: Any) -> Iterator[Any]:
    """Yield the members of a union, or the type itself."""
    if get_origin(hint) in (Union, UnionType):
        for member in get_args(hint):
            yield from _members(member)
    else:
        yield hint
