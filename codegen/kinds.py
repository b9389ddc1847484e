"""The types of values: through openapi-python-client, and from the facts where it loses something."""

from __future__ import annotations

from typing import Any, Literal

from attrs import define, evolve

from codegen.document import CodegenError, Json, schema_name, unsupported
from codegen.model import Type
from codegen.parser import Parsed, properties, without_null
from codegen.schemas import is_map


@define(frozen=True)
class Kinds:
    """Reads types."""

    facts: Json
    parsed: Parsed

    def of(self, name: str) -> Literal["object", "enum", "union", "map", "alias"]:
        """What a component is."""
        facts = self.facts[name]
        if "oneOf" in facts:
            return "union"
        if "enum" in facts:
            return "enum"
        if facts.get("type") == "object":
            return "map" if is_map(facts) else "object"
        return "alias"

    def type(self, facts: Json, prop: Any, where: str) -> Type:
        """The type of a schema, whose property the parser made."""
        facts, nullable = without_null(facts)
        if "$ref" in facts:
            name = schema_name(facts["$ref"])
            if (
                hasattr(prop, "class_info")
                and self.parsed.classes.get(str(prop.class_info.name)) != name
            ):
                raise CodegenError(f"{where}: {name} lost by the parser")
            return Type(self.of(name), name, nullable=nullable)
        match prop:
            case properties.StringProperty():
                is_file = facts.get("format") == "binary"
                return Type("file" if is_file else "str", nullable=nullable)
            case properties.IntProperty():
                return Type("int", nullable=nullable)
            case properties.FloatProperty():
                return Type("float", nullable=nullable)
            case properties.BooleanProperty():
                return Type("bool", nullable=nullable)
            case properties.DateTimeProperty():
                return Type("datetime", nullable=nullable)
            case properties.DateProperty():
                return Type("date", nullable=nullable)
            case properties.ListProperty():
                item = self.type(facts["items"], prop.inner_property, f"{where}[]")
                return Type("list", item=item, nullable=nullable)
            case properties.ModelProperty() if is_map(facts):
                item = self.type(
                    facts["additionalProperties"], prop.additional_properties, f"{where}.*"
                )
                return Type("dict", item=item, nullable=nullable)
            case properties.ModelProperty():
                return Type("json", nullable=nullable)
            case properties.AnyProperty():
                return Type("any", nullable=True)
            case _:
                raise unsupported(where, type(prop).__name__, "add it to codegen/kinds.py")

    def plain(self, kind: Type, inside: frozenset[str] = frozenset()) -> Type:
        """A type without aliases: what they are other names of, also in a list."""
        if kind.kind == "alias" and kind.name not in inside:
            held = self.type(self.facts[kind.name], self.parsed.components[kind.name], kind.name)
            held = evolve(held, nullable=held.nullable or kind.nullable)
            return self.plain(held, inside | {kind.name})
        if kind.kind == "list" and kind.item:
            return evolve(kind, item=self.plain(kind.item, inside))
        return kind


def without_files(kind: Type) -> Type:
    """A type of JSON, which has no bytes."""
    if kind.item:
        return evolve(kind, item=without_files(kind.item))
    return evolve(kind, kind="str") if kind.kind == "file" else kind
