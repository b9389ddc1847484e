"""What users of a generated SDK see of one document: the one place of the comparison that knows the generator.

Types and names are those that the generator writes. What it does not turn into Python (limits, defaults, documented
statuses) is read from the document beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, cast

from attrs import define, evolve, field

from codegen.decisions import Decisions
from codegen.diff.change import Side
from codegen.document import Json, operations, schema_name
from codegen.expressions import annotation, or_none
from codegen.generate import load_namespaces
from codegen.model import Api, Endpoint, Field, Schema, Type
from codegen.names import argument_name, error_attribute
from codegen.parse import parse

__all__ = [
    "UNPLACED",
    "Class",
    "Facts",
    "Function",
    "Member",
    "below",
    "load_namespaces",
    "read_facts",
]

UNPLACED: Final = "?"
"""Stands for the namespace of an operation that has none yet."""
STRUCTURE: Final = frozenset(
    {
        "$ref", "additionalProperties", "allOf", "anyOf", "const", "discriminator", "enum", "items", "nullable",
        "oneOf", "properties", "required", "type", "x-portone-status-code",
    }
)  # fmt: skip
"""Keywords that show in names, types and fields; all others are compared as they are."""


@define(frozen=True)
class Member:
    """A field, an argument, a result, or what a list or map holds."""

    json_name: str
    name: str
    argument: str
    """The name as a function's argument, where it is one."""
    type: str
    """As the generator writes it."""
    classes: tuple[str, ...]
    """The classes in `type`."""
    required: bool
    json_type: str
    tags: tuple[str, ...] = ()
    keywords: Mapping[str, Any] = field(factory=dict[str, Any])
    place: str = "body"
    """Where it is sent: `path`, `query` or `body`."""


@define(frozen=True)
class Class:
    """A component: an object, an enum, a union, a map or an error."""

    name: str
    kind: str
    members: Mapping[str, Member]
    values: tuple[str, ...]
    variants: Mapping[str, str]
    tag: str
    item: Member | None
    status: int
    keywords: Mapping[str, Any]

    @property
    def held(self) -> set[str]:
        """The classes that it refers to."""
        members = [*self.members.values(), *([self.item] if self.item else [])]
        return {name for m in members for name in m.classes} | set(self.variants.values())

    @property
    def shown(self) -> bool:
        """Whether users can import it: the unions of errors only say what a function raises."""
        return self.kind != "errors"


@define(frozen=True)
class Function:
    """An operation."""

    id: str
    name: str
    """As it is called: `portone.payment.get_payment`."""
    method: str
    path: str
    parameters: tuple[Member, ...]
    """In the path, in its order, and in the query."""
    body: str
    """The class whose fields are arguments, too; empty if there is none."""
    body_in_query: bool
    body_required: bool
    body_media: str
    result: Member
    media: str
    errors: Mapping[str, str]
    """PortOne's error type to the class that is raised."""
    security: tuple[str, ...]
    unstable: bool
    deprecated: bool
    statuses: tuple[str, ...]
    headers: tuple[str, ...]
    """Of responses, each after its status."""
    iterator: str

    @property
    def place(self) -> tuple[str, str]:
        """Method and path, without the names of the path's parameters."""
        return self.method, re.sub(r"{[^}]*}", "{}", self.path)

    def roots(self, side: Side) -> set[str]:
        """The classes that it takes, or gives."""
        if side == "output":
            return {*self.result.classes, *self.errors.values()}
        return {name for p in self.parameters for name in p.classes} | (
            {self.body} if self.body else set[str]()
        )


@define(frozen=True)
class Facts:
    """All that users see of a document."""

    functions: Mapping[str, Function]
    classes: Mapping[str, Class]
    settings: Mapping[str, str]
    """What concerns the client as a whole: servers and authentication schemes."""

    @cached_property
    def _uses(self) -> dict[Side, dict[str, set[str]]]:
        held = {name: found.held for name, found in self.classes.items()}
        uses: dict[Side, dict[str, set[str]]] = {"input": {}, "output": {}}
        for side, users in uses.items():
            for function in self.functions.values():
                for name in below(function.roots(side), held):
                    users.setdefault(name, set()).add(function.id)
        return uses

    @cached_property
    def error_types(self) -> dict[str, set[str]]:
        """Each error class to the values of `type` by which it is told."""
        types: dict[str, set[str]] = {}
        for function in self.functions.values():
            for value, name in function.errors.items():
                types.setdefault(name, set()).add(value)
        return types

    def users(self, name: str, side: Side) -> set[str]:
        """The operations that take, or give, a class."""
        return self._uses[side].get(name, set())

    def bodies(self, name: str) -> list[Function]:
        """The functions that take the fields of a class as arguments."""
        return [f for f in self.functions.values() if f.body == name]


def below(names: set[str], held: Mapping[str, set[str]]) -> set[str]:
    """These classes, and all that they refer to, directly or not."""
    seen, waiting = set[str](), names
    while waiting:
        seen |= waiting
        waiting = set[str]().union(*(held.get(name, set()) for name in waiting)) - seen
    return seen


def read_facts(
    document: Json,
    namespaces: Mapping[str, Sequence[str]],
    decisions: Decisions | None = None,
) -> Facts:
    """The facts of an imported document; an error names what the generator refuses.

    A function whose operation is in no namespace yet is called `portone.?.name`.
    """
    api = parse(document, None, decisions)
    placed = {name: space for space, names in namespaces.items() for name in names}
    raw = {operation["operationId"]: operation for _, _, operation in operations(document)}
    components: Json = document["components"]["schemas"]
    reader = _Reader(api, components)
    return Facts(
        {e.id: reader.function(e, raw[e.id], placed.get(e.id, UNPLACED)) for e in api.endpoints},
        {name: reader.a_class(schema) for name, schema in api.schemas.items()},
        _settings(document),
    )


