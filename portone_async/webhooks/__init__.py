"""PortOne's webhooks: is this request theirs, and what does it tell.

    message = verify(await request.body(), request.headers, secrets)
    match message.event:
        case TransactionPaidWebhook(data=data):
            ...                                  # look data.payment_id up, compare the amount, then deliver
        case UnknownVariant():
            ...                                  # PortOne may add a type any day: ignore it, answer 200

`portone_async.fastapi` does this for FastAPI, with deduplication.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias, Union

from attrs import define

from portone_async._errors import InvalidArgumentError
from portone_async.webhooks._bodies import read_event
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
    check_signature,
    content_of,
    keys_of,
    signature_of,
    signed_headers,
)

if TYPE_CHECKING:
    from portone_async.models import LegacyWebhook, Webhook

    Event: TypeAlias = Webhook | LegacyWebhook
    """What a webhook tells: one of `portone_async.models`, or `UnknownVariant` for a type added since."""

__all__ = [
    "TOLERANCE",
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

TOLERANCE: Final = timedelta(minutes=5)
"""How far `webhook-timestamp` may be from this machine's clock, either way."""


@define(frozen=True)
class WebhookMessage:
    """A webhook that PortOne certainly sent."""

    id: str
    """`webhook-id`: the same in every redelivery, so the key to handle an event once by."""
    timestamp: datetime
    """When this delivery was sent; when the event happened is `event.timestamp`."""
    event: Event
    """What it tells."""


def verify(
    body: bytes | bytearray | memoryview | str,
    headers: Headers,
    secrets: str | Iterable[str],
    *,
    tolerance: timedelta = TOLERANCE,
    now: datetime | None = None,
) -> WebhookMessage:
    """Make sure that a request is a webhook of PortOne's, and read it.

    Args:
        body: The raw body, as it came over the wire. Text is taken as UTF-8.
        headers: The request's headers: any mapping or pairs, names in any case, values that are `str`, `bytes`
            or lists of them.
        secrets: The webhook secret of PortOne's console, or several while one is being replaced; each with or
            without `whsec_`.
        tolerance: How far `webhook-timestamp` may be from `now`, either way.
        now: The time to compare with, aware. For webhooks that were stored: the time they came. Else the clock.

    Returns:
        Its id, the time it was sent, and the event. A departure of the event from what this version knows never
        raises: a missing field is `None`, an unknown type an `UnknownVariant`.

    Raises:
        WebhookVerificationError: It is not; the class says why. Answer 400 and do nothing.
        InvalidArgumentError: A secret is not one, or an argument has another type: a fault of this program.
    """
    keys = keys_of(secrets)
    content = content_of(body)
    moment = _moment(now, "now")
    if not isinstance(tolerance, timedelta) or tolerance < timedelta():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("tolerance takes a timedelta that is not negative")
    signed = signed_headers(headers)
    age = moment.timestamp() - signed.seconds
    if age > tolerance.total_seconds():
        raise TimestampTooOldError
    if -age > tolerance.total_seconds():
        raise TimestampTooNewError
    check_signature(keys, signed, content)
    return WebhookMessage(
        signed.id, datetime.fromtimestamp(signed.seconds, UTC), read_event(content)
    )


def parse_unverified(body: bytes | bytearray | memoryview | str) -> Event:
    """Read a webhook without knowing who sent it: anybody can send one that says an order is paid.

    For bodies that were verified when they came and stored since. `verify` is for requests.

    Raises:
        UnreadableBodyError: The body is no webhook.
    """
    return read_event(content_of(body))


def sign(
    body: bytes | bytearray | memoryview | str,
    secrets: str | Iterable[str],
    *,
    message_id: str | None = None,
    timestamp: datetime | None = None,
) -> dict[str, str]:
    """The headers that PortOne would send with a body; for tests.

    Args:
        body: The body.
        secrets: The webhook secret, or several for a signature by each.
        message_id: The `webhook-id`, in printable ASCII. A new one when not given.
        timestamp: When it is sent, aware. The clock when not given.

    Raises:
        InvalidArgumentError: An argument cannot be right.
    """
    keys = keys_of(secrets)
    content = content_of(body)
    if message_id is None:
        message_id = f"msg_{uuid.uuid4().hex}"
    if not message_id or not message_id.isascii() or not message_id.isprintable():
        raise InvalidArgumentError("message_id takes printable ASCII")
    seconds = str(int(_moment(timestamp, "timestamp").timestamp()))
    signatures = (signature_of(key, message_id, seconds, content).decode() for key in keys)
    return {ID: message_id, TIMESTAMP: seconds, SIGNATURE: " ".join(signatures)}


def _moment(value: datetime | None, name: str) -> datetime:
    if value is None:
        return datetime.now(UTC)
    if not isinstance(value, datetime) or value.tzinfo is None:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} takes a datetime with a time zone")
    return value


def __getattr__(name: str) -> Any:
    if name == "Event":
        from portone_async.models import LegacyWebhook, Webhook  # noqa: PLC0415  (loads every event)

        globals()[name] = Union[Webhook, LegacyWebhook]  # noqa: UP007  (built at run time)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
