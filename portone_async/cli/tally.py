"""What the payments of an output come to."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, TypeAlias, cast

from attrs import define

from portone_async import PortOneError
from portone_async._errors import APIError

JsonObject: TypeAlias = dict[str, Any]


@define
class Sum:
    """Payments of one status and currency. Amounts are in the currency's smallest unit."""

    payments: int = 0
    total: int = 0
    paid: int = 0
    cancelled: int = 0


class Tally:
    """Counts payments and failures as they come."""

    def __init__(self) -> None:
        self.sums: Final = dict[tuple[str, str], Sum]()
        self.failures: Final = Counter[str]()
        self.payments = 0

    def add(self, payment: JsonObject) -> None:
        """Count a payment, however odd it is."""
        status, currency = (str(payment.get(name) or "?") for name in ("status", "currency"))
        given = payment.get("amount")
        amount = cast("JsonObject", given) if isinstance(given, dict) else {}
        entry = self.sums.setdefault((status, currency), Sum())
        self.payments += 1
        entry.payments += 1
        entry.total += _whole(amount.get("total"))
        entry.paid += _whole(amount.get("paid"))
        entry.cancelled += _whole(amount.get("cancelled"))

    def fail(self, error: PortOneError) -> None:
        """Count a failure under PortOne's type, or under what happened."""
        self.failures[failure_name(error)] += 1


def failure_name(error: PortOneError) -> str:
    """An error in a word or two: PortOne's type, else the status, else the kind of fault."""
    if isinstance(error, APIError):
        return error.type or f"HTTP {error.status}"
    return type(error).__name__


def _whole(value: Any) -> int:
    return value if type(value) is int else 0
