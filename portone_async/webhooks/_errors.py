"""Why the verification of a webhook fails.

    WebhookVerificationError
    ├── MissingHeaderError          .header
    ├── RepeatedHeaderError         .header
    ├── MalformedTimestampError
    ├── TimestampTooOldError
    ├── TimestampTooNewError
    ├── NoMatchingSignatureError
    └── UnreadableBodyError

A refused request may come from anyone, and logs may be read by anyone. So messages are constants: they contain no
secret, no payload, no signature and nothing else of the request.
"""

from __future__ import annotations

from typing import ClassVar, Final

from portone_async._errors import PortOneError


class WebhookVerificationError(PortOneError):
    """The request is not a webhook from PortOne, or cannot be proven to be one: respond with 400 and do nothing."""

    _message: ClassVar[str] = "the webhook is not valid"

    def __init__(self) -> None:
        super().__init__(self._message)


class _HeaderError(WebhookVerificationError):
    def __init__(self, header: str) -> None:
        super().__init__()
        self.args = (f"{self._message}: {header}",)
        self.header: Final = header


class MissingHeaderError(_HeaderError):
    """A signature header is absent, empty or not text.

    Attributes:
        header (str): Its name.
    """

    _message = "a header of the webhook is missing"


class RepeatedHeaderError(_HeaderError):
    """A signature header was sent twice with different values, so it is unclear which one was signed.

    Attributes:
        header (str): Its name.
    """

    _message = "a header of the webhook has two values"


class MalformedTimestampError(WebhookVerificationError):
    """`webhook-timestamp` is not an integer number of seconds."""

    _message = "webhook-timestamp is not an integer number of seconds"


class TimestampTooOldError(WebhookVerificationError):
    """The webhook was sent too long ago: it is a replay, or this machine's clock is fast."""

    _message = (
        "webhook-timestamp is too old: the webhook is a replay, or this machine's clock is fast"
    )


class TimestampTooNewError(WebhookVerificationError):
    """The webhook was sent in the future: this machine's clock is slow."""

    _message = "webhook-timestamp is in the future: this machine's clock is slow"


class NoMatchingSignatureError(WebhookVerificationError):
    """No signature matches: the secret is wrong, the body was changed on its way here, or it is a forgery."""

    _message = (
        "no signature matches: the secret is wrong, the body is not the raw bytes that were received, "
        "or it is a forgery"
    )


class UnreadableBodyError(WebhookVerificationError):
    """The body is neither a JSON object nor a form of version 2024-01-01."""

    _message = "the body is not a webhook: neither a JSON object nor a form of version 2024-01-01"
