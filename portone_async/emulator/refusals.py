"""Planned API errors: any error that the document lists for an operation."""

from __future__ import annotations

from collections import deque
from random import Random

from portone_async.emulator.document import Document
from portone_async.emulator.errors import Refusal
from portone_async.emulator.samples import Sampler


class Refusals:
    """The planned API errors, by operation."""

    def __init__(self, document: Document, seed: int) -> None:
        self._document = document
        self._sampler = Sampler(document, Random(f"{seed}/refusals"))  # noqa: S311
        self._planned: dict[str, deque[Refusal]] = {}

    def plan(
        self, operation_id: str, error_type: str, times: int, fields: dict[str, object]
    ) -> None:
        """Plan an error for the next `times` requests. Missing required fields are generated.

        Raises:
            ValueError: the operation, its error or a field of that error is unknown.
        """
        schemas = self._document.operation(operation_id).error_schemas
        if error_type not in schemas:
            raise ValueError(
                f"{operation_id} has no error {error_type}; its errors are {', '.join(schemas)}"
            )
        schema = self._document.schemas[schemas[error_type]]
        strange = fields.keys() - (schema["properties"].keys() - {"type"})
        if strange:
            raise ValueError(f"{error_type} has no field {', '.join(sorted(strange))}")
        given = {"message": "error on demand", **fields}
        required = [name for name in schema["required"] if name not in {"type", *given}]
        made_up = {name: self._sampler.value(schema["properties"][name], name) for name in required}
        refusal = Refusal(error_type, str(given.pop("message")), **made_up, **given)
        self._planned.setdefault(operation_id, deque()).extend([refusal] * times)

    def clear(self) -> None:
        """Cancel all planned errors."""
        self._planned.clear()

    def raise_next(self, operation_id: str) -> None:
        """Raise the error planned for the current request, if any.

        Raises:
            Refusal: the planned error.
        """
        planned = self._planned.get(operation_id)
        if planned:
            raise planned.popleft()
