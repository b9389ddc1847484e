"""What generated models are made of: the base class, unknown variants and unrecognized enum values."""

from __future__ import annotations

import datetime as dt
import keyword
import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NewType

from attrs import NOTHING, define, field, fields

Unrecognized = NewType("Unrecognized", str)
"""An enum value that this version of the SDK has no name for. A plain `str` at run time."""

UnrecognizedInteger = NewType("UnrecognizedInteger", int)
"""An integer of an enum that this version of the SDK has no name for. A plain `int` at run time."""

# Models are printed into logs and tracebacks, so a repr shows ids, enums, amounts and times, and hides every
# free text and everything about a person.
_PERSONAL = re.compile(
    r"birth|gender|age_|phone|email|foreigner|billing_key|account|address|customer_id|operator_id"
)


class _TimeTexts:
    """A place for the texts of a model's times that is no field: not in `__init__`, `==`, repr or `asdict`."""

    __slots__ = ("__time_texts__",)

    __time_texts__: tuple[Any, ...]
    """What the fields in `__time_fields__` were read from. Not set unless there are any."""


class _AdditionalProperties(dict[str, Any]):
    """The unknown fields of a model, and the texts of its times.

    Whatever copies a model copies its fields and knows nothing of `__time_texts__`: `pickle`, `copy`,
    `attrs.evolve`. So the texts travel with this field.
    """

    time_texts: tuple[Any, ...] = ()


@define(slots=True, kw_only=True, repr=False)
class Model(_TimeTexts):
    """Base of every generated model.

    Attribute names are snake_case; `None` means that the field is absent.

    Attributes:
        additional_properties: Fields that PortOne sends and this version does not know, by their JSON names. They
            are written back.
    """

    __json_names__: ClassVar[dict[str, str]] = {}
    """JSON names that are not simply the camel case of the attribute."""
    __enum_fields__: ClassVar[tuple[str, ...]] = ()
    __integer_fields__: ClassVar[tuple[str, ...]] = ()
    """Those of `__enum_fields__` whose values are integers."""
    __time_fields__: ClassVar[tuple[str, ...]] = ()
    __nullable_fields__: ClassVar[tuple[str, ...]] = ()
    """Fields that may be null. Where such a field is required, `None` is null; elsewhere `None` means absent, and a
    null is in `additional_properties`."""
    __other_fields__: ClassVar[dict[str, Any]]
    """Only a type: that of `additional_properties`, where the document states one."""

    additional_properties: dict[str, Any] = field(factory=dict[str, Any])

    if not TYPE_CHECKING:  # it would allow any name

        def __getattr__(self, name: str) -> Any:
            # Nearly always there are none. Not making their dict until it is asked for makes reading faster, and
            # leaves half as many objects to the garbage collector.
            if name == "__time_texts__":
                return ()
            if name != "additional_properties":
                raise AttributeError(f"{type(self).__name__} has no {name}")
            self.additional_properties = additional_properties({}, self.__time_texts__)
            return self.additional_properties

    def __repr__(self) -> str:
        shown = (
            f"{name}={_shown(getattr(self, name), texts=texts)}"
            for name, texts in _printable(type(self))
            if getattr(self, name) is not None
        )
        return f"{type(self).__name__}({', '.join(shown)})"


@define(slots=True, frozen=True, repr=False)
class UnknownVariant:
    """A variant of a union that PortOne added after this version of the SDK was generated.

    Attributes:
        tag: The discriminator's value in the JSON; `None` if it is missing or not a string.
        raw: The whole object as it was received.
    """

    tag: str | None
    raw: dict[str, Any]

    def __repr__(self) -> str:
        return f"UnknownVariant(tag={self.tag!r})"


@cache
def field_names(model: type[Model]) -> tuple[tuple[str, str], ...]:
    """Each field of a model as (attribute, JSON name)."""
    return tuple(
        (attribute.name, model.__json_names__.get(attribute.name) or camel_case(attribute.name))
        for attribute in fields(model)
        if attribute.name != "additional_properties"
    )


@cache
def null_fields(model: type[Model]) -> frozenset[str]:
    """The attributes of a model whose `None` is null rather than absent."""
    required = {attribute.name for attribute in fields(model) if attribute.default is NOTHING}
    return frozenset(required).intersection(model.__nullable_fields__)


def additional_properties(
    unknown: dict[str, Any], time_texts: tuple[Any, ...] = ()
) -> dict[str, Any]:
    """The unknown fields of a model that was read, and the texts of its times where it has any."""
    if not time_texts:
        return unknown
    properties = _AdditionalProperties(unknown)
    properties.time_texts = time_texts
    return properties


def time_texts(model: Model) -> dict[str, Any]:
    """What each time of a model was read from, by attribute; the attribute may have changed since."""
    texts = model.__time_texts__ or getattr(model.additional_properties, "time_texts", ())
    return dict(zip(model.__time_fields__, texts, strict=False))


def argument_name(json_name: str) -> str:
    """How the JSON name of a field or parameter is spelt in Python, for messages."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", json_name).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def camel_case(name: str) -> str:
    """The JSON name of an attribute, unless the model has another one in `__json_names__`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def _printable(model: type[Model]) -> tuple[tuple[str, bool], ...]:
    """The attributes that a repr shows, and whether it shows a text there."""
    shown: list[tuple[str, bool]] = []
    for attribute in fields(model):
        name, annotation = attribute.name, str(attribute.type).removesuffix(" | None")
        identifies = name == "id" or name.endswith("_id")
        if name == "additional_properties" or _PERSONAL.search(name):
            continue
        if identifies or annotation != "str":
            # A response may hold a text where the document has none, and that may be anything.
            named = annotation.startswith("Literal[") or name in model.__enum_fields__
            shown.append((name, identifies or named))
    return tuple(shown)


def _shown(value: Any, *, texts: bool) -> str:
    if isinstance(value, str) and not texts:
        return "<str>"
    if isinstance(value, list):
        return f"[{len(value)}]"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        return f"{{{len(value)}}}"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dt.date):
        return value.isoformat()
    return repr(value)
