"""The keywords of each kind of object in an OpenAPI document, and what the SDK makes of each.

A keyword is used (it shapes the generated code), not used (the import reports it, and keeps it in the document of
facts if it is a limit or the like), or prose (PortOne's words, which are dropped). Any other stops the import by
name, except extensions: `x-…` is kept if it can be no prose.

To give a keyword a meaning, move it from `UNUSED` to the table of its kind here, bring it into its canonical form in
`codegen/schemas.py` or `codegen/paths.py`, read it from there in `codegen/kinds.py`, `parse.py` or `endpoints.py`,
and use it in a template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

from codegen.document import METHODS, CodegenError, Json, unsupported
from codegen.report import Report

JSON_TYPES: Final[dict[str, type]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "null": type(None),
}
ANYTHING: Final = " or ".join(JSON_TYPES)
PROSE: Final = frozenset(
    {
        "title", "summary", "description", "example", "examples", "tags", "externalDocs", "xml", "$comment",
        "x-portone-title", "x-portone-description", "x-portone-summary", "x-portone-category", "x-portone-cases",
        "x-portone-discriminator", "x-portone-enum", "x-portone-error", "x-portone-example",
    }
)  # fmt: skip
MARK: Final = "x-withheld-since"
"""Marks in the document of facts what PortOne's lacks: see `codegen/withheld.py`."""
Keywords = Mapping[str, str]
"""Keyword to the JSON types that its value may have."""
DOCUMENT: Final[Keywords] = {
    "openapi": "string",
    "info": "object",
    "servers": "array",
    "paths": "object",
    "components": "object",
    "security": "array",
}
COMPONENTS: Final[Keywords] = dict.fromkeys(
    (
        "schemas",
        "securitySchemes",
        "parameters",
        "requestBodies",
        "responses",
        "headers",
        "pathItems",
    ),
    "object",
)
SECURITY_SCHEME: Final[Keywords] = dict.fromkeys(
    ("type", "scheme", "bearerFormat", "in", "name", "openIdConnectUrl"), "string"
) | {"flows": "object"}
PATH_ITEM: Final[Keywords] = dict.fromkeys(METHODS, "object") | {"parameters": "array"}
OPERATION: Final[Keywords] = {
    "operationId": "string",
    "parameters": "array",
    "requestBody": "object",
    "responses": "object",
    "security": "array",
    "deprecated": "boolean",
    "x-portone-unstable": ANYTHING,
    MARK: "string",
}
PARAMETER: Final[Keywords] = {
    "name": "string",
    "in": "string",
    "required": "boolean",
    "schema": "object or boolean",
    "content": "object",
    "style": "string",
    "explode": "boolean",
    "deprecated": "boolean",
    "x-portone-query-or-body": "object",
    MARK: "string",
}
QUERY_OR_BODY: Final[Keywords] = {"enabled": "boolean", "required": "boolean"}
BODY: Final[Keywords] = {"content": "object", "required": "boolean", MARK: "string"}
RESPONSE: Final[Keywords] = {"content": "object", "headers": "object"}
HEADER: Final[Keywords] = {
    "schema": "object or boolean",
    "content": "object",
    "required": "boolean",
    "deprecated": "boolean",
    "style": "string",
    "explode": "boolean",
}
MEDIA: Final[Keywords] = {"schema": "object or boolean"}
SCHEMA: Final[Keywords] = {
    "$ref": "string",
    "type": "string or array",
    "format": "string",
    "nullable": "boolean",
    "required": "array",
    "properties": "object",
    "items": "object or boolean",
    "additionalProperties": "object or boolean",
    "const": ANYTHING,
    "enum": "array",
    "oneOf": "array",
    "anyOf": "array",
    "allOf": "array",
    "discriminator": "object",
    "deprecated": "boolean",
    "readOnly": "boolean",
    "writeOnly": "boolean",
    "x-portone-status-code": "integer",
    MARK: "string",
}
DISCRIMINATOR: Final[Keywords] = {"propertyName": "string", "mapping": "object"}

