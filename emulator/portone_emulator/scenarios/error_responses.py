"""Planned API errors: any error that the document lists for an operation."""

from __future__ import annotations

from collections import deque
from random import Random

from portone_emulator.document.document import Document
from portone_emulator.document.samples import Sampler
from portone_emulator.errors import EmulatedAPIError


class PlannedErrors:
    """The planned API errors, by operation."""

    def __init__(self, document: Document, seed: int) -> None:
        self._document = document
        self._sampler = Sampler(document, Random(f"{seed}/errors"))  # noqa: S311  (not cryptographic)
        self._planned: dict[str, deque[EmulatedAPIError]] = {}

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
        unknown = fields.keys() - (schema["properties"].keys() - {"type"})
        if unknown:
            raise ValueError(f"{error_type} has no field {', '.join(sorted(unknown))}")
        values = {"message": "error on demand", **fields}
        required = [name for name in schema["required"] if name not in {"type", *values}]
        generated = {
            name: self._sampler.value(schema["properties"][name], name) for name in required
        }
        error = EmulatedAPIError(error_type, str(values.pop("message")), **generated, **values)
        self._planned.setdefault(operation_id, deque()).extend([error] * times)

    def clear(self) -> None:
        """Cancel all planned errors."""
        self._planned.clear()

    def raise_next(self, operation_id: str) -> None:
        """Raise the error planned for the current request, if any.

        Raises:
            EmulatedAPIError: the planned error.
        """
        planned = self._planned.get(operation_id)
        if planned:
            raise planned.popleft()
