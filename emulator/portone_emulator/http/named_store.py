"""The store that a request names, whatever else of the request is wrong."""

from __future__ import annotations

import codecs
from typing import cast
from urllib.parse import parse_qs

import orjson

from portone_emulator.document.document import Match
from portone_emulator.state.json_values import JsonObject

_NAME = "storeId"


def named_store(match: Match, query_string: str, content: bytes | None) -> str | None:
    """Return the store ID in a request's query or body, `None` if there is none."""
    query = parse_qs(query_string)
    operation = match.operation
    if any(parameter.name == _NAME for parameter in operation.query):
        return query.get(_NAME, [None])[-1]
    if operation.body is None:
        return None
    texts: list[str | bytes] = [(content or b"").removeprefix(codecs.BOM_UTF8)]
    if operation.body_parameter is not None:
        texts += query.get(operation.body_parameter, [])
    for body in map(_parse, texts):
        for holder in (body, body.get("payment")):  # as `createPaymentSchedule` has it
            store_id = cast("JsonObject", holder).get(_NAME) if isinstance(holder, dict) else None
            if isinstance(store_id, str):
                return store_id
    return None


def _parse(text: str | bytes) -> JsonObject:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return cast("JsonObject", value) if isinstance(value, dict) else {}
