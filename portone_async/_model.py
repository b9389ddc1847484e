"""What generated models are made of: the base class, unknown variants and unrecognized enum values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, NewType

from attrs import define, field, fields

Unrecognized = NewType("Unrecognized", str)
"""An enum value that this version of the SDK has no name for. A plain `str` at run time."""

# Models are printed into logs and tracebacks, so a repr shows what identifies and what counts (ids, enums,
# amounts, times) and leaves out every free text and everything about a person.
_PERSONAL = re.compile(
    r"birth|gender|age_|phone|email|foreigner|billing_key|account|address|customer_id|operator_id"
)
_FREE_TEXT = frozenset({"str", "str | None"})


@define(slots=True, kw_only=True, repr=False)
class Model:
    """Base of every generated model.

    Attribute names are snake_case; `None` means that the field is absent. Fields that PortOne sends and this
    version does not know are in `additional_properties`, under their names on the wire, and are written back.
    """

    __wire__: ClassVar[dict[str, str]] = {}

    additional_properties: dict[str, Any] = field(factory=dict[str, Any])

    def __repr__(self) -> str:
        shown = (
            f"{name}={_shown(getattr(self, name))}"
            for name in _printable(type(self))
            if getattr(self, name) is not None
        )
        return f"{type(self).__name__}({', '.join(shown)})"


@define(slots=True, frozen=True, repr=False)
class UnknownVariant:
    """A variant of a union that PortOne added after this version of the SDK was generated.

    `tag` is the discriminator's value on the wire (`None` if it is missing or no string), `raw` the whole
    object as it came.
    """

    tag: str | None
    raw: dict[str, Any]

    def __repr__(self) -> str:
        return f"UnknownVariant(tag={self.tag!r})"


class PreciseDatetime(dt.datetime):
    """A time that came with more digits than a `datetime` holds: `wire` keeps them for writing back."""

    wire: str | None = None


@cache
def wire_names(model: type[Model]) -> tuple[tuple[str, str], ...]:
    """Each field of a model as (attribute, name on the wire)."""
    return tuple(
        (attribute.name, model.__wire__.get(attribute.name) or _camel(attribute.name))
        for attribute in fields(model)
        if attribute.name != "additional_properties"
    )


def argument_name(wire: str) -> str:
    """How a field's or parameter's name on the wire is spelt in Python, for messages."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def _printable(model: type[Model]) -> tuple[str, ...]:
    return tuple(_printable_names(model))


def _printable_names(model: type[Model]) -> Iterator[str]:
    for name, _ in wire_names(model):
        annotation = str(model.__annotations__.get(name, ""))
        identifies = name == "id" or name.endswith("_id")
        if not _PERSONAL.search(name) and (identifies or annotation not in _FREE_TEXT):
            yield name


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)}]"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        return f"{{{len(value)}}}"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dt.date):
        return value.isoformat()
    return repr(value)
