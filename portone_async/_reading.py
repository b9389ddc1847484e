"""JSON into models, tolerantly: what generated `read` functions call where the wire and the document differ.

PortOne adds fields, enum values and variants at any time, and drops required fields for new use cases. So a
reply never raises because of its shape: what is missing reads `None`, what has another type stays as it came,
and each such place is noted once in the log, by class and field, never by value.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, Union

from portone_async._model import Model, UnknownVariant, precise, wire_names

logger: Final = logging.getLogger("portone_async")

Reader = Callable[[Any], Any]
new: Final = object.__new__
_MICROSECONDS: Final = len("2024-01-01T00:00:00.123456Z")
_noted: Final[set[tuple[str, str]]] = set()
_variants: Final[dict[Reader, Callable[[], list[Reader]]]] = {}


def known(model: type[Model]) -> frozenset[str]:
    """The names on the wire of a model's fields."""
    return frozenset(wire for _, wire in wire_names(model))


def extra(raw: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The fields of `raw` that the model does not know."""
    return {key: value for key, value in raw.items() if key not in names}


def odd(value: Any, where: str, found: str | None = None) -> Any:
    """Note that `where` (`Class.field`) does not hold what the document says; the value as it came."""
    found = found or ("missing" if value is None else f"a JSON {type(value).__name__}")
    if (where, found) not in _noted:
        _noted.add((where, found))
        logger.warning("PortOne's reply departs from its document: %s is %s", where, found)
    return value


def read_datetime(value: Any, where: str) -> Any:
    """An RFC 3339 time as an aware datetime."""
    if value.__class__ is not str:
        return odd(value, where)
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return odd(value, where, "no time")
    if parsed.tzinfo is None:
        return odd(value, where, "a time without a zone")
    return _precise(value, parsed) if len(value) > _MICROSECONDS else parsed


def _precise(text: str, parsed: datetime) -> datetime:
    digits = 0
    for character in text.partition(".")[2]:
        if not character.isdigit():
            break
        digits += 1
    if digits <= 6:  # noqa: PLR2004  (microseconds)
        return parsed
    return precise(text)


def read_date(value: Any, where: str) -> Any:
    """A `YYYY-MM-DD` date."""
    if value.__class__ is not str:
        return odd(value, where)
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        return odd(value, where, "no date")
    return parsed if parsed.isoformat() == value else odd(value, where, "no date")


def read_scalars(values: list[Any], kind: type, where: str) -> list[Any]:
    """A list of strings, integers or booleans, as it is."""
    for value in values:
        if value.__class__ is not kind:
            odd(value, where)
    return values


def read_list(values: list[Any], read: Reader, where: str) -> list[Any]:
    """A list of objects."""
    return [read(value) if value.__class__ is dict else odd(value, where) for value in values]


def read_map(values: dict[str, Any], read: Reader, where: str) -> dict[str, Any]:
    """An object of objects under keys of the merchant's choice."""
    return {
        key: read(value) if value.__class__ is dict else odd(value, where)
        for key, value in values.items()
    }


def read_scalar_map(values: dict[str, Any], kind: type, where: str) -> dict[str, Any]:
    """An object of scalars under keys of the merchant's choice."""
    read_scalars(list(values.values()), kind, where)
    return values


def variant_reader(tag: str, modules: dict[str, str], union: str) -> Reader:
    """A union's reader: dispatch on the tag, import a variant's module when it is first met."""
    readers: dict[str, Reader] = {}

    def load(value: str) -> Reader:
        readers[value] = importlib.import_module(f"portone_async.models.{modules[value]}").read
        return readers[value]

    def read(raw: Any) -> Any:
        value = raw.get(tag)
        if value.__class__ is str:
            reader = readers.get(value)
            if reader is not None:
                return reader(raw)
            if value in modules:
                return load(value)(raw)
            return UnknownVariant(tag=value, raw=raw)
        odd(value, f"{union}.{tag}")
        return UnknownVariant(tag=None, raw=raw)

    _variants[read] = lambda: [load(value) for value in modules]
    return read


def load_variants(read: Reader) -> list[Reader]:
    """Import the variants of a union, and return their readers; there are none if `read` is not a union's."""
    return _variants[read]() if read in _variants else []


def union_alias(name: str, variants: dict[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` that builds the union type `name` when somebody needs it at run time."""

    def __getattr__(asked: str) -> Any:  # noqa: N807  (this is what the module calls it)
        if asked != name:
            raise AttributeError(asked)
        types = [
            getattr(importlib.import_module(f"portone_async.models.{m}"), c)
            for c, m in variants.items()
        ]
        return Union[(*types, UnknownVariant)]

    return __getattr__
