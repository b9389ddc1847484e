"""The response type that handlers return, before it is sent over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from attrs import Factory, frozen

from portone_emulator.state.json_values import JsonObject

JSON = "application/json"


@frozen
class Response:
    """Status, body and headers of an HTTP response."""

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
