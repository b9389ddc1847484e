"""Models of kinds that PortOne may publish and has not yet, as the generator writes them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Final, Literal

from attrs import define

from portone_async._model import Model, UnrecognizedInteger
from portone_async._reading import field_getter, keep_nulls, new_instance, report_scalars


@define(slots=True, kw_only=True, repr=False)
class Thing(Model):
    """A response and a body with nulls and an enum of integers."""

    __enum_fields__: ClassVar[tuple[str, ...]] = ("level",)
    __integer_fields__: ClassVar[tuple[str, ...]] = ("level",)
    __nullable_fields__: ClassVar[tuple[str, ...]] = ("must", "some_note")

    must: str | None
    level: Literal[1, 2] | UnrecognizedInteger | None = None
    some_note: str | None = None


_get_fields = field_getter(Thing)


def read_thing(raw: Any) -> Thing:
    """Read `Thing` from JSON."""
    self = new_instance(Thing)
    must, level, some_note = _get_fields(self, raw)
    self.must = must
    self.level = level
    self.some_note = some_note
    keep_nulls(self, raw, ("someNote",))
    if (
        (must is not None and must.__class__ is not str)
        or (level is not None and level.__class__ is not int)
        or (some_note is not None and some_note.__class__ is not str)
    ):
        report_scalars(self)
    return self


@define(slots=True, kw_only=True, repr=False)
class Form(Model):
    """A body of a form, with files."""

    name: str
    file: bytes | None = None
    files: list[bytes] | None = None
    thing: Thing | None = None
    whatever: Any = None


@define(slots=True, kw_only=True, repr=False)
class Small(Model):
    """A variant of two unions, which has a tag for each."""

    group: Literal["SIZE"] = "SIZE"
    kind: Literal["SMALL"] = "SMALL"


@define(slots=True, kw_only=True, repr=False)
class Large(Model):
    """Another variant of both unions."""

    group: Literal["SIZE"] = "SIZE"
    kind: Literal["LARGE"] = "LARGE"


@define(slots=True, kw_only=True, repr=False)
class Medium(Model):
    """A variant that one union knows under the name of `Small`, and another one under its own."""

    kind: Literal["SMALL", "MEDIUM"] = "MEDIUM"


@define(slots=True, kw_only=True, repr=False)
class Untagged(Model):
    """A member of a union that nothing tells apart."""

    note: str | None = None


@define(slots=True, kw_only=True, repr=False)
class Counted(Model):
    """An object whose document states the type of all other fields."""

    __other_fields__: ClassVar[dict[str, int]]

    name: str


Things = list[Thing]

MODULES: Final[Mapping[str, Any]] = {
    "Form": SimpleNamespace(Form=Form),
    "Large": SimpleNamespace(Large=Large, read=lambda raw: Large(additional_properties=raw)),
    "Medium": SimpleNamespace(Medium=Medium, read=lambda raw: Medium(additional_properties=raw)),
    "Small": SimpleNamespace(Small=Small, read=lambda raw: Small(additional_properties=raw)),
    "Thing": SimpleNamespace(Thing=Thing, read=read_thing),
    "Things": SimpleNamespace(Things=Things),
    "Untagged": SimpleNamespace(Untagged=Untagged, read=lambda raw: Untagged(note=raw.get("note"))),
}
"""What stands in for the generated modules, by the names in them."""
