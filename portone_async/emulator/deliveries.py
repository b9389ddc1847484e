"""Webhooks on their way, as the emulator's users see them."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen


@frozen(kw_only=True)
class Attempt:
    """One try to deliver a webhook.

    Attributes:
        at: when it was due, on the emulator's clock.
        status: what the shop answered; nothing where no answer came.
        headers: of that answer.
        content: of that answer, its beginning.
        error: why no answer came, as the name of a failure.
    """

    at: datetime
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    error: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the shop said that it has the webhook: by any status of 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


@frozen(kw_only=True)
class Delivery:
    """A webhook to one URL, and what became of it.

    Attributes:
        id: the header `webhook-id`, the same in every attempt.
        type: the event's, such as `Transaction.Paid`.
        url: where it goes.
        content: the body.
        content_type: the body's.
        attempts: those made, the first first.
        next_attempt_at: when it is tried next, on the emulator's clock; nothing once it is
            delivered or given up.
        payment: store id and payment id of the payment that it is about.
        transaction_id: the payment's attempt that it is about.
        is_manual: whether `resendWebhook` asked for it; such a one is tried once.
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
        """Whether the shop has it."""
        return bool(self.attempts) and self.attempts[-1].is_success
