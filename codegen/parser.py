"""openapi-python-client, as the generator uses it: it resolves the types and references of a document of facts.

It is given no name of the document's, as its own rules for names lose schemas that differ only in case and such:
components are `C0`, `C1`, …, their fields `p0`, `p1`, …, and parameters are the fields of one more component. Nor is it
given what it drops without a word (unions, tags, nulls, JSON in the query): those are read from the facts.

Its programmatic use is no public API, so the version is pinned. Two of its functions are called: the one that reads a
document, and the one that makes a table of the document's components.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final, cast

from attrs import define, field

from codegen.document import (
    PARSER_VERSION,
    SCHEMA_PREFIX,
    CodegenError,
    Json,
    operations,
    schema_name,
)


def _load() -> tuple[Any, Any, Any]:
    """Its configuration, documents and types, without its package's `__init__`: half of the time to import it.

    That one imports an HTTP client and all that writes files. Of what it defines, the rest needs one name.
    """
    name = "openapi_python_client"
    spec = find_spec(name) if name not in sys.modules else None
    if spec is not None:
        package: Any = ModuleType(name)
        package.__path__ = spec.submodule_search_locations
        sys.modules[name] = package
        package.Config = import_module(f"{name}.config").Config
    # No public API, so to a type checker they are Any.
    config, schema, properties = (
        import_module(f"{name}.{module}") for module in ("config", "schema", "parser.properties")
    )
    return config, schema, properties


config, opc_schema, properties = _load()
_SCALARS: Final = ("string", "integer", "number", "boolean")
_FORMATS: Final = ("date", "date-time")
_PARAMETERS: Final = "Parameters"
"""The component that has all parameters as its fields."""


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
    encoder = _Encoder(codes)
    table = _parse(encoder.document(document))
    components = {name: table[code] for name, code in codes.items() if code in table}
    lost = sorted(schemas.keys() - components.keys())
    if lost:
        raise CodegenError(f"{len(lost)} schemas lost by the parser: {', '.join(lost[:20])}")
    classes = {
        str(model.class_info.name): _stands_for(name, schemas)
        for name, model in components.items()
        if hasattr(model, "class_info")
    }
    fields = {name: encoder.fields_of(name, model) for name, model in components.items()}
    found = encoder.fields_of(_PARAMETERS, table.get(_PARAMETERS))
    parameters: dict[str, dict[tuple[str, str], Any]] = {}
    for _, _, operation in operations(document):
        name = operation["operationId"]
        keys = typed_parameters(operation)
        parameters[name] = {key: found[name, *key] for key in keys if (name, *key) in found}
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


@define
class _Encoder:
    """The document with short names in place of its own, and only what the parser reads rightly."""

    codes: dict[str, str]
    _fields: dict[str, dict[Any, str]] = field(factory=dict[str, dict[Any, str]])
    """Component to field to its short name."""

    def document(self, facts: Json) -> Json:
        schemas: Json = {
            self.codes[name]: self._component(name, schema)
            for name, schema in facts["components"]["schemas"].items()
        }
        parameters = {
            (operation["operationId"], *key): parameter["schema"]
            for _, _, operation in operations(facts)
            for key, parameter in typed_parameters(operation).items()
        }
        schemas[_PARAMETERS] = self._object(_PARAMETERS, parameters, ())
        return {
            "openapi": "3.1.0",
            "info": {"title": "facts", "version": "0"},
            "paths": {},
            "components": {"schemas": schemas},
        }

    def fields_of(self, name: str, model: Any) -> dict[Any, Any]:
        """The parser's properties of a component, by the document's names; what is missing was lost."""
        codes = self._fields.get(name, {})
        if not codes:
            return {}
        listed: list[Any] = [*model.required_properties, *model.optional_properties]
        found = {plain(each.name): each for each in listed}
        return {key: found[code] for key, code in codes.items() if code in found}

    def _component(self, name: str, schema: Json) -> Json:
        if "enum" in schema:
            return {"type": schema["type"], "enum": schema["enum"]}
        if "oneOf" in schema:
            return {"type": "object"}
        if "properties" not in schema:
            return self._schema(schema)
        return self._object(name, schema["properties"], schema.get("required", ())) | self._values(
            schema
        )

    def _object(self, name: str, fields: dict[Any, Json], required: Collection[str]) -> Json:
        """An object. Its fields of one type are one field, as the parser's time goes with their number."""
        properties: Json = {}
        codes: dict[tuple[str, bool], str] = {}
        self._fields[name] = {}
        for key, value in fields.items():
            schema = self._schema(value)
            code = codes.setdefault((repr(schema), key in required), f"p{len(codes)}")
            properties[code] = schema
            self._fields[name][key] = code
        needed = [code for (_, is_required), code in codes.items() if is_required]
        return {"type": "object", "properties": properties, "required": needed}

    def _values(self, schema: Json) -> Json:
        more = schema.get("additionalProperties")
        return (
            {"additionalProperties": self._schema(cast("Json", more))}
            if isinstance(more, dict)
            else {}
        )

    def _schema(self, schema: Json) -> Json:
        schema, _ = without_null(schema)
        if "$ref" in schema:
            return {"$ref": SCHEMA_PREFIX + self.codes[schema_name(schema["$ref"])]}
        kind = schema.get("type")
        if kind == "array":
            return {"type": "array", "items": self._schema(schema["items"])}
        if kind == "object":
            return {"type": "object"} | self._values(schema)
        if kind in _SCALARS:
            form = schema.get("format")
            return {"type": kind, "format": form} if form in _FORMATS else {"type": kind}
        return {}


def _parse(document: Json) -> Json:
    """The parser's table of components."""
    installed = version("openapi-python-client")
    if installed != PARSER_VERSION:
        raise CodegenError(
            f"openapi-python-client {PARSER_VERSION} is needed, not {installed}: run `make check`, which installs it"
        )
    settings = config.Config.from_sources(
        config.ConfigFile(post_hooks=[], literal_enums=True),
        config.MetaType.NONE,
        document_source="openapi.json",
        file_encoding="utf-8",
        overwrite=True,
        output_path=None,
    )
    found = properties.build_schemas(
        components=opc_schema.OpenAPI.model_validate(document).components.schemas,
        schemas=properties.Schemas(),
        config=settings,
    )
    for error in found.errors:
        warning = re.sub(r"<\S+ object at \w+> ", "", f"{error.header}: {error.detail}")
        raise CodegenError(f"openapi-python-client warns: {warning}")
    table = found.classes_by_reference
    return {str(plain(ref)).rpartition("/")[2]: model for ref, model in table.items()}


def plain(value: Any) -> Any:
    """A string of the document without the parser's wrapper."""
    return value.get_untrusted_value() if hasattr(value, "get_untrusted_value") else value
