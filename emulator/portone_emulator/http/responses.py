"""The response type that handlers return, before it is sent over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from attrs import Factory, frozen

from portone_emulator.state.json_values import JsonObject

JSON = "application/json"


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
