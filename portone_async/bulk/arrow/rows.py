"""The schema of the results, and tables that are built row by row."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any, Final, TypeAlias

import pyarrow as pa

from portone_async._errors import APIError, InvalidArgumentError, PortOneError
from portone_async.bulk.columns import COLUMNS, JsonObject, to_json

Row: TypeAlias = dict[str, Any]
_BATCH_SIZE: Final = 1_000
"""Rows that are Python objects at once: Arrow's need a tenth of the memory."""
_TYPES: Final = {"text": pa.string(), "integer": pa.int64(), "time": pa.timestamp("us", "UTC")}

SCHEMA: Final = pa.schema([
    *((column.name, _TYPES[column.kind]) for column in COLUMNS),
    ("payment", pa.string()),
    ("error", pa.string()),
    ("error_type", pa.string()),
    ("error_status", pa.int64()),
    ("error_message", pa.string()),
    ("may_have_reached", pa.bool_()),
])  # fmt: skip
"""The columns of a payment or a failure, which stay as they are when PortOne adds fields: `payment` has those too."""


def payment_row(payment: JsonObject) -> Row:
    """Return the row of a payment."""
    row: Row = {column.name: column.read(payment) for column in COLUMNS}
    row["payment"] = to_json(payment)
    return row


def error_row(error: PortOneError) -> Row:
    """Return the row of a failure, without PortOne's own message: it may quote a customer."""
    row: Row = {
        "error": type(error).__name__,
        "error_message": str(error),
        # Errors without this attribute are about arguments, or about lists that were read.
        "may_have_reached": getattr(
            error, "may_have_reached", not isinstance(error, InvalidArgumentError)
        ),
    }
    if isinstance(error, APIError):
        row |= {"error_type": error.type, "error_status": error.status}
    return row


class TableBuilder:
    """Builds a table with `SCHEMA`."""

    def __init__(self) -> None:
        self._columns: Final[dict[str, list[Any]]] = {name: [] for name in SCHEMA.names}
        self._batches: Final[list[pa.RecordBatch]] = []

    def add(self, row: Row) -> None:
        """Add a row. What it does not have is null."""
        for name, values in self._columns.items():
            values.append(row.get(name))
        if len(self._columns["id"]) == _BATCH_SIZE:
            self._flush()

    def build(self) -> pa.Table:
        """Return the table."""
        self._flush()
        return pa.Table.from_batches(self._batches, SCHEMA)

    def _flush(self) -> None:
        self._batches.append(pa.RecordBatch.from_pydict(self._columns, schema=SCHEMA))
        for values in self._columns.values():
            values.clear()


def check_table(table: Any, name: str) -> pa.Table:
    """Return a table or record batch as a table.

    Raises:
        InvalidArgumentError: It is something else.
    """
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if not isinstance(table, pa.Table):
        raise InvalidArgumentError(
            f"{name} takes a pyarrow.Table or RecordBatch, not {type(table).__name__};"
            " pa.Table.from_pandas(frame) makes one of pandas"
        )
    return table


def find_column(schema: pa.Schema, name: str) -> pa.Field:
    """Return a column of the input.

    Raises:
        InvalidArgumentError: There is not exactly one such column.
    """
    if schema.names.count(name) != 1:
        there_are = ", ".join(schema.names) or "none"
        raise InvalidArgumentError(f"there is no column {name!r}; the columns are: {there_are}")
    return schema.field(name)


def is_text(data_type: pa.DataType) -> bool:
    """Whether values of this type are texts. Where all are null, the type may be null too."""
    if pa.types.is_dictionary(data_type):
        data_type = data_type.value_type
    return (
        pa.types.is_string(data_type)
        or pa.types.is_large_string(data_type)
        or pa.types.is_string_view(data_type)
        or pa.types.is_null(data_type)
    )


def result_schema(schema: pa.Schema, replaced: str) -> pa.Schema:
    """Return the schema of a result: the columns of the input, and then those of `SCHEMA`.

    Args:
        schema: The schema of the input.
        replaced: A column of the input that may be one of `SCHEMA` too, which has the same values.

    Raises:
        InvalidArgumentError: Another column of the input is one of `SCHEMA` too.
    """
    clashes = set(schema.names) & set(SCHEMA.names) - {replaced}
    if clashes:
        names = ", ".join(sorted(clashes))
        raise InvalidArgumentError(f"the result has columns of these names too, rename: {names}")
    kept = [field for field in schema if field.name not in SCHEMA.names]
    return pa.schema([*kept, *SCHEMA], metadata=schema.metadata)


def join(inputs: pa.Table, results: pa.Table, schema: pa.Schema) -> pa.Table:
    """Put the results beside their inputs, row by row."""
    kept = [inputs.column(name) for name in inputs.schema.names if name not in SCHEMA.names]
    return pa.table([*kept, *results.columns], schema=schema)
