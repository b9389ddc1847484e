"""Unions whose variants are told apart by a tag: each gets a mapping that names every tag, each variant its tag."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from codegen.document import Json, schema_name, schema_ref, unsupported
from codegen.report import Report
from codegen.schemas import ANY_UNION, is_map

Tags = dict[tuple[str, str], set[str]]
"""A variant and the field that is its tag, to the tag's values."""


def settle(components: Json, report: Report) -> Tags:
    """Complete the unions of canonical components in place; return the tags of their variants."""
    for name in sorted(components):
        if "oneOf" in components[name]:
            with report.collecting():
                components[name] = _completed(name, components[name], components, report)
    for name in sorted(components):
        if "oneOf" in components[name]:
            _flatten(name, components, ())
    tags: Tags = {}
    rivals: Tags = {}
    for union in components.values():
        if "oneOf" in union:
            tag = union["discriminator"]["propertyName"]
            every = union["discriminator"]["mapping"].keys()
            for name in (schema_name(member["$ref"]) for member in union["oneOf"]):
                rivals.setdefault((name, tag), set()).update(every)
            for value, ref in union["discriminator"]["mapping"].items():
                if "oneOf" not in components[schema_name(ref)]:
                    tags.setdefault((schema_name(ref), tag), set()).add(value)
    for (name, tag), values in sorted(tags.items()):
        with report.collecting():
            _tag(name, tag, sorted(values), rivals[name, tag] - values, components, report)
    return tags


def _completed(name: str, union: Json, components: Json, report: Report) -> Json:
    rest = {key: value for key, value in union.items() if key not in ("oneOf", "discriminator")}
    members = [schema_name(member["$ref"]) for member in union["oneOf"]]
    found: Json = union.get("discriminator", {})
    mapping: dict[str, str] = dict(found.get("mapping", {}))
    for target in sorted({schema_name(ref) for ref in mapping.values()} - set(members)):
        report.note("added to a union, as it is in the mapping", f"{name}: {target}")
        members.append(target)
    odd = [member for member in members if not _can_be_variant(components[member])]
    if odd and mapping.keys():
        raise unsupported(odd[0], "a variant of a union that is not an object", "make it one")
    tag = found.get("propertyName") or _common_tag(members, components)
    if odd or tag is None:
        report.note(ANY_UNION, name)
        return rest | {"anyOf": [schema_ref(member) for member in sorted(members)]}
    if not found:
        report.note("told apart by this field, as it has no discriminator", f"{name}.{tag}")
    explicit = bool(mapping)
    mapped = {schema_name(ref) for ref in mapping.values()}
    for member in (member for member in members if member not in mapped):
        own = _own_tags(components[member], tag)
        if not own and not explicit and "oneOf" not in components[member]:
            own = [member]  # the name of the component, as OpenAPI says
        for value in own:
            mapping.setdefault(value, schema_ref(member)["$ref"])
        if not own and "oneOf" not in components[member]:
            report.note("in a union without a tag, so no value is read as it", f"{name}: {member}")
    return rest | {
        "oneOf": [schema_ref(member) for member in sorted(members)],
        "discriminator": {"propertyName": tag, "mapping": mapping},
    }


def _can_be_variant(schema: Json) -> bool:
    return "oneOf" in schema or (schema.get("type") == "object" and not is_map(schema))


def _own_tags(schema: Json, tag: str) -> list[str]:
    """The values that a variant's own schema gives its tag."""
    values: list[Any] = schema.get("properties", {}).get(tag, {}).get("enum", [])
    return values if all(isinstance(value, str) for value in values) else []


def _common_tag(members: list[str], components: Json) -> str | None:
    """The field that has another constant in each of these objects, if there is one."""
    fields = [set(components[member].get("properties", {})) for member in members]
    for tag in sorted(set[str].intersection(*fields)):
        tags = [_own_tags(components[member], tag) for member in members]
        values = [value for each in tags for value in each]
        if all(tags) and len(values) == len(set(values)):
            return tag
    return None


def _flatten(name: str, components: Json, inside: tuple[str, ...]) -> None:
    """Take the variants of unions in a union into it, where one tag tells all of them apart."""
    union = components[name]
    tag = union["discriminator"]["propertyName"]
    mapping: dict[str, str] = {}
    members = {schema_name(member["$ref"]) for member in union["oneOf"]}
    for inner in sorted(members):
        schema = components[inner]
        if "oneOf" not in schema or inner in (name, *inside):
            continue
        _flatten(inner, components, (*inside, name))
        if schema["discriminator"]["propertyName"] == tag:
            mapping |= schema["discriminator"]["mapping"]
            members = (members - {inner}) | {schema_name(m["$ref"]) for m in schema["oneOf"]}
    for value, ref in union["discriminator"]["mapping"].items():
        if schema_name(ref) in members or value not in mapping:
            mapping[value] = ref
    union["oneOf"] = [schema_ref(member) for member in sorted(members)]
    union["discriminator"] = {"propertyName": tag, "mapping": mapping}


def _tag(
    name: str,
    tag: str,
    values: list[str],
    rivals: Collection[str],
    components: Json,
    report: Report,
) -> None:
    """Make the tag of a variant a const: in PortOne's documents it is a plain string.

    `rivals` are the tags of the other variants, which a schema that they share may list too.
    """
    schema = components[name]
    properties = schema.setdefault("properties", {})
    typed_as = properties.get(tag, {"type": "string"})
    if "$ref" in typed_as:
        typed_as = components[schema_name(typed_as["$ref"])]
    if "enum" in typed_as:
        # One variant's tag is typed as another enum (PlatformSettlementAmountExceededError). Which of the two
        # PortOne sends is unknown, so both are allowed.
        others = [v for v in typed_as["enum"] if v not in values and v not in rivals]
        if others:
            report.note(
                "a tag of another value than the mapping's, which alone is looked at",
                f"{name}.{tag}",
            )
        values += others
    if typed_as.get("type") not in ("string", ["string", "null"]):
        raise unsupported(
            f"{name}.{tag}", "a discriminator that is not a string", "only strings are"
        )
    properties[tag] = {"type": "string"} | (
        {"const": values[0]} if len(values) == 1 else {"enum": values}
    )
    schema["required"] = sorted({*schema.get("required", []), tag})
