"""Parsing request data: JSON bodies, the dashboard's forms, queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import orjson

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web.guard import FORM, media_type

if TYPE_CHECKING:
    from starlette.requests import Request


async def read_body(
    request: Request, properties: JsonObject, max_bytes: int = 1_000_000
) -> JsonObject:
    """Parse a request's body; values of a form are converted to their properties' types.

    Raises:
        EmulatedAPIError: INVALID_REQUEST.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > max_bytes:
            raise invalid("body", f"must not exceed {max_bytes} bytes")
    if not content:
        return {}
    match media_type(request):
        case "application/json":
            return _json(bytes(content))
        case form if form == FORM:
            return parse_query(bytes(content), properties)
        case _:
            raise invalid("Content-Type", "must be application/json")


def read_query(request: Request, properties: JsonObject) -> JsonObject:
    """Parse the query, converting values to their properties' types."""
    return parse_query(request.scope["query_string"], properties)


def _json(content: bytes) -> JsonObject:
    try:
        body = cast("object", orjson.loads(content))
    except orjson.JSONDecodeError:
        raise invalid("body", "is not valid JSON") from None
    if not isinstance(body, dict):
        raise invalid("body", "must be a JSON object")
    return cast("JsonObject", body)


def parse_query(content: bytes, properties: JsonObject) -> JsonObject:
    """Parse a form or a query. Empty fields are omitted; repeated fields form a list.

    Raises:
        EmulatedAPIError: INVALID_REQUEST.
    """
    try:
        pairs = parse_qsl(content.decode(), max_num_fields=100, errors="strict")
    except ValueError:
        raise invalid("body", "is not a valid form") from None
    read: JsonObject = {}
    for name, text in pairs:
        kind = properties.get(name, {}).get("type")
        if kind == "array":
            read.setdefault(name, []).append(text)
        else:
            read[name] = _value(kind, text.strip())
    return read


def _value(kind: Any, text: str) -> object:
    """Convert a text; if it is not of the type, keep it, so that validation reports it."""
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}.get(text, text)
            case _:
                return text
    except ValueError:
        return text
