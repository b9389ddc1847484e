"""The vendored document as a judge of requests, for what Prism lets pass."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]

DOCUMENT: Json = json.loads(
    (Path(__file__).parents[2] / "openapi/portone-v2.json").read_text(encoding="utf-8")
)
OPERATIONS: dict[tuple[str, str], Json] = {
    (method.upper(), path): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}


def closed(*, everything: bool = False) -> Json:
    """A copy of the document whose objects have no fields but its own; with `everything`, all of them."""
    document = copy.deepcopy(DOCUMENT)
    for schema in document["components"]["schemas"].values():
        if schema.get("type") == "object" and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
            if everything:
                schema["required"] = list(schema.get("properties", {}))
    return document


_CLOSED = {everything: closed(everything=everything) for everything in (False, True)}


def problems(request: httpx.Request, template: str, *, everything: bool) -> Iterator[str]:
    """What is wrong with a request; with `everything`, leaving out something optional is wrong too."""
    operation = OPERATIONS[request.method, template]
    path, _, query = request.url.raw_path.decode().partition("?")
    if not re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
        yield f"the path is not of the form {template}"
    if ("authorization" in request.headers) != bool(operation.get("security")):
        yield "credentials are sent where none are asked for, or the other way round"

    declared = {p["name"]: p for p in operation.get("parameters", []) if p["in"] == "query"}
    given = dict(parse_qsl(query, keep_blank_values=True))
    for name in given.keys() - declared.keys():
        yield f"there is no query parameter {name}"
    if everything:
        for name in declared.keys() - given.keys():
            if not _is_empty(declared[name]):
                yield f"the query parameter {name} is missing"

    bodies = [(p, given[name]) for name, p in declared.items() if "content" in p and name in given]
    if "requestBody" in operation:
        bodies.append((operation["requestBody"], request.content.decode()))
    elif request.content:
        yield "there is a body where none is asked for"
    for facts, text in bodies:
        schema = _CLOSED[everything] | facts["content"]["application/json"]["schema"]
        validator: Any = Draft202012Validator(schema, format_checker=FormatChecker())
        try:
            value = json.loads(text)
        except ValueError:
            yield "the body is not JSON"
            continue
        for error in validator.iter_errors(value):
            yield f"{error.json_path}: {error.message}"


def _is_empty(parameter: Json) -> bool:
    """Whether it is JSON of an object without fields: no argument can bring such a one about."""
    content = parameter.get("content", {"application/json": {"schema": {}}})
    name = content["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"].get(name) == {"type": "object"}
