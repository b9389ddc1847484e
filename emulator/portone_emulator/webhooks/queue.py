"""The queue of webhook deliveries: which are due, and when failed ones are retried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from attrs import define, evolve, field

from portone_emulator.state.containers import RecordList
from portone_emulator.state.records import Key
from portone_emulator.state.time_index import TimeIndex
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
    deliveries: RecordList[Delivery] = field(factory=RecordList[Delivery])
    faults: DeliveryFaults = field(factory=DeliveryFaults, init=False)
    wake: Callable[[], None] = field(default=_do_nothing, init=False)
    _waiting: dict[str, list[tuple[datetime, int]]] = field(factory=dict, init=False)
    """A heap for each URL: when each of its waiting deliveries is due, and its index."""
    _due: TimeIndex[str, datetime] = field(factory=TimeIndex[str, datetime], init=False)
    """The URLs with no delivery in progress, by when their first one is due."""
    _sending: dict[str, int] = field(factory=dict[str, int], init=False)
    _latest: dict[str, int] = field(factory=dict, init=False)
    """The index of the latest delivery of each webhook, by ID."""
    _of_payment: dict[Key, list[int]] = field(factory=dict, init=False)
    """The indexes of the deliveries about each payment."""

    def __attrs_post_init__(self) -> None:
        for index in range(len(self.deliveries)):
            self._index(index)

    def add(self, delivery: Delivery, now: datetime) -> None:
        """Queue a webhook, due now unless delivery faults are planned."""
        for each, delay in self.faults.apply(delivery):
            self.deliveries.append(evolve(each, next_attempt_at=now + delay))
            self._index(len(self.deliveries) - 1)
        self.wake()

    def claim_due(self, now: datetime) -> list[int]:
        """Claim the due deliveries, at most one for each URL, and return their indexes.

        They are in progress until `record_attempt()` or `release_all()`.
        """
        claimed: list[int] = []
        while (first := self._due.first()) is not None and first[0] <= now:
            url = first[1]
            _, index = heappop(self._waiting[url])
            self._due.discard(url)
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
        self.deliveries.replace(index, updated)
        self._release(index)
        return updated

    def release_all(self) -> None:
        """Release all deliveries in progress: they are due again."""
        for index in list(self._sending.values()):
            self._release(index)

    def next_due(self) -> datetime | None:
        """Return when the next delivery is due, ignoring those that wait for their URL."""
        first = self._due.first()
        return None if first is None else first[0]

    def is_idle(self, now: datetime) -> bool:
        """Whether no delivery is in progress or due."""
        due = self.next_due()
        return not self._sending and (due is None or due > now)

    def find(self, webhook_id: str) -> Delivery | None:
        """Return the latest delivery of a webhook, whose ID is of one URL only."""
        index = self._latest.get(webhook_id)
        return None if index is None else self.deliveries[index]

    def of_payment(self, key: Key) -> list[tuple[int, Delivery]]:
        """Return the deliveries about a payment, each with its number, counted from 1."""
        return [(index + 1, self.deliveries[index]) for index in self._of_payment.get(key, ())]

    def _index(self, index: int) -> None:
        delivery = self.deliveries[index]
        self._latest[delivery.id] = index
        if delivery.payment is not None:
            self._of_payment.setdefault(delivery.payment, []).append(index)
        self._wait(index)

    def _release(self, index: int) -> None:
        """End a delivery's progress: its URL is free for the next."""
        del self._sending[self.deliveries[index].url]
        self._wait(index)

    def _wait(self, index: int) -> None:
        """Let a delivery wait for its next attempt, if it has one."""
        delivery = self.deliveries[index]
        waiting = self._waiting.setdefault(delivery.url, [])
        if delivery.next_attempt_at is not None:
            heappush(waiting, (delivery.next_attempt_at, index))
        if not waiting:
            del self._waiting[delivery.url]
        elif delivery.url not in self._sending:
            self._due.put(delivery.url, waiting[0][0])

    def _next_attempt(self, delivery: Delivery, attempts: tuple[Attempt, ...]) -> datetime | None:
        count = len(attempts)
        last = attempts[-1]
        if last.is_success or delivery.is_manual or count > len(REDELIVERIES):
            return None
        return last.at + REDELIVERIES[count - 1] * (1 - _JITTER * self.random.random())
