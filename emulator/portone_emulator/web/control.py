"""A control: something that a program in any language, or the dashboard, does by an HTTP request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import field, frozen

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject

if TYPE_CHECKING:
    from portone_emulator.actions import Actions

TEXT: JsonObject = {"type": "string", "minLength": 1, "maxLength": 1000}
AMOUNT: JsonObject = {"type": "integer", "format": "int64", "minimum": 0}
COUNT: JsonObject = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
DURATION: JsonObject = {"type": "number", "minimum": 0, "maximum": 1_000_000}


@frozen(kw_only=True)
class Control:
    """A control. Unknown properties in a body are errors, to catch typos."""

    description: str
    properties: JsonObject
    required: tuple[str, ...] = ()
    example: JsonObject = field(factory=dict)
    """A body, for the description."""
    result: JsonObject = field(factory=dict)
    """The properties of the response's JSON."""
    max_bytes: int = 1_000_000
    is_checked_by_run: bool = False
    """Whether `run` validates the body itself, with better messages."""
    run: Callable[[Actions, JsonObject], JsonObject]

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the body."""
        return {"type": "object", "properties": self.properties, "required": list(self.required)}

    def check_names(self, body: JsonObject) -> None:
        """Check that a body has no unknown properties.

        Raises:
            EmulatedAPIError: INVALID_REQUEST.
        """
        for name in body:
            if name not in self.properties:
                known = ", ".join(self.properties)
                raise invalid(f"body.{name[:50]}", f"is unknown; allowed are: {known or 'none'}")
