"""The schemas of a published document in their canonical form, which the rest of the generator reads.

Every schema becomes one of these, with formats, limits, `deprecated` and the like beside it:

- `{"$ref": …}` to a component; `deprecated`, `readOnly` and so on may stand beside it;
- `{"type": "string" | "integer" | "number" | "boolean"}`, or `{"type": "array", "items": …}`;
- `{"type": "object"}` for free JSON, and `{"type": "object", "additionalProperties": …}` for a map, or beside
  `properties` for all other fields;
- `{"type": [kind, "null"]}` or `{"anyOf": [{"$ref": …}, {"type": "null"}]}` if it may be null;
- `{}`, a list of types, or any other `anyOf`: any JSON;
- components only: `properties` and `required`; `enum` of strings or of integers; `oneOf` with a `discriminator` whose
  mapping names every tag. A tag is a `const` of its variant, or an `enum` where it is known by several.

Objects, enums and unions that the document has inline get a name: `Thing.size` becomes `ThingSize`.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

from attrs import define, field

from codegen import keywords
from codegen.document import SCHEMA_PREFIX, CodegenError, Json, schema_name, schema_ref, unsupported
from codegen.keywords import CONSTRAINTS, DISCRIMINATOR, JSON_TYPES, SCHEMA
from codegen.report import Report

NULL: Final[Json] = {"type": "null"}
ANY_UNION: Final = "read as plain JSON: a union that no field tells apart"
_BESIDE_REF: Final = frozenset(
    {"deprecated", "readOnly", "writeOnly", "nullable", "default", *CONSTRAINTS}
)
_SHAPE: Final = frozenset(
    {"$ref", "type", "properties", "required", "items", "enum", "const", "oneOf", "anyOf", "allOf", "additionalProperties"}
)  # fmt: skip
"""The keywords that say what a value is."""


@define
class Schemas:
    """Brings schemas into their canonical form, and collects the components that they refer to."""

    source: Json
    report: Report
    siblings_count: bool
    """Whether a `$ref` may have keywords beside it that say more: since OpenAPI 3.1."""
    components: Json = field(factory=dict[str, Any])
    dangling: dict[str, list[str]] = field(factory=dict[str, list[str]])
    """Each error about a reference that leads nowhere, and where there is such a reference."""
    _waiting: list[str] = field(factory=list[str])

    def finish(self) -> None:
        """Bring every component into its form that was referred to, directly or indirectly."""
        while self._waiting:
            name = self._waiting.pop()
            if name not in self.components:
                # What stands in for it if it is refused: nothing that would be refused once more.
                self.components[name] = {"type": "object"}
                with self.report.collecting():
                    self.components[name] = self._component(self.source[name], name)

    def schema(self, node: Any, where: str, name: str) -> Json:
        """The canonical form of a schema; what must be a component is called `name`."""
        found, nullable = self._value(node, where, name)
        beside = {
            key: value
            for key, value in found.items()
            if key not in _SHAPE | {"discriminator", "format"}
        }
        if _needs_a_name(found):
            inner = {key: value for key, value in found.items() if key not in beside}
            found = schema_ref(self.named(name, inner, where)) | beside
        return _or_null(found) if nullable else found

    def _component(self, node: Any, name: str) -> Json:
        # Where a component may be null, each reference to it says so.
        found, _ = self._value(node, name, name)
        return found

    def _value(self, node: Any, where: str, name: str) -> tuple[Json, bool]:
        """A schema's form, and whether its value may be null."""
        if isinstance(node, bool):
            node = {}
        facts = self._merge(self._facts(node, where), where)
        if "$ref" in facts:
            return self._reference(facts, where)
        nullable = _take_null(facts)
        return self._shape(facts, where, name), nullable

    def _facts(self, node: Any, where: str) -> Json:
        if isinstance(node, dict) and "$ref" in node:
            schema_name(node["$ref"], where)  # pyright: ignore[reportUnknownArgumentType]
        return keywords.facts(node, SCHEMA, where, self.report, kind="schema")

    # --- references and allOf ---

    def _reference(self, facts: Json, where: str) -> tuple[Json, bool]:
        try:
            name = self.resolve(schema_name(facts["$ref"]))
        except CodegenError as error:
            self.dangling.setdefault(error.lines[0], []).append(where)
            raise
        self._waiting.append(name)
        nullable = bool(facts.pop("nullable", False)) or _may_be_null(self.source[name])
        beside = {key: value for key, value in facts.items() if key != "$ref"}
        for key in sorted(beside.keys() - _BESIDE_REF):
            if not key.startswith("x-"):
                self.report.note(f"not used: {key} beside a $ref", where)
                del beside[key]
        return schema_ref(name) | beside, nullable

    def resolve(self, name: str) -> str:
        """The component that a name stands for: components may be other names of components."""
        seen = [name]
        while True:
            if name not in self.source:
                raise CodegenError(
                    f"dangling reference: {SCHEMA_PREFIX}{name} is not in the document"
                )
            node = self.source[name]
            if not isinstance(node, dict) or "$ref" not in node:
                return name
            if (
                any(key in _SHAPE for key in cast("Json", node) if key != "$ref")
                and self.siblings_count
            ):
                return name
            self.report.note("generated under the name it stands for", name)
            name = schema_name(cast("Json", node)["$ref"])
            if name in seen:
                raise CodegenError(f"{name}: refers to itself")
            seen.append(name)

    def _merge(self, facts: Json, where: str, inside: tuple[str, ...] = ()) -> Json:
        """One schema of a schema, its `allOf` and, where they count, the keywords beside its `$ref`."""
        parts: list[Json] = []
        own = dict(facts)
        if "allOf" in own:
            for index, part in enumerate(own.pop("allOf")):
                parts.append(self._facts(part, f"{where} allOf {index}"))
        if "$ref" in own and (parts or (self.siblings_count and own.keys() & _SHAPE - {"$ref"})):
            parts.insert(0, {"$ref": own.pop("$ref")})
        if not parts:
            return own
        parts.append(own)
        shaped = [part for part in parts if part.keys() & _SHAPE and part != {"type": "object"}]
        if not shaped:
            shaped = parts[:1]
        if len(shaped) > 1 and shaped[-1] is own and own.keys() & _SHAPE == {"type"}:
            shaped.pop()
        if len(shaped) == 1:
            (only,) = shaped
            rest = {
                key: value for part in parts for key, value in part.items() if key not in _SHAPE
            }
            return self._merge(only | rest, where, inside)
        return self._merge_objects(parts, where, inside)

    def _merge_objects(self, parts: list[Json], where: str, inside: tuple[str, ...]) -> Json:
        merged: Json = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            facts, below = part, inside
            if "$ref" in part:
                name = self.resolve(schema_name(part["$ref"]))
                if name in inside:
                    raise CodegenError(f"{where}: allOf holds {name} in itself")
                facts, below = self._facts(self.source[name], name), (*inside, name)
            facts = self._merge(facts, where, below)
            if "$ref" in facts:
                facts = self._merge_objects([facts], where, below)
            if (
                facts.keys() & {"enum", "const", "oneOf", "anyOf", "items"}
                or facts.get("type", "object") != "object"
            ):
                self.report.note("read as plain JSON: allOf of what are not all objects", where)
                return {}
            for name, value in facts.pop("properties", {}).items():
                if merged["properties"].get(name, value) != value:
                    self.report.note("taken from the last in allOf that has it", f"{where}.{name}")
                merged["properties"][name] = value
            merged["required"] += facts.pop("required", [])
            facts.pop("discriminator", None)  # which tells the heirs of that part apart
            merged |= facts
        return merged

    # --- shapes ---

    def _shape(self, facts: Json, where: str, name: str) -> Json:
        for key in ("oneOf", "anyOf"):
            if key in facts:
                return self._union(facts, key, where, name)
        if facts.pop("discriminator", None):
            self.report.note("not used: a discriminator without oneOf", where)
        if "enum" in facts or "const" in facts:
            return self._enum(facts, where)
        kind = facts.get("type")
        if kind is None:
            if "properties" in facts or "additionalProperties" in facts:
                kind = "object"
            elif "items" in facts:
                kind = "array"
            else:
                return {key: value for key, value in facts.items() if key not in _SHAPE}
        if isinstance(kind, list):
            if not kind:
                raise unsupported(where, "no type at all", f"{', '.join(JSON_TYPES)} are")
            for each in cast("list[Any]", kind):
                self._known_type(each, where)
            self.report.note("read as plain JSON: several types", where)
            return {key: value for key, value in facts.items() if key not in _SHAPE} | {
                "type": kind
            }
        self._known_type(kind, where)
        match kind:
            case "object":
                return self._object(facts, where, name)
            case "array":
                facts.pop("properties", None)
                items = self.schema(facts.get("items", {}), f"{where}[]", f"{name}Item")
                return facts | {"type": kind, "items": items}
            case _:
                return {key: value for key, value in facts.items() if key not in _SHAPE} | {
                    "type": kind
                }

    def _known_type(self, kind: Any, where: str) -> None:
        if not isinstance(kind, str) or kind not in JSON_TYPES:
            raise unsupported(where, f"type {kind}", f"{', '.join(JSON_TYPES)} are")

    def _object(self, facts: Json, where: str, name: str) -> Json:
        facts.pop("items", None)
        properties: Json = {}
        for key, value in facts.pop("properties", {}).items():
            with self.report.collecting():
                properties[key] = self.schema(value, f"{where}.{key}", name + _capitalised(key))
        required = set(_texts(facts.pop("required", []), f"{where} required"))
        unknown = required - properties.keys()
        if unknown:
            self.report.note(
                "not used: required without a property",
                ", ".join(f"{where}.{key}" for key in sorted(unknown)),
            )
        for key, value in properties.items():
            one_way = value.get("readOnly") or value.get("writeOnly")
            if one_way and key in required:
                self.report.note("optional, as it goes one way only", f"{where}.{key}")
                required.remove(key)
        more = facts.get("additionalProperties")
        if isinstance(more, dict):
            facts["additionalProperties"] = self.schema(more, f"{where}.*", f"{name}Value")
            if properties:
                self.report.note("read as JSON: other fields than the properties", where)
        result = facts | {"type": "object"}
        if properties:
            result["properties"] = properties
        if required & properties.keys():
            result["required"] = sorted(required & properties.keys())
        return result

    def _enum(self, facts: Json, where: str) -> Json:
        values: list[Any] = [facts.pop("const")] if "const" in facts else facts.pop("enum")
        facts.pop("enum", None)
        rest = {key: value for key, value in facts.items() if key not in _SHAPE}
        values = [value for index, value in enumerate(values) if value not in values[:index]]
        kinds: set[type] = {type(value) for value in values}
        # The next value of numbers may have a fraction, which no enum of integers takes.
        if len(kinds) == 1 and kinds <= {str, int} and facts.get("type") != "number":
            return rest | {"type": "string" if kinds == {str} else "integer", "enum": values}
        self.report.note("not used: an enum of other values than strings or integers", where)
        kind = facts.get("type")
        if kind is not None and not isinstance(kind, list):
            self._known_type(kind, where)
        scalar = kind in ("string", "integer", "number", "boolean")
        return rest | ({"type": kind} if scalar else {})

    def _union(self, facts: Json, key: str, where: str, name: str) -> Json:
        if "properties" in facts:
            self.report.note("not used: properties beside a union", where)
        listed: list[Any] = facts[key]
        rest = {k: v for k, v in facts.items() if k not in _SHAPE | {"discriminator", "format"}}
        if not listed:
            raise unsupported(where, "a union of nothing", "a union needs a variant")
        if len(listed) == 1 and "discriminator" not in facts:
            found, _ = self._value(listed[0], where, name)
            return rest | found
        members = [
            self.schema(member, f"{where} {key} {index}", f"{name}{index + 1}")
            for index, member in enumerate(listed)
        ]
        if not all("$ref" in member for member in members):
            self.report.note(ANY_UNION, where)
            return rest | {"anyOf": members}
        names = sorted({schema_name(member["$ref"]) for member in members})
        result = rest | {"oneOf": [schema_ref(each) for each in names]}
        if "discriminator" in facts:
            found = keywords.facts(
                facts["discriminator"],
                DISCRIMINATOR,
                f"{where} discriminator",
                self.report,
                needed=("propertyName",),
            )
            result["discriminator"] = {"propertyName": found["propertyName"]}
            if "mapping" in found:
                mapping = {tag: self._target(ref) for tag, ref in found["mapping"].items()}
                self._waiting += mapping.values()
                result["discriminator"]["mapping"] = {
                    tag: schema_ref(each)["$ref"] for tag, each in mapping.items()
                }
        return result

    def _target(self, ref: Any) -> str:
        """The component that a mapping leads to, by a reference or by its name alone."""
        if isinstance(ref, str) and ref in self.source:
            return self.resolve(ref)
        return self.resolve(schema_name(ref))

    # --- names ---

    def named(self, name: str, schema: Json, where: str) -> str:
        """Make a component of an inline schema; the name that it got."""
        free = name
        number = 2
        while free in self.source or self.components.get(free, schema) != schema:
            free, number = f"{name}{number}", number + 1
        self.components[free] = schema
        self.report.note("named here, as it has no name in the document", f"{free} ({where})")
        return free

    def name_enums(self, node: Json, where: str, name: str) -> Json:
        """`node` with a reference in place of each inline enum; only a tag of a variant may stay one."""
        if "enum" in node:
            beside = {
                key: value for key, value in node.items() if key not in ("type", "enum", "format")
            }
            values = [value for value in node["enum"] if value is not None]
            named = {"type": "string" if isinstance(values[0], str) else "integer", "enum": values}
            nullable = isinstance(node["type"], list)
            found = schema_ref(self.named(name, named, where)) | beside
            return _or_null(found) if nullable else found
        result = dict(node)
        for key, suffix in (("items", "Item"), ("additionalProperties", "Value")):
            if isinstance(result.get(key), dict):
                result[key] = self.name_enums(
                    result[key], f"{where}{'[]' if key == 'items' else '.*'}", name + suffix
                )
        if "anyOf" in result:
            result["anyOf"] = [
                self.name_enums(member, where, f"{name}{index + 1}")
                for index, member in enumerate(result["anyOf"])
            ]
        return result


