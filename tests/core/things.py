"""Models of kinds that PortOne may publish and has not yet, as the generator writes them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Final, Literal

from attrs import define

from portone_async._model import Model, UnrecognizedInteger
from portone_async._reading import (
    json_names,
    keep_nulls,
    mismatch,
    new_instance,
    unknown_fields,
)


@define(slots=True, kw_only=True, repr=False)
class Thing(Model):
    """A response and a body with nulls and an enum of integers."""

    __nullable_fields__: ClassVar[tuple[str, ...]] = ("must", "some_note")

    must: str | None
    level: Literal[1, 2] | UnrecognizedInteger | None = None
    some_note: str | None = None


_JSON_NAMES = json_names(Thing)


def read_thing(raw: Any) -> Thing:
    """Read `Thing` from JSON."""
    self = new_instance(Thing)
    get = raw.get
    self.must = v if (v := get("must")) is None or v.__class__ is str else mismatch(v, "Thing.must")
    self.level = (
        v if (v := get("level")) is None or v.__class__ is int else mismatch(v, "Thing.level")
    )
    self.some_note = (
        v if (v := get("someNote")) is None or v.__class__ is str else mismatch(v, "Thing.someNote")
    )
    if not _JSON_NAMES.issuperset(raw):
        self.additional_properties = unknown_fields(raw, _JSON_NAMES)
    keep_nulls(self, raw, ("someNote",))
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
