"""Webhook bodies, in the version that the store has configured."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args
from urllib.parse import urlencode

import orjson

from portone_emulator.document.choices import check_choice
from portone_emulator.http.responses import JSON
from portone_emulator.state.json_values import JsonObject

WebhookVersion: TypeAlias = Literal["2024-04-25", "2024-01-01"]
WebhookFormat: TypeAlias = Literal["json", "form"]
"""The encoding of version 2024-01-01 bodies."""

FORM = "application/x-www-form-urlencoded"
# The statuses of version 2024-01-01, which has no billing-key events.
_LEGACY_STATUSES = frozenset(
    {
        "Ready",
        "Paid",
        "VirtualAccountIssued",
        "PartialCancelled",
        "Cancelled",
        "Failed",
        "PayPending",
        "CancelPending",
    }
)


def check_version(version: str, form: str) -> None:
    """Check a webhook version and format.

    Raises:
        ValueError: one of them is unknown.
    """
    check_choice("webhook_version", version, get_args(WebhookVersion))
    check_choice("webhook_format", form, get_args(WebhookFormat))


def encode(event: JsonObject) -> tuple[bytes, str]:
    """Return the body and its content type, in version 2024-04-25."""
    return orjson.dumps(event), JSON


def encode_legacy(event: JsonObject, form: WebhookFormat) -> tuple[bytes, str] | None:
    """Return the same in version 2024-01-01; `None` for an event that it does not have."""
    kind, _, status = event["type"].partition(".")
    if kind != "Transaction" or status not in _LEGACY_STATUSES:
        return None
    data = event["data"]
    fields = {"payment_id": data["paymentId"], "tx_id": data["transactionId"], "status": status}
    if form == "form":
        return urlencode(fields).encode(), FORM
    return orjson.dumps(fields), JSON