def is_map(schema: Json) -> bool:
    """Whether an object in its canonical form has no fields but those of additionalProperties."""
    return "properties" not in schema and isinstance(schema.get("additionalProperties"), dict)


def _needs_a_name(found: Json) -> bool:
    return "properties" in found or "oneOf" in found


def _or_null(schema: Json) -> Json:
    """A schema that allows null too."""
    if "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {"anyOf": [{"$ref": schema["$ref"]}, dict(NULL)]} | beside
    kind = schema.get("type")
    if isinstance(kind, str):
        schema = schema | {"type": [kind, "null"]}
        return schema | {"enum": [*schema["enum"], None]} if "enum" in schema else schema
    if isinstance(kind, list):
        return schema | {"type": [*cast("list[str]", kind), "null"]}
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], dict(NULL)]}
    return schema


def _is_null(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    facts = cast("Json", node)
    is_const = "const" in facts and facts["const"] is None
    return is_const or facts.get("type") == "null" or facts.get("enum") == [None]


def _is_none(value: Any) -> bool:
    return value is None


def _take_null(facts: Json) -> bool:
    """Whether a schema allows null, which is taken out of it."""
    nullable = bool(facts.pop("nullable", False))
    if _is_null(facts):
        for key in ("type", "const", "enum"):
            facts.pop(key, None)
        return True
    kind = facts.get("type")
    if isinstance(kind, list) and "null" in kind:
        kinds = [each for each in cast("list[Any]", kind) if each != "null"]
        facts["type"] = kinds[0] if len(kinds) == 1 else kinds
        nullable = True
    elif isinstance(kind, list) and len(cast("list[Any]", kind)) == 1:
        facts["type"] = kind[0]
    for key, is_null in (("enum", _is_none), ("oneOf", _is_null), ("anyOf", _is_null)):
        found = facts.get(key)
        if isinstance(found, list):
            rest = [each for each in cast("list[Any]", found) if not is_null(each)]
            if len(rest) < len(cast("list[Any]", found)):
                facts[key], nullable = rest, True
    return nullable


def _may_be_null(node: Any) -> bool:
    return isinstance(node, dict) and _take_null(dict(cast("Json", node)))


def _texts(values: list[Any], where: str) -> list[str]:
    """The strings of a list, each once, in order."""
    for value in values:
        if not isinstance(value, str):
            raise unsupported(where, f"{value!r:.40}", "only strings are")
    return list(dict.fromkeys(values))


def _capitalised(name: str) -> str:
    """A field's name as a part of a class's."""
    words = [word for word in re.split(r"\W+", name) if word]
    return "".join(word[0].upper() + word[1:] for word in words) or "Field"
