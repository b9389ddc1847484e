"""A payment as a row of a table: the columns of CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, cast

from attrs import frozen

from portone_async.cli.journal import Record
from portone_async.cli.totals import JsonObject

Kind: TypeAlias = Literal["text", "integer", "time"]


@frozen
class Column:
    """A column: its name, its type, and the path to its value in the payment's JSON."""

    name: str
    kind: Kind
    path: tuple[str, ...]
    is_free_text: bool = False


# No personal data of customers: it is in the JSON lines only.
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
    Column("order_name", "text", ("orderName",), is_free_text=True),
    Column("method", "text", ("method", "type")),
    Column("pg_provider", "text", ("channel", "pgProvider")),
    Column("channel_key", "text", ("channel", "key")),
    Column("requested_at", "time", ("requestedAt",)),
    Column("paid_at", "time", ("paidAt",)),
    Column("cancelled_at", "time", ("cancelledAt",)),
    Column("failed_at", "time", ("failedAt",)),
    Column("status_changed_at", "time", ("statusChangedAt",)),
    Column("failure_reason", "text", ("failure", "reason"), is_free_text=True),
    Column("transaction_id", "text", ("transactionId",)),
    Column("pg_tx_id", "text", ("pgTxId",)),
    Column("store_id", "text", ("storeId",)),
    Column("receipt_url", "text", ("receiptUrl",)),
)
COLUMN_NAMES: Final = [column.name for column in COLUMNS]
COLUMNS_HELP: Final = (
    f"Columns of CSV and Parquet: {', '.join(COLUMN_NAMES)}. Amounts are in the currency's"
    " smallest unit, times as PortOne sends them (UTC in Parquet). Personal data is in the .jsonl file only."
)


def to_texts(record: Record) -> list[str]:
    """Return a record as a row of CSV: absent values are empty, times are as PortOne sent them."""
    return [_to_text(column, _get(record, column)) for column in COLUMNS]


def to_values(record: Record) -> dict[str, str | int | datetime | None]:
    """Return a record as typed values: `None` if a value is absent or has another type."""
    return {column.name: _CONVERTERS[column.kind](_get(record, column)) for column in COLUMNS}


def _get(record: Record, column: Column) -> Any:
    if not column.path:
        return record.id
    value: Any = record.payment
    for key in column.path:
        if not isinstance(value, dict):
            return None
        value = cast("JsonObject", value).get(key)
    return value


def _to_text(column: Column, value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    # Spreadsheets evaluate texts that start like this as formulas, and customers can influence order names:
    # https://owasp.org/www-community/attacks/CSV_Injection
    return (
        f"'{text}" if column.is_free_text and text.startswith(("=", "+", "-", "@", "\t")) else text
    )


def _to_time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if time.tzinfo is None else time


_CONVERTERS: Final[dict[Kind, Callable[[Any], str | int | datetime | None]]] = {
    "text": lambda value: value if isinstance(value, str) else None,
    "integer": lambda value: value if type(value) is int else None,
    "time": _to_time,
}