@define
class _Reader:
    api: Api
    components: Json

    def function(self, endpoint: Endpoint, raw: Json, space: str) -> Function:
        declared = {(p["in"], p["name"]): p for p in raw.get("parameters", [])}
        # The fields of a body are compared with its class, which a body that is one argument has not.
        parameters = [
            self.member(
                each.field,
                _parameter_facts(declared.get((each.place, each.field.json_name), {})),
                each.place,
                each.name,
            )
            for each in endpoint.inputs
            if each.place != "body" or endpoint.whole_body or endpoint.body is None
        ]
        responses: Json = raw["responses"]
        fields_are_arguments = endpoint.body is not None and not endpoint.whole_body
        pages = self.api.pages.get(endpoint.id)
        return Function(
            id=endpoint.id,
            name=f"portone.{space}.{endpoint.name}",
            method=endpoint.method,
            path=endpoint.path,
            parameters=tuple(parameters),
            body=endpoint.body or "" if fields_are_arguments else "",
            body_in_query=endpoint.body_in_query,
            body_required=endpoint.body_required,
            body_media=endpoint.body_media,
            result=self.result(endpoint),
            media=endpoint.media or "",
            errors=dict(endpoint.errors),
            security=tuple(sorted(_requirement(s) for s in raw.get("security", []))),
            unstable=endpoint.unstable,
            deprecated=endpoint.deprecated,
            statuses=tuple(sorted(responses)),
            headers=tuple(
                sorted(f"{s} {name}" for s, r in responses.items() for name in r.get("headers", ()))
            ),
            iterator=pages.iterator if pages else "",
        )

    def result(self, endpoint: Endpoint) -> Member:
        """What a function returns: a model, the path of a downloaded file, or nothing."""
        kind = endpoint.response
        plain = "Path" if endpoint.is_download else "None"
        written = self.written(kind) if kind else plain
        return Member(
            json_name="",
            name="",
            argument="",
            type=or_none(written) if kind and endpoint.may_be_empty else written,
            classes=tuple(_classes(kind)) if kind else (),
            required=True,
            json_type=kind.kind if kind else "",
        )

    def written(self, kind: Type) -> str:
        """A type as the generator writes it."""
        text = annotation(kind, self.api)
        return or_none(text) if kind.nullable else text

    def a_class(self, schema: Schema) -> Class:
        raw: Json = self.components.get(schema.name, {})
        properties: Json = raw.get("properties", {})
        item = None
        if schema.item:
            facts = raw if schema.kind == "alias" else raw.get("additionalProperties", {})
            required = schema.kind != "object"
            item = self.member(Field("values", "values", schema.item, required=required), facts)
        untagged = {f"({name})": name for name in schema.untagged}
        return Class(
            name=schema.name,
            kind=schema.kind,
            members={
                f.json_name: self.member(
                    evolve(f, name=error_attribute(f.name)) if schema.kind == "error" else f,
                    properties.get(f.json_name, {}),
                )
                for f in schema.fields
            },
            values=tuple(map(str, schema.values)),
            variants=dict(schema.variants) | untagged,
            tag=schema.tag,
            item=item,
            status=schema.status,
            keywords=_keywords(raw),
        )

    def member(self, item: Field, raw: Any, place: str = "body", argument: str = "") -> Member:
        raw = cast("Json", raw) if isinstance(raw, dict) else {}
        return Member(
            json_name=item.json_name,
            name=item.name,
            argument=argument or argument_name(item.json_name),
            type=self.written(item.type),
            classes=tuple(_classes(item.type)),
            required=item.required,
            json_type=self.json_type(raw),
            tags=item.tags,
            keywords=_keywords(raw),
            place=place,
        )

    def json_type(self, raw: Json) -> str:
        """`integer`, `array of string`: what JSON holds there."""
        seen: set[str] = set()
        while "$ref" in raw and raw["$ref"] not in seen:
            seen.add(raw["$ref"])
            raw = self.components.get(schema_name(raw["$ref"]), {})
        kind: str | list[str] = raw.get("type", "string" if "enum" in raw else "object")
        if isinstance(kind, list):
            kind = " or ".join(sorted(one for one in kind if one != "null"))
        return f"array of {self.json_type(raw.get('items', {}))}" if kind == "array" else kind


def _parameter_facts(parameter: Json) -> Json:
    """The schema of a parameter, and what the parameter itself says beside it."""
    own = {
        k: v
        for k, v in parameter.items()
        if k not in ("name", "in", "required", "content", "schema")
    }
    return parameter.get("schema", {}) | own


def _requirement(schemes: Json) -> str:
    """The authentication schemes that are needed together, with their scopes."""
    return " + ".join(
        f"{name}({json.dumps(scopes)})" if scopes else name
        for name, scopes in sorted(schemes.items())
    )


def _classes(kind: Type) -> Iterator[str]:
    if kind.name:
        yield kind.name
    if kind.item:
        yield from _classes(kind.item)


def _keywords(raw: Json) -> Json:
    found = {key: value for key, value in raw.items() if key not in STRUCTURE}
    items: Json = raw.get("items", {})
    if items:
        found |= {f"items.{key}": value for key, value in _keywords(items).items()}
    return found


def _settings(document: Json) -> dict[str, str]:
    schemes: Json = document["components"].get("securitySchemes", {})
    settings = {
        f"authentication scheme {name}": ", ".join(f"{k}: {scheme[k]}" for k in sorted(scheme))
        for name, scheme in schemes.items()
    }
    return settings | {"server": ", ".join(s["url"] for s in document.get("servers", []))}
