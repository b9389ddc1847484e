"""openapi-python-client, as the generator uses it: it resolves the types and references of a document of facts.

It is given no name of the document's, as its own rules for names lose schemas that differ only in case and such:
components are `C0`, `C1`, …, fields and parameters `p0`, `p1`, …. Nor is it given what it drops without a word
(unions, tags, nulls, JSON in the query): those are read from the facts.

Its programmatic use is no public API, so the version is pinned, and one function of it must be wrapped: the parser
drops its table of references, which nothing else gives.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any, Final, cast

import openapi_python_client.parser.openapi as opc_openapi
from attrs import define
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import properties as opc_properties_module
from openapi_python_client.parser.errors import GeneratorError

from codegen.document import (
    PARSER_VERSION,
    SCHEMA_PREFIX,
    CodegenError,
    Json,
    operations,
    schema_name,
)

# No public API, so to a type checker it is Any.
opc: Any = opc_openapi
properties: Any = opc_properties_module
_SCALARS: Final = ("string", "integer", "number", "boolean")
_FORMATS: Final = ("date", "date-time")


@define(frozen=True)
class Parsed:
    """The parser's properties by the document's own names."""

    fields: dict[str, dict[str, Any]]
    """Component to field to property."""
    components: dict[str, Any]
    parameters: dict[str, dict[tuple[str, str], Any]]
    """Operation to place and name to property."""
    classes: dict[str, str]
    """The parser's class to the component."""


def run(document: Json) -> Parsed:
    """Parse a document of facts; an error names whatever is lost."""
    schemas: Json = document["components"]["schemas"]
    codes = {name: f"C{index}" for index, name in enumerate(schemas)}
    encoded = _Encoder(codes)
    data, table = _parse(encoded.document(document))
    components = {name: table[code] for name, code in codes.items() if code in table}
    lost = sorted(schemas.keys() - components.keys())
    if lost:
        raise CodegenError(f"{len(lost)} schemas lost by the parser: {', '.join(lost[:20])}")
    classes = {
        str(model.class_info.name): _stands_for(name, schemas)
        for name, model in components.items()
        if hasattr(model, "class_info")
    }
    fields: dict[str, dict[str, Any]] = {}
    for name, schema in schemas.items():
        keys = list(schema.get("properties", {}))
        model = components[name]
        if keys and "oneOf" not in schema:
            listed: list[Any] = [*model.required_properties, *model.optional_properties]
            found = {plain(p.name): p for p in listed}
            fields[name] = {
                key: found[f"p{index}"] for index, key in enumerate(keys) if f"p{index}" in found
            }
    endpoints = {
        plain(e.name): e
        for collection in data.endpoint_collections_by_tag.values()
        for e in collection.endpoints
    }
    parameters: dict[str, dict[tuple[str, str], Any]] = {}
    for index, (_, _, operation) in enumerate(operations(document)):
        endpoint = endpoints.get(f"o{index}")
        if endpoint is None:
            raise CodegenError(f"{operation['operationId']}: lost by the parser")
        found = {plain(p.name): p for p in endpoint.query_parameters}
        parameters[operation["operationId"]] = {
            key: found[f"p{number}"]
            for number, key in enumerate(typed_parameters(operation))
            if f"p{number}" in found
        }
    return Parsed(fields, components, parameters, classes)


def _stands_for(name: str, schemas: Json) -> str:
    """The component itself, or which it is if it is not null."""
    schema, _ = without_null(schemas[name])
    return schema_name(schema["$ref"]) if "$ref" in schema else name


def typed_parameters(operation: Json) -> dict[tuple[str, str], Json]:
    """The parameters of an operation that have a schema, by place and name."""
    return {(p["in"], p["name"]): p for p in operation.get("parameters", []) if "schema" in p}


def without_null(schema: Json) -> tuple[Json, bool]:
    """A canonical schema without null, and whether it allows null."""
    kind = schema.get("type")
    if isinstance(kind, list) and "null" in kind:
        rest = [each for each in cast("list[str]", kind) if each != "null"]
        return schema | {"type": rest[0] if len(rest) == 1 else rest}, True
    if "anyOf" in schema:
        members = [member for member in schema["anyOf"] if member != {"type": "null"}]
        if len(members) == 1:
            return {**{k: v for k, v in schema.items() if k != "anyOf"}, **members[0]}, True
    return schema, False


