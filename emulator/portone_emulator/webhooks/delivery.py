"""Webhook deliveries and their attempts, as `Emulator.deliveries` shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import field, frozen

SUCCESS_STATUSES: Final = range(200, 300)


@frozen(kw_only=True)
class Attempt:
    """One attempt to deliver a webhook.

    Attributes:
        at: when the attempt was due, on the emulator's clock.
        status: the shop's response status; `None` without a response.
        headers: the response's headers.
        content: the beginning of the response's body.
        error: the exception's class name, if there was no response.
    """

    at: datetime
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    error: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the shop acknowledged the webhook with a 2xx status."""
        return self.status is not None and self.status in SUCCESS_STATUSES


@frozen(kw_only=True)
class Delivery:
    """A webhook to one URL, with its delivery attempts.

    Attributes:
        id: the `webhook-id` header, the same for every attempt.
        type: the event type, such as `Transaction.Paid`.
        url: the destination.
        content: the request body.
        content_type: the body's media type.
        attempts: the attempts made, oldest first.
        next_attempt_at: time of the next attempt, on the emulator's clock; `None` once it is
            delivered or given up.
        payment: (store ID, payment ID) of the payment it is about.
        transaction_id: the payment attempt it is about.
        is_manual: whether `resendWebhook` requested it; it is not retried then.
    """

    id: str
    type: str
    url: str
    content: bytes = field(repr=False)
    content_type: str
    attempts: tuple[Attempt, ...] = ()
    next_attempt_at: datetime | None = None
    payment: tuple[str, str] | None = None
    transaction_id: str | None = None
    is_manual: bool = False

    @property
    def is_delivered(self) -> bool:
        """Whether the shop acknowledged the webhook."""
        return bool(self.attempts) and self.attempts[-1].is_success
