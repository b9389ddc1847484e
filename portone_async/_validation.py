"""Where JSON does not match the document's types, by path: arguments before they are sent, responses when strict.

Arguments must have the right types, but may hold more than this version knows. Strict responses may not.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import (
    Any,
    Final,
    Literal,
    NamedTuple,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from attrs import NOTHING, fields

from portone_async._errors import InvalidArgumentError
from portone_async._model import (
    Model,
    UnknownVariant,
    Unrecognized,
    UnrecognizedInteger,
    argument_name,
    field_names,
)
from portone_async._registry import model_type
from portone_async._times import parse_date, parse_datetime

_NAMES: Final = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
}


class Mismatch(NamedTuple):
    """One place that is not as the document says."""

    path: str
    problem: str


class FieldType(NamedTuple):
    """A field's type as an evaluated annotation, whether the field must be there, and whether it may be null."""

    hint: Any
    required: bool
    nullable: bool


class _Date:
    """Stands for `date` in evaluated annotations: see `_times` about classes that are replaced."""


class _DateTime:
    """Stands for `datetime` in evaluated annotations."""


def is_datetime(hint: Any) -> bool:
    """Whether an evaluated annotation is that of a time."""
    return hint is _DateTime


def check_input(body: Any, model: str, operation_id: str) -> None:
    """Refuse a body whose types are not the document's, naming the argument; values are not repeated."""
    for path, problem in _mismatches(body, model_type(model), "", strict=False):
        path = path or "body"  # noqa: PLW2901
        raise InvalidArgumentError(f"{operation_id}: {path} {problem}; nothing was sent")


def first_mismatch(body: Any, name: str) -> Mismatch | None:
    """The first place where a response is not of the named type, by the document."""
    return next(_mismatches(body, model_type(name), "$", strict=True), None)


def _mismatches(value: Any, hint: Any, path: str, *, strict: bool) -> Iterator[Mismatch]:
    origin = get_origin(hint)
    if hint is Any:
        return
    if isinstance(hint, type) and issubclass(hint, Model):
        yield from _object(value, hint, path, strict=strict)
    elif origin is list:
        yield from _expect(value, list, path)
        if value.__class__ is list:
            for index, item in enumerate(value):
                yield from _mismatches(item, get_args(hint)[0], f"{path}[{index}]", strict=strict)
    elif origin is dict:
        yield from _expect(value, dict, path)
        if value.__class__ is dict:
            for key, item in value.items():
                yield from _mismatches(item, get_args(hint)[1], _below(path, key), strict=strict)
    elif origin in (Union, types.UnionType):
        yield from _union(value, get_args(hint), path, strict=strict)
    elif origin is Literal:
        yield from _expect(value, str, path)
        if value.__class__ is str and value not in get_args(hint):
            yield Mismatch(path, "is not the tag of this variant")
    elif is_datetime(hint):
        if not _parses(value, parse_datetime, lambda time: time.tzinfo is not None):
            yield Mismatch(path, "must be a time with a zone (RFC 3339)")
    elif hint is _Date:
        if not _parses(value, parse_date, lambda day: day.isoformat() == value):
            yield Mismatch(path, "must be a date (YYYY-MM-DD)")
    else:
        yield from _expect(value, cast("type[Any]", hint), path)


def _object(value: Any, model: type[Model], path: str, *, strict: bool) -> Iterator[Mismatch]:
    if value.__class__ is not dict:
        yield from _expect(value, dict, path)
        return
    known = field_types(model)
    for json_name, (hint, required, nullable) in known.items():
        # Arguments are named as they are written in Python, fields of responses as they came.
        place = _below(path, json_name if strict else argument_name(json_name))
        if json_name in value:
            if not (nullable and value[json_name] is None):
                yield from _mismatches(value[json_name], hint, place, strict=strict)
        elif required:
            yield Mismatch(place, "is missing")
    others = {name: value[name] for name in sorted(value.keys() - known.keys())}
    if others and (stated := _other_fields(model)) is not None:
        yield from _mismatches(others, stated, path, strict=strict)
    elif strict:
        for json_name in others:
            yield Mismatch(_below(path, json_name), "is not a field that this version knows")


def _below(path: str, name: str) -> str:
    """The JSON path of a member."""
    if not name.isidentifier():
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name


def _union(value: Any, members: tuple[Any, ...], path: str, *, strict: bool) -> Iterator[Mismatch]:
    if types.NoneType in members:
        if value is not None:
            yield from _mismatches(value, _without_none(members), path, strict=strict)
        return
    if Unrecognized in members or UnrecognizedInteger in members:
        kind = str if Unrecognized in members else int
        yield from _expect(value, kind, path)
        known = {
            item for member in members if get_origin(member) is Literal for item in get_args(member)
        }
        if strict and value.__class__ is kind and value not in known:
            yield Mismatch(path, "is not an enum value that this version knows")
        return
    variants = [member for member in members if member is not UnknownVariant]
    if value.__class__ is not dict:
        yield from _expect(value, dict, path)
        return
    for model in variants:
        tags = {
            json_name: get_args(field.hint)
            for json_name, field in field_types(model).items()
            if get_origin(field.hint) is Literal
        }
        if tags and all(value.get(json_name) in values for json_name, values in tags.items()):
            yield from _object(value, model, path, strict=strict)
            return
    if strict:
        yield Mismatch(path, "is not a variant that this version knows")


def _expect(value: Any, kind: type[Any], path: str) -> Iterator[Mismatch]:
    if value.__class__ is not kind and not (kind is float and value.__class__ is int):
        actual = (
            "null"
            if value is None
            else _NAMES.get(value.__class__, f"a {value.__class__.__name__}")
        )
        yield Mismatch(path, f"must be {_NAMES.get(kind, kind.__name__)}, not {actual}")


def _parses(value: Any, parse: Callable[[str], Any], is_right: Callable[[Any], bool]) -> bool:
    try:
        return is_right(parse(value))
    except (TypeError, ValueError):
        return False


class _Names(dict[str, Any]):
    """What the names in annotations stand for; each model is imported when its name is asked for."""

    def __missing__(self, name: str) -> Any:
        return model_type(name)


@cache
def field_types(model: type[Model]) -> dict[str, FieldType]:
    """The type of each field of a model, by JSON name."""
    hints = _hints(model)
    defaults = {attribute.name: attribute.default for attribute in fields(model)}
    result: dict[str, FieldType] = {}
    for name, json_name in field_names(model):
        hint = hints[name]
        members = get_args(hint)
        if types.NoneType in members:
            hint = _without_none(members)
        # A tag has a default, and must be there nevertheless.
        required = defaults[name] is NOTHING or get_origin(hint) is Literal
        nullable = hint is Any or name in model.__nullable_fields__
        result[json_name] = FieldType(hint, required, nullable)
    return result


@cache
def _other_fields(model: type[Model]) -> Any:
    """The type that the document states for all other fields of a model, as that of their object."""
    (stated,) = get_args(_hints(model)["__other_fields__"])
    return None if get_args(stated)[1] is Any else stated


def _hints(model: type[Model]) -> dict[str, Any]:
    return get_type_hints(model, localns=_Names(date=_Date, datetime=_DateTime))


def _without_none(members: tuple[Any, ...]) -> Any:
    rest = tuple(member for member in members if member is not types.NoneType)
    return rest[0] if len(rest) == 1 else Union[rest]  # noqa: UP007  (built at run time)
