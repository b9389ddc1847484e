"""Verify webhooks from PortOne, and parse their events.

    message = verify(await request.body(), request.headers, secrets)
    match message.event:
        case TransactionPaidWebhook(data=data):
            ...                                  # look up data.payment_id, compare the amount, then deliver
        case UnknownVariant():
            ...                                  # PortOne may add types at any time: ignore it, respond with 200

`portone_async.fastapi` does this for FastAPI, and handles each webhook only once.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias, Union

from attrs import define

from portone_async._errors import InvalidArgumentError
from portone_async.webhooks._bodies import parse_event
from portone_async.webhooks._errors import (
    MalformedTimestampError,
    MissingHeaderError,
    NoMatchingSignatureError,
    RepeatedHeaderError,
    TimestampTooNewError,
    TimestampTooOldError,
    UnreadableBodyError,
    WebhookVerificationError,
)
from portone_async.webhooks._signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    Headers,
    Secrets,
    compute_signature,
    decode_secrets,
    read_headers,
    to_bytes,
    verify_signature,
)

if TYPE_CHECKING:
    from portone_async.models import LegacyConfirmWebhook, LegacyWebhook, Webhook

    Event: TypeAlias = Webhook | LegacyWebhook | LegacyConfirmWebhook
    """A webhook's event: a model, or `UnknownVariant` for a type that this version does not know."""

__all__ = [
    "DEFAULT_TOLERANCE",
    "Event",
    "MalformedTimestampError",
    "MissingHeaderError",
    "NoMatchingSignatureError",
    "RepeatedHeaderError",
    "TimestampTooNewError",
    "TimestampTooOldError",
    "UnreadableBodyError",
    "WebhookMessage",
    "WebhookVerificationError",
    "parse_unverified",
    "sign",
    "verify",
]

DEFAULT_TOLERANCE: Final = timedelta(minutes=5)
"""How far `webhook-timestamp` may differ from this machine's clock, in either direction."""


@define(frozen=True)
class WebhookMessage:
    """A verified webhook.

    Attributes:
        id: `webhook-id`: the same in every redelivery, so it identifies the event for deduplication.
        timestamp: When this delivery was sent, timezone-aware. When the event happened is `event.timestamp`.
        event: What happened; an `UnknownVariant` for a type that this version does not know.
    """

    id: str
    timestamp: datetime
    event: Event


def verify(
    body: bytes | bytearray | memoryview | str,
    headers: Headers,
    secrets: Secrets,
    *,
    tolerance: timedelta = DEFAULT_TOLERANCE,
    now: datetime | None = None,
) -> WebhookMessage:
    """Verify that a request is a webhook from PortOne, and parse it.

    Args:
        body: The raw body, as received. Text is encoded as UTF-8.
        headers: The request's headers: any mapping or pairs, names in any case, values that are `str`, `bytes`
            or lists of them.
        secrets: The webhook secret from PortOne's console, or several while one is being replaced. A `str` is Base64,
            with or without `whsec_`; `bytes` are the decoded key (or start with `whsec_`). At least 24 bytes decoded.
        tolerance: How far `webhook-timestamp` may differ from `now`, in either direction.
        now: The time to compare with, timezone-aware; the current time by default. For webhooks that were stored,
            pass the time at which they were received.

    Returns:
        The webhook's id, the time it was sent, and its event. An event that differs from what this version knows is
        not an error: a missing field is `None`, an unknown type an `UnknownVariant`.

    Raises:
        WebhookVerificationError: It is not a valid webhook; the class tells why. Respond with 400 and do nothing.
        InvalidArgumentError: A secret is not valid, or an argument has a wrong type: this is a bug in the program.
    """
    keys = decode_secrets(secrets)
    content = to_bytes(body)
    seconds_now = _check_aware(now, "now").timestamp()
    if not isinstance(tolerance, timedelta) or tolerance < timedelta():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("tolerance takes a timedelta that is not negative")
    signed = read_headers(headers)
    age = seconds_now - signed.seconds
    if age > tolerance.total_seconds():
        raise TimestampTooOldError
    if -age > tolerance.total_seconds():
        raise TimestampTooNewError
    verify_signature(keys, signed, content)
    return WebhookMessage(
        signed.id, datetime.fromtimestamp(signed.seconds, UTC), parse_event(content)
    )


def parse_unverified(body: bytes | bytearray | memoryview | str) -> Event:
    """Parse a webhook without verifying it: anyone can send one that says an order is paid.

    Meant for bodies that were verified when they were received, and stored since. For requests, use `verify`.

    Raises:
        UnreadableBodyError: The body is not a webhook.
    """
    return parse_event(to_bytes(body))


def sign(
    body: bytes | bytearray | memoryview | str,
    secrets: Secrets,
    *,
    message_id: str | None = None,
    timestamp: datetime | None = None,
) -> dict[str, str]:
    """Return the headers that PortOne would send with a body. For tests.

    Args:
        body: The body.
        secrets: The webhook secret, as for `verify`, or several for one signature each.
        message_id: The `webhook-id`, in printable ASCII. Random by default.
        timestamp: When the webhook is sent, timezone-aware. The current time by default.

    Raises:
        InvalidArgumentError: An argument is not valid.
    """
    keys = decode_secrets(secrets)
    content = to_bytes(body)
    if message_id is None:
        message_id = f"msg_{uuid.uuid4().hex}"
    if not message_id or not message_id.isascii() or not message_id.isprintable():
        raise InvalidArgumentError("message_id takes printable ASCII")
    seconds = str(int(_check_aware(timestamp, "timestamp").timestamp()))
    signatures = (compute_signature(key, message_id, seconds, content).decode() for key in keys)
    return {ID: message_id, TIMESTAMP: seconds, SIGNATURE: " ".join(signatures)}


def _check_aware(value: datetime | None, name: str) -> datetime:
    """Return a timezone-aware time, by default the current one."""
    if value is None:
        return datetime.now(UTC)
    if not isinstance(value, datetime) or value.tzinfo is None:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} takes a datetime with a time zone")
    return value


if not TYPE_CHECKING:  # it would allow any name

    def __getattr__(name: str) -> Any:
        if name == "Event":
            from portone_async.models import (  # noqa: PLC0415  (loads every event)
                LegacyConfirmWebhook,
                LegacyWebhook,
                Webhook,
            )

            # Built at run time.
            globals()[name] = Union[Webhook, LegacyWebhook, LegacyConfirmWebhook]  # noqa: UP007
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
