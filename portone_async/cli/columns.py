"""A payment as a row of a table: the columns of CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Final, TypeAlias, cast

import orjson
import typer
from attrs import frozen

from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.formulas import escape_formula
from portone_async.cli.journal import Record
from portone_async.cli.language import translate
from portone_async.cli.payment_fields import Kind, find_field, payment_fields
from portone_async.cli.totals import JsonObject


@frozen
class Column:
    """A column: its name, its type, and the path to its value in the payment's JSON."""

    name: str
    kind: Kind
    path: tuple[str, ...]


Columns: TypeAlias = tuple[Column, ...]

# No personal data of customers: it is in the JSON lines, and in the columns that --columns asks for.
COLUMNS: Final = (
    Column("id", "text", ()),
    Column("status", "text", ("status",)),
    Column("currency", "text", ("currency",)),
    Column("total", "integer", ("amount", "total")),
    Column("paid", "integer", ("amount", "paid")),
    Column("cancelled", "integer", ("amount", "cancelled")),
    Column("discount", "integer", ("amount", "discount")),
    Column("tax_free", "integer", ("amount", "taxFree")),
    Column("vat", "integer", ("amount", "vat")),
    Column("order_name", "text", ("orderName",)),
    Column("method", "text", ("method", "type")),
    Column("pg_provider", "text", ("channel", "pgProvider")),
    Column("channel_key", "text", ("channel", "key")),
    Column("requested_at", "time", ("requestedAt",)),
    Column("paid_at", "time", ("paidAt",)),
    Column("cancelled_at", "time", ("cancelledAt",)),
    Column("failed_at", "time", ("failedAt",)),
    Column("status_changed_at", "time", ("statusChangedAt",)),
    Column("failure_reason", "text", ("failure", "reason")),
    Column("transaction_id", "text", ("transactionId",)),
    Column("pg_tx_id", "text", ("pgTxId",)),
    Column("store_id", "text", ("storeId",)),
    Column("receipt_url", "text", ("receiptUrl",)),
)
COLUMN_NAMES: Final = [column.name for column in COLUMNS]
COLUMNS_HELP: Final = (
    f"Columns of CSV and Parquet: {', '.join(COLUMN_NAMES)}.\n\n"
    "Amounts are in the currency's smallest unit, times as PortOne sends them (UTC in Parquet). Personal data is only"
    " in the .jsonl file, and in columns that --columns asks for. CSV is UTF-8 with the byte order mark that Excel"
    " needs; texts that a spreadsheet would take for formulas have an apostrophe in front."
)

ColumnsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="LIST",
        help="The columns of CSV or Parquet, in this order, separated by commas: those listed below, and fields of "
        "the payment's JSON such as amount.total, orderName or customer.name. To change them later, remove the table "
        "and run the command again: payments that are in the .jsonl file are not requested again.",
    ),
]


def choose_columns(names: str | None) -> Columns:
    """Return the columns of `--columns`; the usual ones if it is not given.

    Raises:
        CommandError: There is no such column, or one is named twice.
    """
    if names is None:
        return COLUMNS
    columns = dict[str, Column]()
    for name in map(str.strip, names.split(",")):
        column = _find_column(name)
        if column is None:
            raise _unknown_column(name)
        if name in columns:
            raise CommandError(ExitCode.USAGE, "--columns names {name!r} twice", name=name)
        columns[name] = column
    return tuple(columns.values())


def are_columns(names: Sequence[str]) -> bool:
    """Whether these may be the headings of a table of this command."""
    return bool(names) and all(_find_column(name) is not None for name in names)


def to_texts(record: Record, columns: Columns) -> list[str]:
    """Return a record as a row of CSV: absent values are empty, times are as PortOne sent them."""
    return [_to_text(_get(record, column)) for column in columns]


def to_values(record: Record, columns: Columns) -> dict[str, str | float | datetime | None]:
    """Return a record as typed values: `None` if a value is absent or has another type."""
    return {column.name: _CONVERTERS[column.kind](_get(record, column)) for column in columns}


def _find_column(name: str) -> Column | None:
    usual = next((column for column in COLUMNS if column.name == name), None)
    if usual is not None:
        return usual
    path = tuple(name.split("."))
    field = find_field(payment_fields(), path)
    return None if field is None else Column(name, field.kind, path)


def _unknown_column(name: str) -> CommandError:
    """Return the error for a column that does not exist, with what there is where its path leads nowhere."""
    fields = payment_fields()
    *path, _ = name.split(".")
    parent = find_field(fields, path)
    if parent is not None and parent.fields:
        names = [".".join((*path, key)) for key in parent.fields]
        return CommandError(
            ExitCode.USAGE,
            "there is no column {name!r}{suggestion}; there are: {names}",
            name=name,
            suggestion=_suggestion(name, names),
            names=", ".join(names),
        )
    keys = [key for key in fields if key not in COLUMN_NAMES]
    return CommandError(
        ExitCode.USAGE,
        "there is no column {name!r}{suggestion}; there are: {names}; and fields of the payment's JSON: {keys}, and "
        "what is in them, such as amount.total",
        name=name,
        suggestion=_suggestion(name, [*COLUMN_NAMES, *keys]),
        names=", ".join(COLUMN_NAMES),
        keys=", ".join(keys),
    )


def _suggestion(name: str, names: Sequence[str]) -> str:
    matches = get_close_matches(name, names, n=1)
    return translate(" (did you mean {name}?)", name=matches[0]) if matches else ""


def _get(record: Record, column: Column) -> Any:
    if not column.path:
        return record.id
    value: Any = record.payment
    for key in column.path:
        if not isinstance(value, dict):
            return None
        value = cast("JsonObject", value).get(key)
    return value


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return escape_formula(value)
    return str(value) if type(value) is int else _to_json(value)


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _to_time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if time.tzinfo is None else time


_CONVERTERS: Final[dict[Kind, Callable[[Any], str | float | datetime | None]]] = {
    "text": lambda value: value if isinstance(value, str) else None,
    "integer": lambda value: value if type(value) is int else None,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "time": _to_time,
    "json": lambda value: None if value is None else _to_json(value),
}
