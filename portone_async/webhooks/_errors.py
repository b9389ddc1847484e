"""Why a webhook is refused.

    WebhookVerificationError
    ├── MissingHeaderError          .header
    ├── RepeatedHeaderError         .header
    ├── MalformedTimestampError
    ├── TimestampTooOldError
    ├── TimestampTooNewError
    ├── NoMatchingSignatureError
    └── UnreadableBodyError

What is refused may come from anyone, and what is logged may be read by anyone: messages are constants, so they
hold no secret, no payload, no signature and nothing else of the request.
"""

from __future__ import annotations

from typing import ClassVar, Final

from portone_async._errors import PortOneError


class WebhookVerificationError(PortOneError):
    """This request is not, or cannot be shown to be, a webhook of PortOne's: answer it with 400 and do nothing."""

    _problem: ClassVar[str] = "the webhook is not valid"

    def __init__(self) -> None:
        super().__init__(self._problem)


class _HeaderError(WebhookVerificationError):
    def __init__(self, header: str) -> None:
        super().__init__()
        self.args = (f"{self._problem}: {header}",)
        self.header: Final = header


class MissingHeaderError(_HeaderError):
    """A header of the signature is absent, empty or no text; `header` is its name."""

    _problem = "a header of the webhook is missing"


class RepeatedHeaderError(_HeaderError):
    """A header came twice with two values, so that which one was signed is a guess; `header` is its name."""

    _problem = "a header of the webhook has two values"


class MalformedTimestampError(WebhookVerificationError):
    """`webhook-timestamp` is not a whole number of seconds."""

    _problem = "webhook-timestamp is not a whole number of seconds"


class TimestampTooOldError(WebhookVerificationError):
    """The webhook was sent too long ago: a replay, or this machine's clock is ahead."""

    _problem = "webhook-timestamp is too old: a replay, or this machine's clock is ahead"


class TimestampTooNewError(WebhookVerificationError):
    """The webhook was sent in the future: this machine's clock is behind."""

    _problem = "webhook-timestamp is in the future: this machine's clock is behind"


class NoMatchingSignatureError(WebhookVerificationError):
    """No signature fits: another secret, a body that was changed on its way here, or a forgery."""

    _problem = (
        "no signature fits: the secret is another one, the body is not the raw bytes that came, "
        "or it is a forgery"
    )


class UnreadableBodyError(WebhookVerificationError):
    """The body is neither a JSON object nor the form of version 2024-01-01."""

    _problem = "the body is no webhook: neither a JSON object nor the form of version 2024-01-01"
