"""How the emulator says no."""

from __future__ import annotations

from portone_async.emulator.wire import JsonObject


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """PortOne's error answer to a request, before its HTTP status is known.

    The status is a fact of the operation, so it is looked up in the document when the answer is
    written.
    `Emulator.checkout()` and its siblings raise it too: there, nobody sends an HTTP request.
    """

    def __init__(self, error_type: str, message: str, **fields: object) -> None:
        super().__init__(f"{error_type}: {message}")
        self.type = error_type
        self.message = message
        self.fields = fields

    def wire(self) -> JsonObject:
        """Return the JSON of PortOne's error shape."""
        return {"type": self.type, "message": self.message, **self.fields}


def invalid(where: str, problem: str) -> Refusal:
    """Refuse an input, naming the field. The value stays out: it may be personal data."""
    return Refusal("INVALID_REQUEST", f"{where}: {problem}")
