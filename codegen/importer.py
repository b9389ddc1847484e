"""`python -m codegen import SOURCE`: a published document in, a document of facts out.

Every keyword is either kept, dropped as prose, or refused by name: a new keyword stops the import, so that no fact is
lost silently.
"""

from __future__ import annotations

import hashlib
import http
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, cast

from codegen.core import files
from codegen.document import (
    METHODS,
    PARSER_VERSION,
    PROVENANCE,
    SCHEMA_PREFIX,
    VENDORED,
    CodegenError,
    Json,
    dump,
    operations,
    reachable,
    schema_name,
    unsupported,
)

PROSE: Final = frozenset(
    {
        "title", "summary", "description", "example", "examples", "tags", "externalDocs",
        "x-portone-title", "x-portone-description", "x-portone-summary", "x-portone-category",
        "x-portone-discriminator", "x-portone-enum", "x-portone-error", "x-portone-example",
    }
)  # fmt: skip
Keywords = Mapping[str, str]
# The keywords of each kind of object beside prose, and their JSON types; any other stops the import.
JSON_TYPES: Final[dict[str, type]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
}
DOCUMENT: Final = {
    "openapi": "string",
    "info": "object",
    "servers": "array",
    "paths": "object",
    "components": "object",
}
COMPONENTS: Final = {"schemas": "object", "securitySchemes": "object"}
SECURITY_SCHEME: Final[Keywords] = dict.fromkeys(
    ("type", "scheme", "bearerFormat", "in", "name"), "string"
)
PATH_ITEM: Final[Keywords] = dict.fromkeys(METHODS, "object")
OPERATION: Final = {
    "operationId": "string",
    "parameters": "array",
    "requestBody": "object",
    "responses": "object",
    "security": "array",
    "deprecated": "boolean",
    "x-portone-unstable": "boolean",
}
PARAMETER: Final = {
    "name": "string",
    "in": "string",
    "required": "boolean",
    "schema": "object",
    "content": "object",
    "x-portone-query-or-body": "object",
}
QUERY_OR_BODY: Final = {"enabled": "boolean", "required": "boolean"}
BODY: Final = {"content": "object", "required": "boolean"}
RESPONSE: Final = {"content": "object"}
MEDIA: Final = {"schema": "object"}
SCHEMA: Final = {
    "type": "string",
    "format": "string",
    "required": "array",
    "properties": "object",
    "items": "object",
    "additionalProperties": "object or boolean",
    "const": "string",
    "enum": "array",
    "default": "string or integer or number or boolean or array or object",
    "deprecated": "boolean",
    "minimum": "integer or number",
    "maximum": "integer or number",
    "minLength": "integer",
    "maxLength": "integer",
    "minItems": "integer",
    "maxItems": "integer",
    "pattern": "string",
}
# Enums, unions and errors are always components.
ENUM: Final = {"type": "string", "enum": "array", "deprecated": "boolean"}
UNION: Final = {"type": "string", "oneOf": "array", "discriminator": "object"}
DISCRIMINATOR: Final = {"propertyName": "string", "mapping": "object"}
COMPONENT: Final = SCHEMA | {"x-portone-status-code": "integer"}
QUERY_BODY: Final = "requestBody"


def import_document(source: str) -> str:
    """Replace the vendored document by the facts of `source` (a path or a URL); report what changed."""
    content = fetch(source)
    document = _facts_of(source, content)
    text = dump(document).encode()
    before = VENDORED.read_bytes() if VENDORED.is_file() else b""
    result = _report(before, document)
    digest = hashlib.sha256(content).hexdigest()
    if before != text or _vendored_from() != digest:
        facts = {
            "source_sha256": digest,
            "facts_sha256": hashlib.sha256(text).hexdigest(),
            "generator": version("portone-async"),
            "openapi_python_client": PARSER_VERSION,
            "imported_on": datetime.now(UTC).date().isoformat(),
        }
        _write(VENDORED, text)
        _write(PROVENANCE, dump(facts).encode())
    return result


def load(source: str) -> Json:
    """The facts of a document, published or vendored, at a path or a URL."""
    return _facts_of(source, fetch(source))


def _facts_of(source: str, content: bytes) -> Json:
    try:
        document = normalise(_parse(source, content))
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise CodegenError(f"{source} is nested too deeply") from None
    except UnicodeEncodeError as error:
        raise CodegenError(f"{source} contains an unpaired surrogate: {error.reason}") from None
    return document


