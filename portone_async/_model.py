"""What generated models are made of: the base class, unknown variants and unrecognized enum values."""

from __future__ import annotations

import datetime as dt
import keyword
import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NewType

from attrs import define, field, fields

Unrecognized = NewType("Unrecognized", str)
"""An enum value that this version of the SDK has no name for. A plain `str` at run time."""

# Models are printed into logs and tracebacks, so a repr shows what identifies and what counts (ids, enums,
# amounts, times) and leaves out every free text and everything about a person.
_PERSONAL = re.compile(
    r"birth|gender|age_|phone|email|foreigner|billing_key|account|address|customer_id|operator_id"
)


@define(slots=True, kw_only=True, repr=False)
class Model:
    """Base of every generated model.

    Attribute names are snake_case; `None` means that the field is absent. Fields that PortOne sends and this
    version does not know are in `additional_properties`, under their names on the wire, and are written back.
    """

    __wire__: ClassVar[dict[str, str]] = {}

    additional_properties: dict[str, Any] = field(factory=dict[str, Any])

    if not TYPE_CHECKING:  # it would allow any name

        def __getattr__(self, name: str) -> Any:
            # Nearly always there are none: a reply is read in less time, and with half as many objects for the
            # garbage collector to go through, if their dict is only made when somebody asks for it.
            if name != "additional_properties":
                raise AttributeError(f"{type(self).__name__} has no {name}")
            self.additional_properties = {}
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

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (precise, (self.wire,)) if self.wire is not None else super().__reduce_ex__(protocol)


def precise(wire: str) -> PreciseDatetime:
    """A time with all the digits that it came with."""
    value = PreciseDatetime.fromisoformat(wire)
    value.wire = wire
    return value


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
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def _printable(model: type[Model]) -> tuple[tuple[str, bool], ...]:
    """The attributes that a repr shows, and whether it shows a text there."""
    modules: dict[str, str] = sys.modules["portone_async.models"]._MODULES  # noqa: SLF001
    shown: list[tuple[str, bool]] = []
    for name, _ in wire_names(model):
        annotation = str(model.__annotations__.get(name, "")).removesuffix(" | None")
        identifies = name == "id" or name.endswith("_id")
        if not _PERSONAL.search(name) and (identifies or annotation != "str"):
            # A reply may hold a text where the document has none, and that may be anything.
            named = annotation.startswith("Literal[") or modules.get(annotation) == "enums"
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
