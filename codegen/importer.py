"""`python -m codegen import SOURCE`: a published document in, a document of facts out.

Every keyword is either kept, dropped as prose, or refused by name. A keyword that nobody here has met
stops the import, so that a fact is never lost in silence.
"""

from __future__ import annotations

import hashlib
import http
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from codegen.changes import describe
from codegen.document import (
    METHODS,
    PROVENANCE,
    SCHEMA_PREFIX,
    VENDORED,
    CodegenError,
    Json,
    dump,
    operations,
    reachable,
    schema_name,
)

PROSE: Final = frozenset(
    {
        "title", "summary", "description", "example", "examples", "tags", "externalDocs",
        "x-portone-title", "x-portone-description", "x-portone-summary", "x-portone-category",
        "x-portone-discriminator", "x-portone-enum", "x-portone-error", "x-portone-example",
    }
)  # fmt: skip
SCHEMA_FACTS: Final = frozenset(
    {
        "type", "format", "required", "properties", "items", "additionalProperties", "enum", "const",
        "oneOf", "discriminator", "default", "deprecated", "minimum", "maximum", "minLength",
        "maxLength", "minItems", "maxItems", "pattern", "x-portone-status-code",
    }
)  # fmt: skip
OPERATION_FACTS: Final = frozenset(
    {
        "operationId",
        "parameters",
        "requestBody",
        "responses",
        "security",
        "deprecated",
        "x-portone-unstable",
    }
)
QUERY_BODY: Final = "requestBody"


def import_document(source: str) -> str:
    """Replace the vendored document by the facts of `source` (a path or a URL); tell what changed."""
    content = _fetch(source)
    document = normalise(_parse(source, content))
    text = dump(document)
    before = VENDORED.read_text(encoding="utf-8") if VENDORED.exists() else None
    if before != text:
        _replace(VENDORED, text)
    digest = hashlib.sha256(content).hexdigest()
    known: Json = json.loads(PROVENANCE.read_text(encoding="utf-8")) if PROVENANCE.exists() else {}
    if known.get("source_sha256") != digest or before != text:
        facts = {
            "source_sha256": digest,
            "facts_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "imported_on": datetime.now(UTC).date().isoformat(),
        }
        _replace(PROVENANCE, dump(facts))
    return describe(json.loads(before) if before else None, document)


def normalise(source: Json) -> Json:
    """The facts of a published document, as a valid OpenAPI 3.1 document."""
    version = source.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        found = f"Swagger {source['swagger']}" if "swagger" in source else f"openapi: {version!r}"
        raise CodegenError(f"an OpenAPI 3 document is needed; this one says {found}")
    if not isinstance(source.get("paths"), dict) or not source["paths"]:
        raise CodegenError("the document has no paths: is it complete?")
    schemas: Json = source.get("components", {}).get("schemas", {})
    paths: Json = {}
    for path, item in source["paths"].items():
        stray = set(item) - set(METHODS) - PROSE
        if stray:
            raise CodegenError(f"{path}: not understood: {', '.join(sorted(stray))}")
        methods = {m: _operation(m, path, item[m]) for m in METHODS if m in item}
        if methods:
            paths[path] = methods
    needed = reachable(paths, schemas)
    facts = {name: _schema(schemas[name], name) for name in needed}
    _tag_variants(facts, schemas)
    facts = {name: facts[name] for name in reachable(paths, facts)}
    ids = [operation["operationId"] for _, _, operation in operations({"paths": paths})]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise CodegenError(f"operationId used twice: {', '.join(twice)}")
    security = source.get("components", {}).get("securitySchemes", {})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PortOne V2 API: facts only",
            "version": str(source.get("info", {}).get("version", "unknown")),
        },
        "servers": [{"url": server["url"]} for server in source.get("servers", [])],
        "paths": paths,
        "components": {
            "schemas": facts,
            "securitySchemes": {
                name: {key: value for key, value in scheme.items() if key not in PROSE}
                for name, scheme in security.items()
            },
        },
    }


def _operation(method: str, path: str, operation: Json) -> Json:
    where = f"{method.upper()} {path}"
    stray = set(operation) - OPERATION_FACTS - PROSE
    if stray:
        raise CodegenError(f"{where}: not understood: {', '.join(sorted(stray))}")
    if not operation.get("operationId"):
        raise CodegenError(f"{where}: has no operationId")
    parameters = [_parameter(parameter, where) for parameter in operation.get("parameters", [])]
    result: Json = {"operationId": operation["operationId"]}
    body = operation.get("requestBody")
    if body is not None:
        content = _content(body["content"], where)
        required = bool(body.get("required", False))
        if method not in ("get", "delete"):
            result["requestBody"] = {"content": content, "required": required}
        elif not any(p["name"] == QUERY_BODY for p in parameters):
            query: Json = {"name": QUERY_BODY, "in": "query", "content": content}
            parameters.append(query | ({"required": True} if required else {}))
    if parameters:
        order = {"path": 0, "query": 1}
        result["parameters"] = sorted(
            parameters, key=lambda p: (order[p["in"]], path.find("{" + p["name"] + "}"), p["name"])
        )
    result["responses"] = {
        status: _response(status, response, where)
        for status, response in operation["responses"].items()
    }
    security = operation.get("security")
    if security is not None:
        result["security"] = security
    for key in ("deprecated", "x-portone-unstable"):
        if operation.get(key):
            result[key] = True
    return result


