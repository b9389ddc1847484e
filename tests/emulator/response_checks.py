"""Checks of responses by the OpenAPI document, independent of the emulator's own code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    import httpx

FILE = Path(__file__).parents[2] / "openapi" / "portone-v2.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
# Errors that any request can get, though no operation lists them.
UNLISTED = {
    (404, "NOT_FOUND"),
    (405, "METHOD_NOT_ALLOWED"),
    (409, "IDEMPOTENCY_OUTSTANDING_REQUEST"),
}
_REGISTRY: Any = Registry().with_resource("urn:d", DRAFT202012.create_resource(DOCUMENT))
_FORMATS = FormatChecker()
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_PORTONE_TIME = re.compile(r"[^.]+\.\d{9}Z")
_VALIDATORS: dict[str, Draft202012Validator] = {}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and definition of every operation."""
    return [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


_PATTERNS = [
    (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operation)
    for method, path, operation in sorted(operations(), key=lambda row: row[1].count("{"))
]


def errors_of(schema: dict[str, Any], value: Any) -> list[str]:
    """Return the validation errors of a value."""
    reference = schema.get("$ref", "")
    if reference not in _VALIDATORS:
        _VALIDATORS[reference] = Draft202012Validator(
            {"$ref": f"urn:d{reference}"}, registry=_REGISTRY, format_checker=_FORMATS
        )
    errors = _VALIDATORS[reference].iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in errors]


def operation_of(request: httpx.Request) -> dict[str, Any] | None:
    """Return the definition of a request's operation."""
    path = request.url.raw_path.decode().partition("?")[0]
    for method, pattern, operation in _PATTERNS:
        if method == request.method and pattern.fullmatch(path):
            return operation
    return None


def _times_of_other_precision(value: Any) -> list[str]:
    """Return the date-times that do not have nine fractional digits, as PortOne's have."""
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return [time for member in members for time in _times_of_other_precision(member)]
    is_time = isinstance(value, str) and _TIME.fullmatch(value)
    return [value] if is_time and not _PORTONE_TIME.fullmatch(value) else []


def check(response: httpx.Response) -> None:
    """Check a response against the document: status, content type, body."""
    operation = operation_of(response.request)
    if response.is_success:
        assert operation is not None
        content = operation["responses"]["200"].get("content", {})
        if not content:
            assert response.content == b""
            return
        [(media_type, media)] = content.items()
        assert response.headers["content-type"].partition(";")[0] == media_type
        if media_type == "application/json":
            assert errors_of(media["schema"], response.json()) == []
            times = _times_of_other_precision(response.json())
            assert times == [], times
        return
    body = response.json()
    assert isinstance(body["type"], str)
    assert isinstance(body.get("message", ""), str)
    if (response.status_code, body["type"]) in UNLISTED:
        return
    assert operation is not None
    listed = operation["responses"][str(response.status_code)]
    union = listed["content"]["application/json"]["schema"]
    assert errors_of(union, body) == []
    mapping = SCHEMAS[union["$ref"].rpartition("/")[2]]["discriminator"]["mapping"]
    schema = SCHEMAS[mapping[body["type"]].rpartition("/")[2]]
    assert schema["x-portone-status-code"] == response.status_code
