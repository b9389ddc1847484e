"""Orders of a shop: what its calls said was carried out, beside what was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import define, field

Outcome: TypeAlias = Literal["done", "not done", "unknown"]
_TIMES: Final[dict[Outcome, set[int]]] = {"done": {1}, "not done": {0}, "unknown": {0, 1}}
"""How often a change may have been carried out."""


@define
class Order:
    """A payment and its partial cancellations: the nth of 10 to the power of n, so that their sum says how often each
    was carried out.
    """

    payment: Outcome = "unknown"
    cancellations: list[Outcome] = field(factory=list)

    def mistake(self, cancelled: int | None) -> str | None:
        """Return how this differs from what was carried out: the sum of cancellations, `None` without a payment."""
        found = [0 if cancelled is None else 1]
        said: list[Outcome] = [self.payment, *self.cancellations]
        for _ in self.cancellations:
            cancelled, times = divmod(cancelled or 0, 10)
            found.append(times)
        if cancelled:
            return f"{cancelled} more cancelled than was asked for"
        for number, (outcome, times) in enumerate(zip(said, found, strict=True)):
            if times not in _TIMES[outcome]:
                name = f"cancellation {number}" if number else "the payment"
                return f"{name} was carried out {times} times, and was said to be {outcome}"
        return None


def mistakes(orders: Mapping[str, Order], carried_out: Mapping[str, int]) -> list[str]:
    """Return what differs between what was said of orders and what was carried out."""
    found = [f"{name} is unknown" for name in carried_out.keys() - orders.keys()]
    for name, order in orders.items():
        mistake = order.mistake(carried_out.get(name))
        if mistake is not None:
            found.append(f"{name}: {mistake}")
    return found


def count(orders: Mapping[str, Order]) -> Counter[Outcome]:
    """Return how many changes had each outcome."""
    return Counter(
        outcome for order in orders.values() for outcome in (order.payment, *order.cancellations)
    )
