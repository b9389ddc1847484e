"""API error responses, as exceptions."""

from __future__ import annotations

from typing import Final

from portone_emulator.state.json_values import JsonObject

PG_FAILURE: Final = "FAILURE_TYPE_PG"
"""The `code` of a window that ended with an error of the payment company."""


class EmulatedAPIError(Exception):
    """An API error of the emulated PortOne.

    It becomes an error response; the HTTP status depends on the operation and is looked up in the
    OpenAPI document. `Emulator.checkout()` and other methods raise it directly.

    Attributes:
        type (str): the error type, such as `PAYMENT_NOT_FOUND`.
        message (str): what is wrong, for developers.
        fields (dict[str, object]): further JSON fields of the error response.
    """

    def __init__(self, error_type: str, message: str, **fields: object) -> None:
        super().__init__(f"{error_type}: {message}")
        self.type = error_type
        self.message = message
        self.fields = fields

    def to_json(self) -> JsonObject:
        """Return the JSON of the error response."""
        return {"type": self.type, "message": self.message, **self.fields}


def internal_error(error: OSError) -> JsonObject:
    """Return the JSON of the response if the journal cannot be written."""
    return {"type": "INTERNAL_SERVER_ERROR", "message": str(error)}


def invalid(location: str, problem: str) -> EmulatedAPIError:
    """Create an INVALID_REQUEST error. The value is omitted: it may be personal data."""
    return EmulatedAPIError("INVALID_REQUEST", f"{location}: {problem}")
