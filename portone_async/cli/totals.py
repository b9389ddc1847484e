"""Totals over the payments of an output."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, cast

from attrs import define

from portone_async import PortOneError
from portone_async._errors import APIError
from portone_async.bulk.columns import JsonObject


@define
class Subtotal:
    """Payments with one status and currency. Amounts are in the currency's smallest unit."""

    payments: int = 0
    total: int = 0
    paid: int = 0
    cancelled: int = 0


class Totals:
    """Counts payments and failures."""

    def __init__(self) -> None:
        self.subtotals: Final = dict[tuple[str, str], Subtotal]()
        self.failures: Final = Counter[str]()
        self.payments = 0

    def add(self, payment: JsonObject) -> None:
        """Count a payment, even one whose fields are not what they should be."""
        status, currency = (str(payment.get(name) or "?") for name in ("status", "currency"))
        raw_amount = payment.get("amount")
        amount = cast("JsonObject", raw_amount) if isinstance(raw_amount, dict) else {}
        subtotal = self.subtotals.setdefault((status, currency), Subtotal())
        self.payments += 1
        subtotal.payments += 1
        subtotal.total += _integer(amount.get("total"))
        subtotal.paid += _integer(amount.get("paid"))
        subtotal.cancelled += _integer(amount.get("cancelled"))

    def add_failure(self, error: PortOneError) -> None:
        """Count a failure under PortOne's error type, or under the status or the exception's class."""
        self.failures[failure_name(error)] += 1


def failure_name(error: PortOneError) -> str:
    """Return a short name for an error: PortOne's type, otherwise the status, otherwise the exception's class."""
    if isinstance(error, APIError):
        return error.type or f"HTTP {error.status}"
    return type(error).__name__


def _integer(value: Any) -> int:
    return value if type(value) is int else 0
