"""An answer, before it goes out."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from attrs import Factory, frozen

from portone_async.emulator.wire import JsonObject

JSON = "application/json"


@frozen
class Answer:
    """Status, content and headers of a reply."""

    status: int
    content: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = Factory(dict[str, str])

    @classmethod
    def of(
        cls, json: JsonObject, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make an answer of a JSON object."""
        return cls(status, orjson.dumps(json), JSON, headers or {})
