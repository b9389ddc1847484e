"""Statuses as coloured labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portone_emulator.web import texts
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator

_CLIENT_ERROR, _SERVER_ERROR = 400, 500
# CSS classes that colour each status.
_TONES: Final = {
    "good": "PAID SUCCEEDED ISSUED VERIFIED APPROVED SETTLED PAID_OUT SENDING_COMPLETED",
    "bad": "FAILED ISSUE_FAILED REJECTED PAYOUT_FAILED REQUEST_REFUSED",
    "waiting": "VIRTUAL_ACCOUNT_ISSUED PAY_PENDING PENDING STARTED REQUESTED IN_PROCESS PAYOUT_PREPARED",
    "spent": "PARTIAL_CANCELLED CANCELLED DELETED REVOKED REQUEST_CANCELLED ISSUANCE_CANCELLED",
}
_TONE_OF: Final = {status: tone for tone, names in _TONES.items() for status in names.split()}


def badge(text: str, tone: str) -> Html:
    """Render a text as a coloured label."""
    return element("span", text, class_=f"badge {tone}")


def status_badge(t: Translator, names: Mapping[str, Text], status: str) -> list[Html]:
    """Render a status; under a translated one stands its name in the API."""
    label = t(names[status]) if status in names else status
    name = [] if label == status else [element("small", status, class_="status")]
    return [badge(label, _TONE_OF.get(status, "quiet")), *name]


def http_badge(t: Translator, status: int | None) -> Html:
    """Render the status of an HTTP response; `None` if there was none."""
    if status is None:
        return badge(t(texts.NO_RESPONSE_SENT), "bad")
    if status >= _SERVER_ERROR:
        return badge(str(status), "bad")
    return badge(str(status), "waiting" if status >= _CLIENT_ERROR else "good")
