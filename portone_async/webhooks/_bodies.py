"""Parse a webhook's body. The content type is not signed, so nothing here depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from portone_async import _json
from portone_async._registry import model_reader
from portone_async.webhooks._errors import UnreadableBodyError

if TYPE_CHECKING:
    from portone_async.webhooks import Event

_MAX_FIELDS: Final = 100


def parse_event(content: bytes) -> Event:
    """Return the event in a body. One with a `payment_id` and without a `type` is of version 2024-01-01."""
    raw: Any = _parse_json(content)
    if raw is None:
        raw = _parse_form(content)
    if not isinstance(raw, dict):
        raise UnreadableBodyError
    is_legacy = "type" not in raw and "payment_id" in raw
    return model_reader("LegacyWebhook" if is_legacy else "Webhook")(raw)


def _parse_json(content: bytes) -> Any:
    try:
        return _json.loads(content)
    except ValueError:
        return None


def _parse_form(content: bytes) -> Any:
    try:
        pairs = parse_qsl(
            content.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        return None
    fields = dict(pairs)
    return fields if fields.get("payment_id") else None