class _Encoder:
    """The document with short names in place of its own, and only what the parser reads rightly."""

    def __init__(self, codes: dict[str, str]) -> None:
        self._codes = codes

    def document(self, facts: Json) -> Json:
        return {
            "openapi": "3.1.0",
            "info": {"title": "facts", "version": "0"},
            "paths": {
                f"/o{index}": {
                    "post": {
                        "operationId": f"o{index}",
                        "tags": ["all"],
                        "parameters": self._parameters(operation),
                        "responses": {"200": {"description": "OK"}},
                    }
                }
                for index, (_, _, operation) in enumerate(operations(facts))
            },
            "components": {
                "schemas": {
                    self._codes[name]: self._component(schema)
                    for name, schema in facts["components"]["schemas"].items()
                }
            },
        }

    def _parameters(self, operation: Json) -> list[Json]:
        return [
            {"name": f"p{number}", "in": "query", "schema": self._schema(parameter["schema"])}
            for number, parameter in enumerate(typed_parameters(operation).values())
        ]

    def _component(self, schema: Json) -> Json:
        if "enum" in schema:
            return {"type": schema["type"], "enum": schema["enum"]}
        if "oneOf" in schema:
            return {"type": "object"}
        if "properties" not in schema:
            return self._schema(schema)
        keys = list(schema["properties"])
        fields = [self._schema(schema["properties"][key]) for key in keys]
        return {
            "type": "object",
            "properties": {f"p{index}": field for index, field in enumerate(fields)},
            "required": [f"p{keys.index(key)}" for key in schema.get("required", [])],
        }

    def _schema(self, schema: Json) -> Json:
        schema, _ = without_null(schema)
        if "$ref" in schema:
            return {"$ref": SCHEMA_PREFIX + self._codes[schema_name(schema["$ref"])]}
        kind = schema.get("type")
        if kind == "array":
            return {"type": "array", "items": self._schema(schema["items"])}
        if kind == "object":
            more = schema.get("additionalProperties")
            values = {"additionalProperties": self._schema(more)} if isinstance(more, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
            return {"type": "object", **values}
        if kind in _SCALARS:
            form = schema.get("format")
            return {"type": kind, "format": form} if form in _FORMATS else {"type": kind}
        return {}


def _parse(document: Json) -> tuple[Any, Json]:
    """The parser's data, and its table of components."""
    installed = version("openapi-python-client")
    if installed != PARSER_VERSION:
        raise CodegenError(
            f"openapi-python-client {PARSER_VERSION} is needed, not {installed}: run `make check`, which installs it"
        )
    config = Config.from_sources(
        ConfigFile(post_hooks=[], literal_enums=True),
        MetaType.NONE,
        document_source="openapi.json",
        file_encoding="utf-8",
        overwrite=True,
        output_path=None,
    )
    captured: list[Any] = []
    build_schemas = opc.build_schemas

    def capture(**arguments: Any) -> Any:
        captured.append(build_schemas(**arguments))
        return captured[-1]

    opc.build_schemas = capture
    try:
        data = opc.GeneratorData.from_dict(document, config=config)
    finally:
        opc.build_schemas = build_schemas
    if isinstance(data, GeneratorError):
        raise CodegenError(
            f"openapi-python-client refuses the document: {data.header}: {data.detail}"
        )
    for error in [
        *data.errors,
        *(e for c in data.endpoint_collections_by_tag.values() for e in c.parse_errors),
    ]:
        warning = re.sub(r"<\S+ object at \w+> ", "", f"{error.header}: {error.detail}")
        raise CodegenError(f"openapi-python-client warns: {warning}")
    table = captured[0].classes_by_reference
    return data, {str(plain(ref)).rpartition("/")[2]: model for ref, model in table.items()}


def plain(value: Any) -> Any:
    """A string of the document without the parser's wrapper."""
    return value.get_untrusted_value() if hasattr(value, "get_untrusted_value") else value
