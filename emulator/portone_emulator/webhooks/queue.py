"""The queue of webhook deliveries: which are due, and when failed ones are retried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from attrs import define, evolve, field

from portone_emulator.webhooks.delivery import Attempt, Delivery
from portone_emulator.webhooks.delivery_faults import DeliveryFaults

# PortOne redelivers up to five times, at these intervals after the previous attempt.
REDELIVERIES = tuple(timedelta(minutes=minutes) for minutes in (1, 4, 16, 64, 256))
# Each interval is shortened by a random share of at most this. It is never lengthened, so that
# `advance(minutes=1)` is sure to reach the first redelivery.
_JITTER = 0.1


def _do_nothing() -> None:
    """Do nothing: the default of `wake`, until the background worker is started."""


@define
class DeliveryQueue:
    """All webhook deliveries of an emulator, in event order. Callers must hold the state's lock.

    Deliveries to one URL are sent one at a time, so that they arrive in order. `wake` is called
    when there may be something to send.
    """

    random: Random = field(factory=lambda: Random("webhooks"))  # noqa: S311  (not cryptographic)
    deliveries: list[Delivery] = field(factory=list[Delivery])
    faults: DeliveryFaults = field(factory=DeliveryFaults, init=False)
    wake: Callable[[], None] = field(default=_do_nothing, init=False)
    _pending: set[int] = field(init=False)
    _sending: dict[str, int] = field(factory=dict[str, int], init=False)

    @_pending.default  # pyright: ignore[reportAttributeAccessIssue, reportUntypedFunctionDecorator, reportUnknownMemberType]
    def _find_pending(self) -> set[int]:
        return {
            index
            for index, delivery in enumerate(self.deliveries)
            if delivery.next_attempt_at is not None
        }

    def add(self, delivery: Delivery, now: datetime) -> None:
        """Queue a webhook, due now unless delivery faults are planned."""
        for each, delay in self.faults.apply(delivery):
            self._pending.add(len(self.deliveries))
            self.deliveries.append(evolve(each, next_attempt_at=now + delay))
        self.wake()

    def claim_due(self, now: datetime) -> list[int]:
        """Claim the due deliveries, at most one for each URL, and return their indexes.

        They are in progress until `record_attempt()` or `release_all()`.
        """
        claimed: list[int] = []
        for due, index in sorted(self._waiting()):
            url = self.deliveries[index].url
            if due <= now and url not in self._sending:
                self._sending[url] = index
                claimed.append(index)
        return claimed

    def record_attempt(self, index: int, attempt: Attempt) -> Delivery:
        """Record an attempt, and schedule the next if it failed."""
        delivery = self.deliveries[index]
        attempts = (*delivery.attempts, attempt)
        updated = evolve(
            delivery, attempts=attempts, next_attempt_at=self._next_attempt(delivery, attempts)
        )
        self.deliveries[index] = updated
        if updated.next_attempt_at is None:
            self._pending.discard(index)
        del self._sending[updated.url]
        return updated

    def release_all(self) -> None:
        """Release all deliveries in progress: they are due again."""
        self._sending.clear()

    def next_due(self) -> datetime | None:
        """Return when the next delivery is due, ignoring those that wait for their URL."""
        return min((due for due, _ in self._waiting()), default=None)

    def is_idle(self, now: datetime) -> bool:
        """Whether no delivery is in progress or due."""
        times = (self.deliveries[index].next_attempt_at for index in self._pending)
        return not self._sending and not any(time and time <= now for time in times)

    def _waiting(self) -> list[tuple[datetime, int]]:
        """Return (due time, index) of the pending deliveries whose URL is free."""
        waiting: list[tuple[datetime, int]] = []
        for index in self._pending:
            delivery = self.deliveries[index]
            if delivery.next_attempt_at is not None and delivery.url not in self._sending:
                waiting.append((delivery.next_attempt_at, index))
        return waiting

    def _next_attempt(self, delivery: Delivery, attempts: tuple[Attempt, ...]) -> datetime | None:
        count = len(attempts)
        last = attempts[-1]
        if last.is_success or delivery.is_manual or count > len(REDELIVERIES):
            return None
        return last.at + REDELIVERIES[count - 1] * (1 - _JITTER * self.random.random())
