"""A payment as a row of a table: the columns of CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, cast

from attrs import frozen

from portone_async.cli.journal import Record
from portone_async.cli.tally import JsonObject

Kind: TypeAlias = Literal["text", "integer", "time"]


@frozen
class Column:
    """A column: its name, what it holds, and the way to it in the payment as PortOne sends it."""

    name: str
    kind: Kind
    path: tuple[str, ...]
    free_text: bool = False


# Nothing about the customer: who needs that takes it from the JSON lines.
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
    Column("order_name", "text", ("orderName",), free_text=True),
    Column("method", "text", ("method", "type")),
    Column("pg_provider", "text", ("channel", "pgProvider")),
    Column("channel_key", "text", ("channel", "key")),
    Column("requested_at", "time", ("requestedAt",)),
    Column("paid_at", "time", ("paidAt",)),
    Column("cancelled_at", "time", ("cancelledAt",)),
    Column("failed_at", "time", ("failedAt",)),
    Column("status_changed_at", "time", ("statusChangedAt",)),
    Column("failure_reason", "text", ("failure", "reason"), free_text=True),
    Column("transaction_id", "text", ("transactionId",)),
    Column("pg_tx_id", "text", ("pgTxId",)),
    Column("store_id", "text", ("storeId",)),
    Column("receipt_url", "text", ("receiptUrl",)),
)
COLUMNS_HELP: Final = (
    f"Columns of CSV and Parquet: {', '.join(column.name for column in COLUMNS)}. Amounts are in the currency's"
    " smallest unit, times as PortOne sends them (UTC in Parquet). Customers are in the .jsonl file only."
)


def texts(record: Record) -> list[str]:
    """A record as a row of CSV: what is absent is empty, times are as PortOne sent them."""
    return [_text(column, _find(record, column)) for column in COLUMNS]


def values(record: Record) -> dict[str, str | int | datetime | None]:
    """A record as typed values; what is absent, or of another type, is `None`."""
    return {column.name: _TYPED[column.kind](_find(record, column)) for column in COLUMNS}


def _find(record: Record, column: Column) -> Any:
    if not column.path:
        return record.id
    found: Any = record.payment
    for step in column.path:
        if not isinstance(found, dict):
            return None
        found = cast("JsonObject", found).get(step)
    return found


def _text(column: Column, value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    # A spreadsheet would run these as formulas, and anyone may name an order so.
    return f"'{text}" if column.free_text and text.startswith(("=", "+", "-", "@", "\t")) else text


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if found.tzinfo is None else found


_TYPED: Final[dict[Kind, Callable[[Any], str | int | datetime | None]]] = {
    "text": lambda value: value if isinstance(value, str) else None,
    "integer": lambda value: value if type(value) is int else None,
    "time": _time,
}
