"""JSON into models, tolerantly: what generated `read` functions call where a response and the document differ.

PortOne adds fields, enum values and variants at any time, and drops required fields for new use cases. So reading
never raises because of a response's shape: what is missing reads `None`, what has another type stays as it came,
and each such mismatch is reported once in the log, by class and field, never by value.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, Union

from portone_async._model import Model, UnknownVariant, additional_properties, field_names
from portone_async._registry import Reader, model_class, model_reader
from portone_async._times import parse_date, parse_datetime

logger: Final = logging.getLogger("portone_async")

new_instance: Final = object.__new__
_reported: Final[set[tuple[str, str]]] = set()
_variants: Final[dict[Reader, Callable[[], list[Reader]]]] = {}


def json_names(model: type[Model]) -> frozenset[str]:
    """The JSON names of a model's fields."""
    return frozenset(json_name for _, json_name in field_names(model))


def unknown_fields(
    raw: dict[str, Any], known: frozenset[str], time_texts: tuple[Any, ...] = ()
) -> dict[str, Any]:
    """The fields of `raw` that the model does not know, for its `additional_properties`."""
    unknown = {key: value for key, value in raw.items() if key not in known}
    return additional_properties(unknown, time_texts)


def keep_nulls(model: Model, raw: dict[str, Any], names: tuple[str, ...]) -> None:
    """Keep which optional fields were null rather than absent, so that they are written back as they came."""
    for name in names:
        if name in raw and raw[name] is None:
            model.additional_properties[name] = None


def mismatch(value: Any, where: str, problem: str | None = None) -> Any:
    """Report that `where` (`Class.field`) does not hold what the document says; the value as it came."""
    problem = problem or ("missing" if value is None else f"a JSON {type(value).__name__}")
    if (where, problem) not in _reported:
        _reported.add((where, problem))
        logger.warning("JSON from PortOne does not match its document: %s is %s", where, problem)
    return value


def read_datetime(value: Any, where: str) -> Any:
    """An RFC 3339 time as an aware datetime."""
    if value.__class__ is not str:
        return mismatch(value, where)
    try:
        parsed = parse_datetime(value)
    except ValueError:
        return mismatch(value, where, "not a time")
    if parsed.tzinfo is None:
        return mismatch(value, where, "a time without a zone")
    return parsed


def read_date(value: Any, where: str) -> Any:
    """A `YYYY-MM-DD` date."""
    if value.__class__ is not str:
        return mismatch(value, where)
    try:
        parsed = parse_date(value)
    except ValueError:
        return mismatch(value, where, "not a date")
    if parsed.isoformat() != value:
        return mismatch(value, where, "not a date")
    return parsed


def read_scalars(values: list[Any], kind: type, where: str) -> list[Any]:
    """A list of strings, numbers or booleans, as it is."""
    for value in values:
        if value.__class__ is not kind and not (kind is float and value.__class__ is int):
            mismatch(value, where)
    return values


def read_list(values: list[Any], read: Reader, where: str) -> list[Any]:
    """A list of objects."""
    return [read(value) if value.__class__ is dict else mismatch(value, where) for value in values]


def read_map(values: dict[str, Any], read: Reader, where: str) -> dict[str, Any]:
    """An object of objects under keys of the merchant's choice."""
    return {
        key: read(value) if value.__class__ is dict else mismatch(value, where)
        for key, value in values.items()
    }


def read_scalar_map(values: dict[str, Any], kind: type, where: str) -> dict[str, Any]:
    """An object of scalars under keys of the merchant's choice."""
    read_scalars(list(values.values()), kind, where)
    return values


def variant_reader(discriminator: str, variants: dict[str, str], union: str) -> Reader:
    """A union's reader: it finds the variant by the discriminator's value, and imports it when it is first met."""
    readers: dict[str, Reader] = {}

    def load(value: str) -> Reader:
        readers[value] = model_reader(variants[value])
        return readers[value]

    def read(raw: Any) -> Any:
        tag = raw.get(discriminator)
        if tag.__class__ is str:
            reader = readers.get(tag)
            if reader is not None:
                return reader(raw)
            if tag in variants:
                return load(tag)(raw)
            return UnknownVariant(tag=tag, raw=raw)
        mismatch(tag, f"{union}.{discriminator}")
        return UnknownVariant(tag=None, raw=raw)

    _variants[read] = lambda: [load(value) for value in variants]
    return read


def load_variants(read: Reader) -> list[Reader]:
    """Import the variants of a union, and return their readers; there are none if `read` is not a union's."""
    return _variants[read]() if read in _variants else []


def union_alias(name: str, variants: tuple[str, ...]) -> Callable[[str], Any]:
    """A module's `__getattr__` that builds the union type `name` when somebody needs it at run time."""

    def __getattr__(asked: str) -> Any:  # noqa: N807  (this is what the module calls it)
        if asked != name:
            raise AttributeError(asked)
        return Union[(*(model_class(variant) for variant in variants), UnknownVariant)]

    return __getattr__
