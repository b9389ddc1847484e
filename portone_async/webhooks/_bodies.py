"""Parse a webhook's body. The content type is not signed, so nothing here depends on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl

from portone_async import _json
from portone_async._registry import model_reader
from portone_async.webhooks._errors import UnreadableBodyError

if TYPE_CHECKING:
    from portone_async.webhooks import Event

_MAX_FIELDS: Final = 100
_INTEGER: Final = re.compile(r"[0-9]{1,18}")


def parse_event(content: bytes) -> Event:
    """Return the event in a body. One with a `payment_id` and without a `type` is of version 2024-01-01.

    Of those, one with a `total_amount` and without a `status` asks whether to charge the payment.
    """
    raw: Any = _parse_json(content)
    if raw is None:
        raw = _parse_form(content)
    if not isinstance(raw, dict):
        raise UnreadableBodyError
    return model_reader(_model_name(cast("dict[str, Any]", raw)))(raw)


def _model_name(raw: dict[str, Any]) -> str:
    if "type" in raw or "payment_id" not in raw:
        return "Webhook"
    if "total_amount" in raw and "status" not in raw:
        return "LegacyConfirmWebhook"
    return "LegacyWebhook"


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
    fields: dict[str, Any] = dict(pairs)
    amount = fields.get("total_amount", "")
    if _INTEGER.fullmatch(amount):  # a form knows no numbers
        fields["total_amount"] = int(amount)
    return fields if fields.get("payment_id") else None
