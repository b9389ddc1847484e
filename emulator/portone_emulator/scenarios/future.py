"""Response changes that simulate future versions of PortOne's API."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

from portone_emulator.document.document import Document
from portone_emulator.http.responses import JSON, Response
from portone_emulator.state.json_values import JsonObject

Change: TypeAlias = Callable[[Response], Response]
Step: TypeAlias = str | int


def json_change(edit: Callable[[JsonObject], object]) -> Change:
    """Create a change from a function that edits the response's JSON in target."""

    def change(response: Response) -> Response:
        if response.media_type != JSON:
            return response
        json: JsonObject = orjson.loads(response.content)
        edit(json)
        return Response.from_json(json, status=response.status, headers=response.headers)

    return change


def unknown_variant(
    tag: str = "UNHEARD_OF", *, field: str = "status", at: tuple[Step, ...] = ()
) -> Change:
    """Set an unknown union variant; `at=("items", 0)` selects a list's first item."""
    return json_change(lambda json: _at(json, at).update({field: tag}))


def unknown_enum(field: str, value: str = "UNHEARD_OF", *, at: tuple[Step, ...] = ()) -> Change:
    """Set an unknown enum value: `unknown_enum("currency")`."""
    return json_change(lambda json: _at(json, at).update({field: value}))


def unknown_field(
    name: str = "unheardOf", value: object = "new", *, at: tuple[Step, ...] = ()
) -> Change:
    """Add an unknown field."""
    return json_change(lambda json: _at(json, at).update({name: value}))


def unknown_error(error_type: str = "UNHEARD_OF", *, status: int = 409) -> Change:
    """Replace the response by an unknown error type."""
    return lambda response: Response.from_json(
        {"type": error_type}, status=status, headers=response.headers
    )


class PlannedChanges:
    """The planned response changes, by operation."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._planned: dict[str, deque[Change]] = {}

    def plan(self, operation_id: str, change: Change, times: int) -> None:
        """Append a change for the next `times` responses to the operation's queue."""
        self._document.operation(operation_id)
        self._planned.setdefault(operation_id, deque()).extend([change] * times)

    def clear(self) -> None:
        """Cancel all planned changes."""
        self._planned.clear()

    def apply(self, operation_id: str, response: Response) -> Response:
        """Apply the next planned change, if any."""
        planned = self._planned.get(operation_id)
        return planned.popleft()(response) if planned else response


def _at(json: JsonObject, path: tuple[Step, ...]) -> JsonObject:
    target: Any = json
    for step in path:
        target = target[step]
    return target
