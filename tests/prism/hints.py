"""Values made from type hints alone, and values held to them: operations of tomorrow need no line here."""

from __future__ import annotations

import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs

from portone_async import Model, RequestOptions, UnknownVariant, Unrecognized, models
from portone_async._caller import Caller
from portone_async.models import enums

Function = Callable[..., Any]

# Generated modules import these for type checkers only, so evaluating their annotations needs them from here.
_NAMES: dict[str, Any] = {
    **vars(enums),
    **{name: getattr(models, name) for name in models.__all__},
    **{kind.__name__: kind for kind in (date, datetime, Path, PathLike, Caller, RequestOptions)},
    "Any": Any,
}
_UNIONS = (Union, types.UnionType)
# What a union names for replies of the future; there is nothing to send for it.
_OPEN = (types.NoneType, UnknownVariant, Unrecognized)


@cache
def hints(thing: Any) -> dict[str, Any]:
    """The evaluated annotations of a function or a model."""
    return get_type_hints(thing, localns=_NAMES)


def operations(client: object) -> Iterator[Function]:
    """Every generated function of a client, async or blocking, bound, by walking the namespaces."""
    for name, member in inspect.getmembers_static(type(client)):
        if isinstance(member, cached_property):
            yield from operations(getattr(client, name))
        elif (
            callable(member)
            and inspect.iscoroutinefunction(inspect.unwrap(member))
            and member.__module__.startswith("portone_async.api.")
        ):
            yield getattr(client, name)


@attrs.define
class Arguments:
    """Arguments for any operation: `everything`, or only what is required.

    Unions, enums and booleans take their next member each time they are met.
    """

    folder: Path
    everything: bool
    _met: Counter[Any] = attrs.field(factory=Counter)

    def of(self, function: Function) -> dict[str, Any]:
        """Arguments for a call of `function`, without `options`."""
        return {
            name: self.value(hints(function)[name])
            for name, parameter in inspect.signature(function).parameters.items()
            if name != "options"
            and (self.everything or parameter.default is inspect.Parameter.empty)
        }

    def value(self, hint: Any) -> Any:
        """A value of a type."""
        origin, members = get_origin(hint), get_args(hint)
        if PathLike[str] in members:
            return self.folder / f"{self._next(PathLike)}.csv"
        if origin in _UNIONS:
            return self.value(self._choose([m for m in members if m not in _OPEN]))
        if origin is Literal:
            return self._choose(members)
        if origin is list:
            return [self.value(members[0]), self.value(members[0])]
        if origin is dict:
            return {"a key": self.value(members[1])}
        if isinstance(hint, type) and issubclass(hint, Model):
            return self._model(hint)
        if hint is Any:
            return "anything"
        return self._choose(_SCALARS[hint])

    def _model(self, model: type[Model]) -> Model:
        return model(
            **{
                field.name: self.value(hints(model)[field.name])
                for field in attrs.fields(model)
                if field.name != "additional_properties"
                and (self.everything or field.default is attrs.NOTHING)
            }
        )

    def _choose(self, choices: Sequence[Any]) -> Any:
        return choices[self._next(tuple(choices)) % len(choices)]

    def _next(self, key: Any) -> int:
        self._met[key] += 1
        return self._met[key] - 1


_SCALARS: dict[Any, Sequence[Any]] = {
    # A path, a query and JSON each have their own rules for these.
    str: ["plain", "a/b?c=d&e#f%20+", '결제 "1"\\'],
    int: [0, 1000, 2**31 - 1],
    bool: [True, False],
    date: [date(2024, 2, 29)],
    datetime: [
        datetime(2024, 2, 29, 15, 0, tzinfo=UTC),
        datetime(2024, 2, 29, 15, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9))),
    ],
}


def mismatch(value: Any, hint: Any, path: str = "reply") -> str | None:
    """The first place where a value is not of its declared type."""
    origin, members = get_origin(hint), get_args(hint)
    if hint is Any:
        return None
    if origin in _UNIONS:
        # Members are told apart by class; what is only there for the future is not expected here.
        fitting = [m for m in members if m not in _OPEN[1:] and isinstance(value, _class(m))]
        return mismatch(value, fitting[0], path) if fitting else f"{path} is {type(value).__name__}"
    if origin is Literal:
        return None if value in members else f"{path} is none of its values"
    # A bool is an int to Python, and a datetime a date.
    wider = (isinstance(value, bool) and hint is int) or (
        isinstance(value, datetime) and hint is date
    )
    if wider or not isinstance(value, origin or hint):
        return f"{path} is {type(value).__name__}, not {hint}"
    if isinstance(value, Model) and value.additional_properties:
        return f"{path} has fields left over"
    fields = hints(type(value)) if isinstance(value, Model) else {}
    found = (mismatch(v, fields.get(k) or members[-1], f"{path}.{k}") for k, v in _children(value))
    return next(filter(None, found), None)


def _class(hint: Any) -> type:
    origin = get_origin(hint)
    return str if origin is Literal else origin or hint


def _children(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Model):
        return [(f.name, getattr(value, f.name)) for f in attrs.fields(type(value))]
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).items())
    return (
        [(str(i), v) for i, v in enumerate(cast("list[Any]", value))]
        if isinstance(value, list)
        else []
    )


def models_of(hint: Any) -> set[type[Model]]:
    """Every model that a type can hold, however deep."""
    found: set[type[Model]] = set()
    open_hints = [hint]
    while open_hints:
        hint = open_hints.pop()
        open_hints += [] if get_origin(hint) is Literal else get_args(hint)
        if isinstance(hint, type) and issubclass(hint, Model) and hint not in found:
            found.add(hint)
            open_hints += hints(hint).values()
    return found


def models_in(value: Any) -> Iterator[type[Model]]:
    """The class of every model in a value, however deep."""
    if isinstance(value, Model):
        yield type(value)
    for _, child in _children(value):
        yield from models_in(child)