def _report(before: bytes, document: Json) -> str:
    try:
        old = _facts_of(VENDORED.name, before)
    except CodegenError:
        # There was no document, or a merge broke it.
        return f"imported {sum(1 for _ in operations(document))} operations"
    from codegen.diff.renderers import summary  # noqa: PLC0415  (the comparison imports this module)

    return summary(old, document).rstrip("\n")


def normalise(source: Json) -> Json:
    """The facts of a published document, as a valid OpenAPI 3.1 document."""
    version = source.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        actual = f"Swagger {source['swagger']}" if "swagger" in source else f"openapi: {version!r}"
        raise CodegenError(f"an OpenAPI 3 document is needed, not {actual}")
    if not source.get("paths"):
        raise CodegenError("the document has no paths: is it complete?")
    # The extensions at the root are the contents of PortOne's documentation pages.
    root = {key: value for key, value in source.items() if not key.startswith("x-")}
    root = _facts(root, DOCUMENT, "the document", "info")
    components = _facts(root.get("components", {}), COMPONENTS, "components")
    schemas: Json = components.get("schemas", {})
    paths: Json = {}
    for path, item in root["paths"].items():
        methods = {
            method: _operation(method, path, operation)
            for method, operation in _facts(item, PATH_ITEM, path).items()
        }
        if methods:
            paths[path] = methods
    needed = reachable(paths, schemas)
    facts = {name: _component(schemas[name], name) for name in needed}
    _tag_variants(facts)
    facts = {name: facts[name] for name in reachable(paths, facts)}
    ids = [operation["operationId"] for _, _, operation in operations({"paths": paths})]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise CodegenError(f"operationId used twice: {', '.join(twice)}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PortOne V2 API: facts only",
            "version": str(root["info"].get("version", "unknown")),
        },
        "servers": [
            _facts(server, {"url": "string"}, "servers", "url")
            for server in root.get("servers", [])
        ],
        "paths": paths,
        "components": {
            "schemas": facts,
            "securitySchemes": {
                name: _facts(scheme, SECURITY_SCHEME, f"securitySchemes.{name}")
                for name, scheme in components.get("securitySchemes", {}).items()
            },
        },
    }


def _facts(node: Any, known: Keywords, where: str, *needed: str) -> Json:
    """The keywords of one object of the document without prose; an error if one is new or of another type."""
    if not isinstance(node, dict):
        raise CodegenError(f"{where}: an object is needed, not {json.dumps(node)[:40]}")
    facts = {key: value for key, value in cast("Json", node).items() if key not in PROSE}
    for keyword in sorted(facts.keys() - known.keys()):
        remedy = "decide in codegen/importer.py whether it is a fact or prose"
        raise unsupported(where, f"the keyword {keyword}", remedy)
    for key, value in facts.items():
        if type(value) not in [JSON_TYPES[kind] for kind in known[key].split(" or ")]:
            raise CodegenError(f"{where}: {key} must be of type {known[key]}")
    for key in needed:
        if key not in facts:
            raise CodegenError(f"{where}: has no {key}")
    return facts


def _texts(values: list[Any], where: str) -> list[str]:
    """The strings of a list, each once, in order."""
    for value in values:
        if not isinstance(value, str):
            raise unsupported(where, f"{json.dumps(value)[:40]}", "only strings are")
    return list(dict.fromkeys(values))


def _operation(method: str, path: str, operation: Json) -> Json:
    where = f"{method.upper()} {path}"
    facts = _facts(operation, OPERATION, where, "operationId", "responses")
    parameters = [_parameter(parameter, where) for parameter in facts.get("parameters", [])]
    result: Json = {"operationId": facts["operationId"]}
    if "requestBody" in facts:
        body = _facts(facts["requestBody"], BODY, f"{where} requestBody", "content")
        body = {
            "content": _content(body["content"], where),
            "required": body.get("required", False),
        }
        if method in ("get", "delete"):
            _put_in_query(body, parameters, where)
        else:
            result["requestBody"] = body
    if parameters:
        order = {"path": 0, "query": 1}
        result["parameters"] = sorted(
            parameters, key=lambda p: (order[p["in"]], path.find("{" + p["name"] + "}"), p["name"])
        )
    result["responses"] = {
        status: _response(status, response, where)
        for status, response in facts["responses"].items()
    }
    if "security" in facts:
        result["security"] = facts["security"]
    for key in ("deprecated", "x-portone-unstable"):
        if facts.get(key):
            result[key] = True
    return result


