"""What a webhook says, in the version that the shop has set."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args
from urllib.parse import urlencode

import orjson

from portone_async.emulator.answers import JSON
from portone_async.emulator.wire import JsonObject

WebhookVersion: TypeAlias = Literal["2024-04-25", "2024-01-01"]
WebhookFormat: TypeAlias = Literal["json", "form"]
"""How a body of version 2024-01-01 is written."""

FORM = "application/x-www-form-urlencoded"
# What version 2024-01-01 tells of; it knows no billing keys.
_OLD_STATUSES = frozenset(
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
    """Refuse a version or a format that there is not.

    Raises:
        ValueError: there is not.
    """
    if version not in get_args(WebhookVersion):
        raise ValueError(f"{version!r} is no version of webhooks")
    if form not in get_args(WebhookFormat):
        raise ValueError(f"{form!r} is no format of webhooks")


def write(event: JsonObject) -> tuple[bytes, str]:
    """Return the body and its content type, in version 2024-04-25."""
    return orjson.dumps(event), JSON


def write_old(event: JsonObject, form: WebhookFormat) -> tuple[bytes, str] | None:
    """Return them in version 2024-01-01; nothing of an event that it does not know."""
    kind, _, status = event["type"].partition(".")
    if kind != "Transaction" or status not in _OLD_STATUSES:
        return None
    data = event["data"]
    fields = {"payment_id": data["paymentId"], "tx_id": data["transactionId"], "status": status}
    if form == "form":
        return urlencode(fields).encode(), FORM
    return orjson.dumps(fields), JSON
