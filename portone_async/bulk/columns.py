"""A payment as a row: the facts of it that are columns, and where each stands in its JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, cast

from attrs import frozen

from portone_async import _json
from portone_async._times import parse_datetime

Kind: TypeAlias = Literal["text", "integer", "boolean", "time", "json"]
"""The type of a column; `json` is the text of any JSON."""
Value: TypeAlias = str | int | bool | datetime | None
JsonObject: TypeAlias = dict[str, Any]
_INT64: Final = range(-(2**63), 2**63)


@frozen
class Column:
    """A column: its name, its type, and the path to its value in the payment's JSON."""

    name: str
    kind: Kind
    path: tuple[str, ...]

    def get(self, payment: JsonObject) -> Any:
        """Return the JSON that a payment has here; `None` if it has none."""
        value: Any = payment
        for key in self.path:
            if not isinstance(value, dict):
                return None
            value = cast("JsonObject", value).get(key)
        return value

    def read(self, payment: JsonObject) -> Value:
        """Return the value that a payment has here; `None` if it has none, or one of another type. Times are in UTC."""
        return _CONVERTERS[self.kind](self.get(payment))


# No personal data of customers. A column, once published, keeps its name, its type and its place.
COLUMNS: Final = (
    Column("id", "text", ("id",)),
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


def to_json(value: Any) -> str:
    """Return the text of JSON."""
    return _json.dumps(value).decode()


def to_utf8(text: str) -> str:
    """Return a text with a question mark in place of each half of a surrogate pair: JSON can hold them, and UTF-8 not."""
    # They are among the characters that are not printable.
    return text if text.isprintable() else text.encode("utf-8", "replace").decode()


def _to_text(value: Any) -> str | None:
    return to_utf8(value) if isinstance(value, str) else None


def _to_integer(value: Any) -> int | None:
    return value if type(value) is int and value in _INT64 else None


def _to_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _to_time(value: Any) -> datetime | None:
    try:
        time = parse_datetime(value)
        return None if time.tzinfo is None else time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


_CONVERTERS: Final[dict[Kind, Callable[[Any], Value]]] = {
    "text": _to_text,
    "integer": _to_integer,
    "boolean": _to_boolean,
    "time": _to_time,
    "json": lambda value: None if value is None else to_json(value),
}