def _parameter(parameter: Json, where: str) -> Json:
    facts: Json = {"name": parameter["name"], "in": parameter["in"]}
    if facts["in"] not in ("path", "query"):
        raise CodegenError(
            f"{where}: a {facts['in']} parameter ({facts['name']}) is not understood"
        )
    # What says best whether a JSON body in the query must be there overrides the two flags of OpenAPI.
    override = parameter.get("x-portone-query-or-body", {})
    if parameter.get("required", False) or override.get("required", False):
        facts["required"] = True
    if "content" in parameter:
        facts["content"] = _content(parameter["content"], where)
    else:
        facts["schema"] = _schema(parameter.get("schema", {}), f"{where} {facts['name']}")
    return facts


def _response(status: str, response: Json, where: str) -> Json:
    # OpenAPI wants a description on every response; HTTP's own phrase is one that says nothing of PortOne's.
    phrase = http.HTTPStatus(int(status)).phrase if status.isdigit() else status
    facts: Json = {"description": phrase}
    if "content" in response:
        facts["content"] = _content(response["content"], f"{where} {status}")
    return facts


def _content(content: Json, where: str) -> Json:
    return {
        kind: {"schema": _schema(media.get("schema", {}), where)} for kind, media in content.items()
    }


def _schema(schema: Json, where: str) -> Json:
    if "$ref" in schema:
        return {"$ref": SCHEMA_PREFIX + schema_name(schema["$ref"])}
    stray = set(schema) - SCHEMA_FACTS - PROSE
    if stray:
        raise CodegenError(f"{where}: not understood: {', '.join(sorted(stray))}")
    facts = {key: value for key, value in schema.items() if key in SCHEMA_FACTS}
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
        facts["required"] = sorted(set(facts["required"]))
        unknown = set(facts["required"]) - set(facts.get("properties", {}))
        if unknown:
            raise CodegenError(
                f"{where}: requires fields that it lacks: {', '.join(sorted(unknown))}"
            )
        if not facts["required"]:
            del facts["required"]
    if "oneOf" in facts:
        _check_union(facts, where)
        facts["oneOf"] = sorted(
            (_schema(s, where) for s in facts["oneOf"]), key=lambda s: s["$ref"]
        )
        facts["discriminator"] = {
            key: facts["discriminator"][key] for key in ("propertyName", "mapping")
        }
    return facts


def _check_union(union: Json, where: str) -> None:
    discriminator = union.get("discriminator", {})
    if "propertyName" not in discriminator or not discriminator.get("mapping"):
        raise CodegenError(
            f"{where}: a oneOf without a discriminator and its mapping is not understood"
        )
    if any("$ref" not in variant for variant in union["oneOf"]):
        raise CodegenError(f"{where}: a variant of the union is no reference")
    mapped = {schema_name(ref) for ref in discriminator["mapping"].values()}
    listed = {schema_name(variant["$ref"]) for variant in union["oneOf"]}
    if mapped != listed:
        raise CodegenError(
            f"{where}: oneOf and mapping differ: {', '.join(sorted(mapped ^ listed))}"
        )


def _tag_variants(facts: Json, published: Json) -> None:
    """Write each variant's tag into it as a const, as the published document types it a plain string."""
    tags: dict[tuple[str, str], set[str]] = {}
    for union in facts.values():
        if "oneOf" in union:
            discriminator = union["discriminator"]
            for value, ref in discriminator["mapping"].items():
                tags.setdefault((schema_name(ref), discriminator["propertyName"]), set()).add(value)
    for (name, tag), found in sorted(tags.items()):
        values = sorted(found)
        properties = facts[name].setdefault("properties", {})
        typed_as = properties.get(tag, {}).get("$ref")
        if typed_as:
            # One variant's tag is typed as an enum of something else (PlatformSettlementAmountExceededError):
            # which of the two the wire carries is unknown, so both readings stay possible.
            values += [
                v for v in published[schema_name(typed_as)].get("enum", []) if v not in values
            ]
        properties[tag] = {"type": "string"} | (
            {"const": values[0]} if len(values) == 1 else {"enum": values}
        )
        facts[name]["required"] = sorted({*facts[name].get("required", []), tag})


def _fetch(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise CodegenError(f"{source} cannot be read: {error.strerror}") from None
    import httpx  # noqa: PLC0415  (only a download needs it)

    try:
        response = httpx.get(source, follow_redirects=True, timeout=60)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CodegenError(
            f"{source} cannot be downloaded: {type(error).__name__}: {error}"
        ) from None
    if response.status_code != http.HTTPStatus.OK:
        raise CodegenError(f"{source} answered {response.status_code} {response.reason_phrase}")
    return response.content


def _parse(source: str, content: bytes) -> Json:
    try:
        document: Any = json.loads(content)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        ended = getattr(error, "pos", -1) >= len(content.decode("utf-8", "replace").rstrip())
        hint = (
            "it ends too early: a truncated download?"
            if ended
            else "an OpenAPI document as JSON is needed"
        )
        raise CodegenError(f"{source} is not JSON: {hint}") from None
    if not isinstance(document, dict):
        raise CodegenError(f"{source} is JSON, but no OpenAPI document (an object is needed)")
    return cast("Json", document)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
