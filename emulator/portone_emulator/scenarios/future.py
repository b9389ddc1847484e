"""Response changes that simulate future versions of PortOne's API."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import orjson

from portone_emulator.document.choices import check_choice
from portone_emulator.document.document import Document
from portone_emulator.http.responses import JSON, Response
from portone_emulator.state.json_values import JsonObject, omit_none

Change: TypeAlias = Callable[[Response], Response]
Step: TypeAlias = str | int
ChangeName: TypeAlias = Literal["unknown_variant", "unknown_enum", "unknown_field", "unknown_error"]
"""The functions below, for those who cannot pass a function."""


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


def named_change(
    name: ChangeName,
    *,
    field: str | None = None,
    value: Any = None,
    at: tuple[Step, ...] = (),
    status: int | None = None,
) -> Change:
    """Return one of the changes above, with its defaults for what is omitted.

    Args:
        name: the function's name.
        field: the field to set or to add; `unknown_enum` requires it.
        value: the field's value, or the type of the error.
        at: where the field's object is in the response.
        status: the error's HTTP status.

    Raises:
        ValueError: the name is unknown, `field` is missing, or the change does not use one of the
            arguments.
    """
    check_choice("change", name, get_args(ChangeName))
    if name == "unknown_error":
        if field is not None or at:
            raise ValueError("unknown_error replaces the whole response: it takes no field or at")
        return unknown_error(**omit_none(error_type=value, status=status))
    if status is not None:
        raise ValueError(f"{name} changes a field: it takes no status")
    if name == "unknown_variant":
        return unknown_variant(**omit_none(tag=value, field=field), at=at)
    if name == "unknown_field":
        return unknown_field(**omit_none(name=field, value=value), at=at)
    if field is None:
        raise ValueError("unknown_enum needs a field")
    return unknown_enum(field, **omit_none(value=value), at=at)


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
