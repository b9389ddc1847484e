"""Where JSON departs from the document's types, by path: arguments before they are sent, replies when strict.

Arguments must have the right types, but may hold more than this version knows. Strict replies may not.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterator
from datetime import date, datetime
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

from portone_async._errors import InvalidArgumentError
from portone_async._model import Model, UnknownVariant, Unrecognized, argument_name, wire_names
from portone_async._operation import Operation

_NAMES: Final = {
    str: "a string",
    int: "an integer",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
}


class Departure(NamedTuple):
    """One place that is not as the document says."""

    path: str
    problem: str


class _Slot(NamedTuple):
    """A field: its type, and whether it must be there."""

    hint: Any
    required: bool


def check_input(body: dict[str, Any], operation: Operation[Any]) -> None:
    """Refuse a body whose types are not the document's, naming the argument; values are not repeated."""
    for path, problem in _object(body, _model(operation.body or ""), "", strict=False):
        raise InvalidArgumentError(f"{operation.id}: {path} {problem}; nothing was sent")


def first_departure(body: Any, reply: str) -> Departure | None:
    """The first place where a reply is not what the document says it is."""
    return next(_departures(body, _model(reply), "$", strict=True), None)


def _departures(value: Any, hint: Any, path: str, *, strict: bool) -> Iterator[Departure]:
    origin = get_origin(hint)
    if hint is Any:
        return
    if isinstance(hint, type) and issubclass(hint, Model):
        yield from _object(value, hint, path, strict=strict)
    elif origin is list:
        yield from _expect(value, list, path)
        if value.__class__ is list:
            for index, item in enumerate(value):
                yield from _departures(item, get_args(hint)[0], f"{path}[{index}]", strict=strict)
    elif origin is dict:
        yield from _expect(value, dict, path)
        if value.__class__ is dict:
            for key, item in value.items():
                yield from _departures(item, get_args(hint)[1], _below(path, key), strict=strict)
    elif origin in (Union, types.UnionType):
        yield from _union(value, get_args(hint), path, strict=strict)
    elif origin is Literal:
        yield from _expect(value, str, path)
        if value.__class__ is str and value not in get_args(hint):
            yield Departure(path, "is not the tag of this variant")
    elif hint in (date, datetime):
        yield from _time(value, hint, path)
    else:
        yield from _expect(value, cast("type[Any]", hint), path)


def _object(value: Any, model: type[Model], path: str, *, strict: bool) -> Iterator[Departure]:
    if value.__class__ is not dict:
        yield from _expect(value, dict, path)
        return
    known = slots(model)
    for wire, (hint, required) in known.items():
        # Arguments are named as they are written in Python, replies as they came.
        place = _below(path, wire if strict else argument_name(wire))
        if wire in value:
            yield from _departures(value[wire], hint, place, strict=strict)
        elif required:
            yield Departure(place, "is missing")
    if strict:
        for wire in sorted(value.keys() - known.keys()):
            yield Departure(_below(path, wire), "is not a field that this version knows")


def _below(path: str, name: str) -> str:
    """The JSON path of a member."""
    if not name.isidentifier():
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name


def _union(value: Any, members: tuple[Any, ...], path: str, *, strict: bool) -> Iterator[Departure]:
    if Unrecognized in members:
        yield from _expect(value, str, path)
        known = {
            item for member in members if get_origin(member) is Literal for item in get_args(member)
        }
        if strict and value.__class__ is str and value not in known:
            yield Departure(path, "is not an enum value that this version knows")
        return
    variants = [member for member in members if member is not UnknownVariant]
    if value.__class__ is not dict:
        yield from _expect(value, dict, path)
        return
    for model in variants:
        tags = {
            wire: get_args(hint)
            for wire, (hint, _) in slots(model).items()
            if get_origin(hint) is Literal
        }
        if all(value.get(wire) in values for wire, values in tags.items()):
            yield from _object(value, model, path, strict=strict)
            return
    if strict:
        yield Departure(path, "is not a variant that this version knows")


def _expect(value: Any, kind: type[Any], path: str) -> Iterator[Departure]:
    if value.__class__ is not kind:
        found = (
            "null"
            if value is None
            else _NAMES.get(value.__class__, f"a {value.__class__.__name__}")
        )
        yield Departure(path, f"must be {_NAMES.get(kind, kind.__name__)}, not {found}")


def _time(value: Any, kind: type[date], path: str) -> Iterator[Departure]:
    expected = "a date (YYYY-MM-DD)" if kind is date else "a time with a zone (RFC 3339)"
    try:
        parsed: Any = kind.fromisoformat(value)
    except (TypeError, ValueError):
        yield Departure(path, f"must be {expected}")
        return
    if parsed.isoformat() != value if kind is date else parsed.tzinfo is None:
        yield Departure(path, f"must be {expected}")


class _Models(dict[str, Any]):
    """Names of models, for evaluating annotations: each imported when it is asked for."""

    def __missing__(self, name: str) -> Any:
        if name in ("date", "datetime"):
            return {"date": date, "datetime": datetime}[name]
        try:
            return getattr(importlib.import_module("portone_async.models"), name)
        except AttributeError:
            raise KeyError(name) from None


def _model(name: str) -> Any:
    return getattr(importlib.import_module("portone_async.models"), name)


@cache
def slots(model: type[Model]) -> dict[str, _Slot]:
    """Each field of a model by its name on the wire."""
    hints = get_type_hints(model, localns=_Models())
    slots: dict[str, _Slot] = {}
    for name, wire in wire_names(model):
        hint = hints[name]
        members = get_args(hint)
        optional = types.NoneType in members
        if optional:
            hint = _without_none(members)
        slots[wire] = _Slot(hint, not optional)
    return slots


def _without_none(members: tuple[Any, ...]) -> Any:
    rest = tuple(member for member in members if member is not types.NoneType)
    return rest[0] if len(rest) == 1 else Union[rest]  # noqa: UP007  (built at run time)
