"""API error responses, as exceptions."""

from __future__ import annotations

from portone_async.emulator.wire import JsonObject


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """An API error of the emulated PortOne.

    It becomes an error response; the HTTP status depends on the operation and is looked up in the
    OpenAPI document. `Emulator.checkout()` and other methods raise it directly.
    """

    def __init__(self, error_type: str, message: str, **fields: object) -> None:
        super().__init__(f"{error_type}: {message}")
        self.type = error_type
        self.message = message
        self.fields = fields

    def wire(self) -> JsonObject:
        """Return the JSON of the error response."""
        return {"type": self.type, "message": self.message, **self.fields}


def invalid(where: str, problem: str) -> Refusal:
    """Create an INVALID_REQUEST error. The value is omitted: it may be personal data."""
    return Refusal("INVALID_REQUEST", f"{where}: {problem}")
