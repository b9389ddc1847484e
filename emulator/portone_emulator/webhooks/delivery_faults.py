"""Webhook delivery faults: duplicates, delays and reordering that a shop must handle."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from attrs import define, field

from portone_emulator.webhooks.delivery import Delivery

_NOW = timedelta()


@define
class DeliveryFaults:
    """Delivery faults planned for the next webhooks: `Emulator.webhooks`."""

    _copies: deque[int] = field(factory=deque[int], init=False)
    _delays: deque[timedelta] = field(factory=deque[timedelta], init=False)
    _reorder_counts: deque[int] = field(factory=deque[int], init=False)
    _held: list[Delivery] = field(factory=list[Delivery], init=False)

    def duplicate(self, times: int = 1, *, copies: int = 2) -> None:
        """Deliver each of the next `times` webhooks `copies` times, with the same `webhook-id`."""
        self._copies.extend([_positive(copies)] * _positive(times))

    def delay(
        self, times: int = 1, *, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Delay each of the next `times` webhooks, on the emulator's clock."""
        delay = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if delay < _NOW:
            raise ValueError("a delay must not be negative: no webhook comes before its event")
        self._delays.extend([delay] * _positive(times))

    def reorder(self, count: int = 2) -> None:
        """Hold back the next `count` webhooks, then deliver them in reverse order."""
        self._reorder_counts.append(_positive(count))

    def apply(self, delivery: Delivery) -> list[tuple[Delivery, timedelta]]:
        """Return the deliveries to queue for a new webhook, each with its delay."""
        released = [delivery]
        if self._reorder_counts:
            self._held.append(delivery)
            if len(self._held) < self._reorder_counts[0]:
                return []
            released = self._held[::-1]
            self._held.clear()
            self._reorder_counts.popleft()
        return [(each, delay) for each in released for delay in self._copy_delays()]

    def _copy_delays(self) -> list[timedelta]:
        """Return the delays of one webhook's copies."""
        copies = self._copies.popleft() if self._copies else 1
        delay = self._delays.popleft() if self._delays else _NOW
        return [delay] * copies


def _positive(count: int) -> int:
    if count < 1:
        raise ValueError("a count must be positive")
    return count
