"""JSON into models, tolerantly: what generated `read` functions call where a response and the document differ.

PortOne adds fields, enum values and variants at any time, and drops required fields for new use cases. So reading
never raises because of a response's shape: what is missing reads `None`, what has another type stays as it came,
and each such mismatch is reported once in the log, by class and field, never by value.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter
from types import NoneType
from typing import Any, Final, TypeAlias, Union

from attrs import fields

from portone_async._model import Model, UnknownVariant, additional_properties, field_names
from portone_async._registry import Reader, model_class, model_reader
from portone_async._times import parse_date, parse_datetime

logger: Final = logging.getLogger("portone_async")

FieldGetter: TypeAlias = Callable[[Model, dict[str, Any]], tuple[Any, ...]]
_ValueGetter: TypeAlias = Callable[[dict[str, Any]], tuple[Any, ...]]

new_instance: Final = object.__new__
untyped_values: Final = itertools.count()
"""Counts the values that were read and may be floats, or hold some: see `_decoding`."""
_SCALARS: Final = {"str": str, "int": int, "bool": bool}
_NONE: Final = (None,)
_BEYOND_64_BITS: Final = 2**63
_reported: Final[set[tuple[str, str]]] = set()
_variants: Final[dict[Reader, Callable[[], list[Reader]]]] = {}


def field_getter(model: type[Model]) -> FieldGetter:
    """Return a function that takes the values of a model's fields out of a JSON object, and keeps unknown fields.

    The values are in the order of `field_names`, `None` for fields that are absent.

    Objects of a model nearly always have the same fields as one that was read before. So the first layout of each
    size is remembered, with what takes its values in one call: `n` fields that are all there are the only ones of an
    object of that size.
    """
    by_attribute = dict(field_names(model))
    times = [by_attribute[name] for name in model.__time_fields__]
    absent = dict.fromkeys(by_attribute.values())
    layouts: dict[int, _ValueGetter] = {}

    def get_fields(self: Model, raw: dict[str, Any]) -> tuple[Any, ...]:
        try:
            return layouts[len(raw)](raw)
        except KeyError:
            return get_other_layout(self, raw)

    def get_other_layout(self: Model, raw: dict[str, Any]) -> tuple[Any, ...]:
        found = absent | raw
        if len(found) > len(absent):
            unknown = {name: found.pop(name) for name in raw if name not in absent}
            texts = tuple(map(found.get, times))
            self.additional_properties = additional_properties(untyped(unknown), texts)
        elif len(raw) > 1 and len(raw) not in layouts:
            layouts[len(raw)] = _value_getter(raw, absent)
        return tuple(found.values())

    return get_fields


def _value_getter(raw: dict[str, Any], names: Iterable[str]) -> _ValueGetter:
    """What takes the values of `names` out of objects with the fields of `raw`; `KeyError` for others.

    It asks for the very strings that are the keys of `raw`. orjson gives the same ones again, which are found faster
    than equal ones.
    """
    keys = {key: key for key in raw}
    present = [keys[name] for name in names if name in keys]
    take = itemgetter(*present)
    positions = [present.index(name) if name in keys else -1 for name in names]
    if -1 not in positions:
        return take
    arrange = itemgetter(*positions)
    return lambda fields: arrange(take(fields) + _NONE)


def keep_nulls(model: Model, raw: dict[str, Any], names: tuple[str, ...]) -> None:
    """Keep which optional fields were null rather than absent, so that they are written back as they came."""
    for name in names:
        if name in raw and raw[name] is None:
            model.additional_properties[name] = None


def untyped(value: Any) -> Any:
    """Return the value, after counting it as one that may be a float, or hold some."""
    next(untyped_values)
    return value


def mismatch(value: Any, where: str, problem: str | None = None) -> Any:
    """Report that `where` (`Class.field`) does not hold what the document says; the value as it came."""
    problem = problem or _problem(value)
    if (where, problem) not in _reported:
        _reported.add((where, problem))
        logger.warning("JSON from PortOne does not match its document: %s is %s", where, problem)
    return untyped(value)


def _problem(value: Any) -> str:
    if value is None:
        return "missing"
    if value.__class__ in (int, float) and abs(value) >= _BEYOND_64_BITS:
        return "a number beyond 64 bits"
    return f"a JSON {type(value).__name__}"


def report_scalars(model: Model) -> None:
    """Report which scalars of a model do not hold what the document says."""
    for name, where, classes in _scalars(type(model)):
        value = getattr(model, name)
        if value.__class__ not in classes:
            mismatch(value, where)


@cache
def _scalars(model: type[Model]) -> list[tuple[str, str, tuple[type, ...]]]:
    """The attribute of each scalar of a model, its name in reports, and the classes that its value may have."""
    scalars: list[tuple[str, str, tuple[type, ...]]] = []
    for name, json_name in field_names(model):
        attribute = getattr(fields(model), name)
        annotation = str(attribute.type).removesuffix(" | None")
        if name in model.__integer_fields__:
            kind = int
        elif name in model.__enum_fields__ or annotation.startswith("Literal["):
            kind = str
        else:
            kind = _SCALARS.get(annotation)
        if kind is not None:
            may_be_none = attribute.default is None or name in model.__nullable_fields__
            classes = (kind, NoneType) if may_be_none else (kind,)
            scalars.append((name, f"{model.__name__}.{json_name}", classes))
    return scalars


def read_datetime(value: Any, where: str) -> Any:
    """An RFC 3339 time as an aware datetime."""
    try:
        parsed = parse_datetime(value)
    except TypeError:
        return mismatch(value, where)
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
    """A list of strings, integers or booleans, as it is."""
    for value in values:
        if value.__class__ is not kind:
            mismatch(value, where)
    return values


def read_list(values: list[Any], read: Reader, where: str) -> list[Any]:
    """A list of objects."""
    objects: list[Any] = []
    for value in values:  # for the few items of most lists, faster than a comprehension
        objects.append(read(value) if value.__class__ is dict else mismatch(value, where))  # noqa: PERF401
    return objects


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
        try:
            reader = readers[raw[discriminator]]
        except (KeyError, TypeError):
            return read_another(raw)
        return reader(raw)

    def read_another(raw: Any) -> Any:
        """Read the first of a variant, or an unknown one."""
        tag = raw.get(discriminator)
        if tag.__class__ is not str:
            mismatch(tag, f"{union}.{discriminator}")
            return UnknownVariant(tag=None, raw=untyped(raw))
        return load(tag)(raw) if tag in variants else UnknownVariant(tag=tag, raw=untyped(raw))

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
