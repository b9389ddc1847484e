"""A body into an event, by itself: its content type is not signed, so nothing depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson

from portone_async._registry import model_reader
from portone_async.webhooks._errors import UnreadableBodyError

if TYPE_CHECKING:
    from portone_async.webhooks import Event

_MAX_FIELDS: Final = 100


def read_event(content: bytes) -> Event:
    """The event that a body tells of: one without a tag that has a `payment_id` is of version 2024-01-01."""
    raw: Any = _json(content)
    if raw is None:
        raw = _form(content)
    if not isinstance(raw, dict):
        raise UnreadableBodyError
    legacy = "type" not in raw and "payment_id" in raw
    return model_reader("LegacyWebhook" if legacy else "Webhook")(raw)


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _form(content: bytes) -> Any:
    try:
        pairs = parse_qsl(
            content.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        return None
    fields = dict(pairs)
    return fields if fields.get("payment_id") else None
