"""Generated responses, for operations without a handler.

They are valid by the OpenAPI document and the same for the same seed. Nothing is stored.
"""

from __future__ import annotations

from random import Random
from typing import cast

from portone_emulator.document.document import Document, Operation
from portone_emulator.document.samples import Sampler
from portone_emulator.http.responses import JSON, Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state import listing
from portone_emulator.state.json_values import JsonObject

_CSV = b"id,amount\r\nsample-1,1000\r\nsample-2,2000\r\n"


class ResponseGenerator:
    """Generates responses from the document."""

    def __init__(self, document: Document, seed: int) -> None:
        self._document = document
        self._seed = seed

    def respond(self, operation: Operation, request: ParsedRequest) -> Response:
        """Generate a response, the same for the same seed, operation and path."""
        if operation.response is None:
            return Response(200)
        if operation.response_type != JSON:
            return Response(200, _CSV, operation.response_type)
        random = Random(f"{self._seed}/{operation.id}/{'/'.join(request.path.values())}")  # noqa: S311  (not cryptographic)
        response = cast("JsonObject", Sampler(self._document, random).value(operation.response))
        for name, value in request.path.items():
            if isinstance(response.get(name), str):
                response[name] = value
        _paginate(response, request.body)
        return Response.from_json(response)


def _paginate(response: JsonObject, body: JsonObject) -> None:
    """Reduce the list to the requested page."""
    name = next((key for key, value in response.items() if isinstance(value, list)), None)
    if "page" in response and name is not None:
        items, response["page"] = listing.page(response[name], body)
        response[name] = items