def _put_in_query(body: Json, parameters: list[Json], where: str) -> None:
    """Where HTTP has no body, it is sent as JSON in the query; PortOne's document mostly lists it in both places."""
    listed = [parameter for parameter in parameters if parameter["name"] == QUERY_BODY]
    if not listed:
        listed = [{"name": QUERY_BODY, "in": "query", "content": body["content"]}]
        parameters += listed
    if listed[0].get("content") != body["content"]:
        raise CodegenError(f"{where}: the body and the query parameter {QUERY_BODY} differ")
    if body["required"]:
        listed[0]["required"] = True


def _parameter(parameter: Any, where: str) -> Json:
    keywords = _facts(parameter, PARAMETER, f"{where} parameters", "name", "in")
    name, place = keywords["name"], keywords["in"]
    where = f"{where} {name}"
    if place not in ("path", "query"):
        raise unsupported(where, f"a {place} parameter", "path and query parameters are")
    facts: Json = {"name": name, "in": place}
    # PortOne's own flag is right about a required body in the query where the two of OpenAPI are not.
    override = _facts(keywords.get("x-portone-query-or-body", {}), QUERY_OR_BODY, where)
    if keywords.get("required") or override.get("required"):
        facts["required"] = True
    if "content" in keywords:
        facts["content"] = _content(keywords["content"], where)
    elif "schema" in keywords:
        facts["schema"] = _schema(keywords["schema"], where)
    else:
        raise CodegenError(f"{where}: has no schema")
    return facts


def _response(status: str, response: Any, where: str) -> Json:
    where = f"{where} {status}"
    # OpenAPI requires a description on every response: HTTP's own phrase, since PortOne's is prose.
    phrase = {str(known.value): known.phrase for known in http.HTTPStatus}.get(status)
    if phrase is None:
        raise CodegenError(f"{where}: is not an HTTP status")
    facts: Json = {"description": phrase}
    keywords = _facts(response, RESPONSE, where)
    if "content" in keywords:
        facts["content"] = _content(keywords["content"], where)
    return facts


def _content(content: Json, where: str) -> Json:
    return {
        kind: {"schema": _schema(_facts(media, MEDIA, f"{where} {kind}").get("schema", {}), where)}
        for kind, media in content.items()
    }


def _component(schema: Any, name: str) -> Json:
    """A schema in components: only these are enums, unions or errors."""
    if not isinstance(schema, dict):
        raise CodegenError(f"{name}: an object is needed, not {json.dumps(schema)[:40]}")
    if "oneOf" in schema:
        return _union(cast("Json", schema), name)
    if "enum" in schema:
        facts = _facts(cast("Json", schema), ENUM, name)
        return facts | {"enum": _texts(facts["enum"], f"{name} enum")}
    return _schema(cast("Json", schema), name, COMPONENT)


def _schema(schema: Any, where: str, known: Keywords = SCHEMA) -> Json:
    if isinstance(schema, dict) and "$ref" in schema:
        return {"$ref": SCHEMA_PREFIX + schema_name(cast("Json", schema)["$ref"])}
    facts = _facts(schema, known, where)
    if facts.get("type", "object") not in JSON_TYPES:
        raise unsupported(where, f"type {facts['type']}", f"{', '.join(JSON_TYPES)} are")
    if "enum" in facts:
        facts["enum"] = _texts(facts["enum"], f"{where} enum")
    if "items" in facts:
        facts.pop("properties", None)
        facts["items"] = _schema(facts["items"], f"{where}[]")
    if "properties" in facts:
        facts["properties"] = {
            name: _schema(value, f"{where}.{name}") for name, value in facts["properties"].items()
        }
        if not facts["properties"]:
            del facts["properties"]
    if isinstance(facts.get("additionalProperties"), dict):
        facts["additionalProperties"] = _schema(facts["additionalProperties"], f"{where}.*")
    if "required" in facts:
        facts["required"] = sorted(_texts(facts["required"], f"{where} required"))
        unknown = set(facts["required"]) - set(facts.get("properties", {}))
        if unknown:
            raise CodegenError(
                f"{where}: requires fields that it does not have: {', '.join(sorted(unknown))}"
            )
        if not facts["required"]:
            del facts["required"]
    return facts


