"""The response type that handlers return, before it is sent over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import orjson
from attrs import Factory, frozen

from portone_emulator.state.json_values import JsonObject

JSON = "application/json"
_FIRST_ERROR_STATUS = 400


@frozen
class Response:
    """An HTTP response.

    Attributes:
        status: the HTTP status.
        content: the body.
        media_type: the `Content-Type`; `None` for none.
        headers: further headers.
    """

    status: int
    content: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = Factory(dict[str, str])

    @classmethod
    def from_json(
        cls, json: JsonObject, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Create a JSON response."""
        return cls(status, orjson.dumps(json), JSON, headers or {})

    @property
    def error(self) -> str | None:
        """The type and message of an API error; `None` for any other response."""
        if self.status < _FIRST_ERROR_STATUS or self.media_type != JSON:
            return None
        try:
            body = cast("object", orjson.loads(self.content))
        except orjson.JSONDecodeError:
            return None
        if not isinstance(body, dict) or "type" not in body:
            return None
        error = cast("JsonObject", body)
        return ": ".join(str(error[name]) for name in ("type", "message") if name in error)
