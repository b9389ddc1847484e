"""A cattrs converter for PortOne's models: keep responses in a database, a cache or a queue, and get them back.

`converter.unstructure(payment)` gives JSON values equal to what PortOne sent, and `converter.structure(data,
Payment)` reads them again; unions, open enums, unknown fields and unknown variants included.
"""

from __future__ import annotations

import types
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, overload

import cattrs

from portone_async._errors import InvalidArgumentError
from portone_async._model import Model, UnknownVariant, Unrecognized, UnrecognizedInteger
from portone_async._reading import read_date, read_datetime
from portone_async._registry import Reader, model_reader
from portone_async._times import real_class
from portone_async._writing import write

__all__ = ["ModelConverter", "converter", "install"]

T = TypeVar("T")
C = TypeVar("C", bound=cattrs.Converter)


class ModelConverter(cattrs.Converter):
    """A cattrs converter whose `structure` also accepts unions such as `Payment` when types are checked.

    For type checkers a union is not a `type[T]`, so the result is `Any`: annotate the variable.

        payment: Payment = converter.structure(data, Payment)
    """

    @overload
    def structure(self, obj: Any, cl: type[T]) -> T: ...

    @overload
    def structure(self, obj: Any, cl: types.UnionType) -> Any: ...

    def structure(self, obj: Any, cl: Any) -> Any:
        """Return an object of this class, or of a class of this union, from JSON values."""
        return super().structure(obj, cl)


def install(target: C) -> C:
    """Make a converter of yours read and write PortOne's models, also as fields of your own classes."""
    target.register_unstructure_hook_func(_is_ours, write)
    target.register_unstructure_hook_func(_is_union, write)
    target.register_structure_hook_func(_is_enum, lambda value, _: value)
    target.register_structure_hook_factory(_is_ours, _structure)
    target.register_structure_hook_factory(_is_union, _structure)
    return target


def _is_ours(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Model | UnknownVariant)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and UnknownVariant in get_args(kind)


def _is_enum(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and not {
        Unrecognized,
        UnrecognizedInteger,
    }.isdisjoint(get_args(kind))


def _structure(kind: Any) -> Any:
    read = _union_reader(get_args(kind)) if _is_union(kind) else _reader(kind)
    optional = types.NoneType in get_args(kind)

    def structure(value: Any, _: Any) -> Any:
        if value is None and optional:
            return None
        if not isinstance(value, dict):
            raise InvalidArgumentError(
                f"{kind!r} is read from a JSON object, not {type(value).__name__}"
            )
        # A subclass may invent the fields that are absent, as a `defaultdict` does.
        return read({**cast("dict[str, Any]", value)})

    return structure


def _reader(model: Any) -> Reader:
    if model is UnknownVariant:
        return lambda raw: UnknownVariant(tag=None, raw=raw)
    return model_reader(model.__name__)


def _union_reader(members: tuple[Any, ...]) -> Reader:
    from portone_async._validation import field_types  # noqa: PLC0415  (few programs use it)

    variants = [model for model in members if model not in (UnknownVariant, types.NoneType)]
    # The values by which each variant is told apart, by field; members of a union may have none.
    tags = [
        {
            name: get_args(f.hint)
            for name, f in field_types(model).items()
            if get_origin(f.hint) is Literal
        }
        for model in variants
    ]
    name = _discriminator([each for each in tags if each])
    readers = {
        value: _reader(model)
        for model, each in zip(variants, tags, strict=True)
        for value in each.get(name, ())
    }

    def read(raw: Any) -> Any:
        tag = raw.get(name)
        if not isinstance(tag, str):
            return UnknownVariant(tag=None, raw=raw)
        reader = readers.get(tag)
        return reader(raw) if reader else UnknownVariant(tag=tag, raw=raw)

    return read


def _discriminator(tags: list[dict[str, tuple[str, ...]]]) -> str:
    """The field that tells all variants of a union apart; a variant of several unions has several."""
    common = sorted(set[str].intersection(*map(set[str], tags))) if tags else list[str]()
    for name in common:
        values = [value for each in tags for value in each[name]]
        if len(values) == len(set(values)):
            return name
    return common[0] if common else ""


def _times(target: C) -> C:
    times, days = real_class(datetime), real_class(date)
    target.register_structure_hook(times, lambda value, _: read_datetime(value, "datetime"))
    target.register_structure_hook(days, lambda value, _: read_date(value, "date"))
    target.register_unstructure_hook(times, write)
    target.register_unstructure_hook(days, write)
    return target


converter: Final = install(_times(ModelConverter()))