def _union(union: Json, where: str) -> Json:
    facts = _facts(union, UNION, where, "discriminator")
    discriminator = _facts(
        facts["discriminator"], DISCRIMINATOR, f"{where} discriminator", "propertyName", "mapping"
    )
    mapped = {schema_name(ref) for ref in discriminator["mapping"].values()}
    listed = {
        schema_name(_facts(variant, {"$ref": "string"}, f"{where} oneOf", "$ref")["$ref"])
        for variant in facts["oneOf"]
    }
    if mapped != listed:
        raise CodegenError(
            f"{where}: oneOf and mapping differ: {', '.join(sorted(mapped ^ listed))}"
        )
    if not mapped:
        raise unsupported(where, "a union of nothing", "a union needs a variant")
    return {
        "oneOf": [{"$ref": SCHEMA_PREFIX + name} for name in sorted(listed)],
        "discriminator": discriminator,
    }


def _tag_variants(facts: Json) -> None:
    """Add each variant's tag to it as a const: in the published document it is a plain string."""
    tags: dict[tuple[str, str], set[str]] = {}
    for union in facts.values():
        if "oneOf" in union:
            discriminator = union["discriminator"]
            for value, ref in discriminator["mapping"].items():
                tags.setdefault((schema_name(ref), discriminator["propertyName"]), set()).add(value)
    for (name, tag), tagged in sorted(tags.items()):
        values = sorted(tagged)
        if facts[name].get("type", "object") != "object" or facts[name].keys() & {"oneOf", "enum"}:
            raise unsupported(name, "a variant of a union that is not an object", "make it one")
        properties = facts[name].setdefault("properties", {})
        typed_as = properties.get(tag, {"type": "string"})
        if "$ref" in typed_as:
            typed_as = facts[schema_name(typed_as["$ref"])]
        if "enum" in typed_as:
            # One variant's tag is typed as another enum (PlatformSettlementAmountExceededError). Which of the two
            # PortOne sends is unknown, so both are allowed.
            values += [value for value in typed_as["enum"] if value not in values]
        elif typed_as.get("type") != "string":
            raise unsupported(
                f"{name}.{tag}", "a discriminator that is not a string", "only strings are"
            )
        properties[tag] = {"type": "string"} | (
            {"const": values[0]} if len(values) == 1 else {"enum": values}
        )
        facts[name]["required"] = sorted({*facts[name].get("required", []), tag})
    for name, schema in facts.items():
        for field, value in schema.get("properties", {}).items():
            if "enum" in value and (name, field) not in tags:
                where = f"{name}.{field}"
                raise unsupported(where, "an enum without a name", "move it to components/schemas")


def fetch(source: str) -> bytes:
    """The content of a file, or of a URL."""
    if not source.startswith(("http://", "https://")):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise CodegenError(f"{source} cannot be read: {error.strerror}") from None
    import httpx  # noqa: PLC0415  (only a download needs it)

    try:
        response = httpx.get(source, follow_redirects=True, timeout=60)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CodegenError(
            f"{source} cannot be downloaded: {type(error).__name__}: {error}"
        ) from None
    if response.status_code != http.HTTPStatus.OK:
        raise CodegenError(f"{source} returned {response.status_code} {response.reason_phrase}")
    return response.content


def _parse(source: str, content: bytes) -> Json:
    try:
        document: Any = json.loads(content)
    except ValueError as error:
        text = content.decode("utf-8", "replace").strip()
        if not text:
            raise CodegenError(f"{source} is empty") from None
        ended = "Unterminated string" in str(error) or getattr(error, "pos", 0) >= len(text)
        cut = text.startswith("{") and (ended or not text.endswith("}"))
        hint = (
            "it ends too early: a truncated download?" if cut else "an OpenAPI document is needed"
        )
        raise CodegenError(f"{source} is not JSON: {hint}") from None
    if not isinstance(document, dict):
        raise CodegenError(f"{source} is JSON, but not an OpenAPI document: an object is needed")
    return cast("Json", document)


def _vendored_from() -> str | None:
    """The hash of the last source that was imported."""
    try:
        return _parse(PROVENANCE.name, PROVENANCE.read_bytes()).get("source_sha256")
    except (OSError, CodegenError):
        return None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise CodegenError(f"{path} cannot be written: {error.strerror}") from None
