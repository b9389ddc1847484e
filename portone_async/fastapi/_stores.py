"""Stores that remember which webhooks have been handled.

PortOne delivers a webhook again, with the same `webhook-id`, until it receives a 2xx. It also does so when a response
was lost. A store distinguishes three cases, so that no event is lost or handled twice:

- nobody has claimed it: it is claimed, and handled;
- it is being handled right now: the response is 409, as after a 200 PortOne would forget an event whose handler may
  still fail;
- it has been handled: the response is 200, and the handler is not called.

docs/fastapi.md has recipes for Redis and for a database.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from portone_async._errors import InvalidArgumentError

Claim: TypeAlias = Literal["claimed", "running", "done"]


class WebhookStore(Protocol):
    """What deduplication needs from a store. `owner` is a new random string for every delivery.

    An exception of `claim` is raised to the app, which responds with 500, so PortOne delivers the webhook again.
    """

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Claim the webhook for `owner` in one atomic step.

        Returns:
            `claimed` if nobody had claimed it, or the claim is so old that its owner must have died; `running` if
            another owner is handling it; `done` if it has been handled.
        """
        ...

    async def complete(self, message_id: str, owner: str) -> None:
        """Mark it as handled, whoever owns it by now, for longer than PortOne redelivers (six hours)."""
        ...

    async def release(self, message_id: str, owner: str) -> None:
        """Give up the claim after a failure, if `owner` still holds it and the webhook is not done."""
        ...


class _Lease(NamedTuple):
    owner: str
    expires_at: float


class MemoryStore:
    """A store in this process's memory. It serves one process only, and forgets everything when the process ends.

    Args:
        max_entries: How many handled webhooks to remember. Beyond that, the oldest are forgotten.
        ttl: How long to remember a handled webhook.
        lease: After this time, a handler that has not finished counts as dead, and a redelivery is handled.
        clock: The time in seconds, from any start.

    Raises:
        InvalidArgumentError: A limit is not above zero.
    """

    def __init__(
        self,
        *,
        max_entries: int = 100_000,
        ttl: timedelta = timedelta(days=1),
        lease: timedelta = timedelta(minutes=5),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_entries < 1 or ttl <= timedelta() or lease <= timedelta():
            raise InvalidArgumentError("max_entries, ttl and lease must be above zero")
        self._max_entries: Final = max_entries
        self._ttl: Final = ttl.total_seconds()
        self._lease: Final = lease.total_seconds()
        self._clock: Final = clock
        self._lock: Final = threading.Lock()  # apps in several threads may share a store
        self._running: Final[dict[str, _Lease]] = {}
        self._done: Final[OrderedDict[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._running) + len(self._done)

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Claim the webhook, or tell whether it is being handled or done."""
        with self._lock:
            now = self._clock()
            self._evict(now)
            if message_id in self._done:
                return "done"
            lease = self._running.get(message_id)
            if lease is not None and lease.expires_at > now:
                return "running"
            self._running[message_id] = _Lease(owner, now + self._lease)
            return "claimed"

    async def complete(self, message_id: str, owner: str) -> None:
        """Mark it as handled."""
        with self._lock:
            self._remove_lease(message_id, owner)
            now = self._clock()
            self._done.pop(message_id, None)
            self._done[message_id] = now + self._ttl
            self._evict(now)

    async def release(self, message_id: str, owner: str) -> None:
        """Give up the claim after a failure."""
        with self._lock:
            self._remove_lease(message_id, owner)

    def _remove_lease(self, message_id: str, owner: str) -> None:
        lease = self._running.get(message_id)
        if lease is not None and lease.owner == owner:
            del self._running[message_id]

    def _evict(self, now: float) -> None:
        # All entries have the same lifetime, so the first one expires first.
        while self._done and (
            len(self._done) > self._max_entries or next(iter(self._done.values())) <= now
        ):
            self._done.popitem(last=False)