_NUMBERS: Final = dict.fromkeys(
    ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"),
    "integer",
) | dict.fromkeys(("minimum", "maximum", "multipleOf"), "integer or number")  # fmt: skip
_SCHEMAS: Final = dict.fromkeys(
    (
        "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
        "contentSchema",
    ),
    "object or boolean",
)  # fmt: skip
UNUSED: Final[dict[str, Keywords]] = {
    "document": {"webhooks": "object", "jsonSchemaDialect": "string"},
    "components": dict.fromkeys(("links", "callbacks"), "object"),
    "operation": {"callbacks": "object"},
    "parameter": dict.fromkeys(("allowReserved", "allowEmptyValue"), "boolean"),
    "response": {"links": "object"},
    "media": {"encoding": "object"},
    "schema": {
        **_NUMBERS,
        **_SCHEMAS,
        **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), "integer or number or boolean"),
        **dict.fromkeys(("pattern", "contentEncoding", "contentMediaType", "$id", "$anchor", "$schema"), "string"),
        **dict.fromkeys(("patternProperties", "dependentSchemas", "dependentRequired", "$defs"), "object"),
        "prefixItems": "array",
        "uniqueItems": "boolean",
        "default": ANYTHING,
    },
}  # fmt: skip
"""Kind of object to its keywords that the SDK does not use."""
CONSTRAINTS: Final = frozenset({*_NUMBERS, "exclusiveMinimum", "exclusiveMaximum", "pattern", "uniqueItems", "default", "contentEncoding", "contentMediaType"})  # fmt: skip
"""The unused keywords of a schema that are kept: they hold no schemas and no words."""
FALSE_BY_DEFAULT: Final = ("deprecated", "readOnly", "writeOnly", "nullable", "uniqueItems")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_./:-]{1,64}")


def facts(
    node: Any,
    known: Keywords,
    where: str,
    report: Report,
    *,
    kind: str = "",
    needed: tuple[str, ...] = (),
) -> Json:
    """The keywords of one object of the document without prose; an error if one is new or of another type."""
    if not isinstance(node, dict):
        raise CodegenError(f"{where}: an object is needed, not {json.dumps(node)[:40]}")
    unused = UNUSED.get(kind, {})
    result: Json = {}
    for key, value in cast("Json", node).items():
        if key in PROSE:
            continue
        if key.startswith("x-") and key not in known:
            _keep_extension(key, value, where, report, result)
            continue
        types = known.get(key) or unused.get(key)
        if types is None:
            remedy = "decide in codegen/keywords.py whether it is a fact or prose"
            raise unsupported(where, f"the keyword {key}", remedy)
        if type(value) not in _json_types(types):
            raise CodegenError(f"{where}: {key} must be of type {types}")
        if key in unused and key not in CONSTRAINTS:
            report.note(f"not used: {key}", where)
            continue
        if key in unused:
            report.note(f"kept, not used: {key}", where)
        if key not in FALSE_BY_DEFAULT or value:
            result[key] = value
    for key in needed:
        if key not in result:
            raise CodegenError(f"{where}: has no {key}")
    return result


@cache
def _json_types(types: str) -> frozenset[type]:
    """The classes of values that a table allows."""
    return frozenset(JSON_TYPES[name] for name in types.split(" or "))


def _keep_extension(key: str, value: Any, where: str, report: Report, result: Json) -> None:
    if _is_no_prose(value):
        result[key] = value
        report.note(f"kept, not used: {key}", where)
    else:
        report.note(f"dropped, as it may be prose: {key}", where)


def _is_no_prose(value: Any) -> bool:
    if isinstance(value, dict):
        fields = cast("Json", value)
        return all(_is_no_prose(item) for pair in fields.items() for item in pair)
    if isinstance(value, list):
        return all(_is_no_prose(item) for item in cast("list[Any]", value))
    return not isinstance(value, str) or _TOKEN.fullmatch(value) is not None


def objects(value: Any, where: str) -> dict[str, Any]:
    """`value` if it is a JSON object; an error otherwise."""
    if not isinstance(value, dict):
        raise CodegenError(f"{where}: an object is needed, not {json.dumps(value)[:40]}")
    return cast("dict[str, Any]", value)
