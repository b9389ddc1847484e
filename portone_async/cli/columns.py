"""A payment as a row of a table: the columns of CSV and Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Final, TypeAlias

import typer

from portone_async.bulk.columns import (
    COLUMN_NAMES,
    COLUMNS,
    Column,
    JsonObject,
    Value,
    to_json,
    to_utf8,
)
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.formulas import escape_formula
from portone_async.cli.journal import Record
from portone_async.cli.language import translate
from portone_async.cli.payment_fields import find_field, payment_fields

Columns: TypeAlias = tuple[Column, ...]

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
    payment = _payment(record)
    return [_to_text(column.get(payment)) for column in columns]


def to_values(record: Record, columns: Columns) -> dict[str, Value]:
    """Return a record as typed values: `None` if a value is absent or has another type. Times are in UTC."""
    payment = _payment(record)
    return {column.name: column.read(payment) for column in columns}


def _payment(record: Record) -> JsonObject:
    """Return a record's payment, whose id is the one that was looked up whatever the response said."""
    return {**record.payment, "id": record.id}


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


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return escape_formula(to_utf8(value))
    return str(value) if type(value) is int else to_json(value)
