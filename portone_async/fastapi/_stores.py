"""Stores that remember which webhooks have been handled.

PortOne delivers a webhook again, with the same `webhook-id`, until it receives a 2xx. It also does so when a response
was lost. A store distinguishes three cases, so that no event is lost or handled twice:

- nobody has claimed it: it is claimed, and handled;
- it is being handled right now: the response is 409, as after a 200 PortOne would forget an event whose handler may
  still fail;
- it has been handled: the response is 200, and the handler is not called.

`MemoryStore` serves one process. `portone_async.fastapi.redis` and `portone_async.fastapi.sqlalchemy` have stores for
several.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from portone_async._errors import InvalidArgumentError, PortOneError

Claim: TypeAlias = Literal["claimed", "running", "done"]
DEFAULT_TTL: Final = timedelta(days=1)
DEFAULT_LEASE: Final = timedelta(minutes=5)


class WebhookStoreUnavailableError(PortOneError):
    """The store's server cannot be reached, or does not serve now. Its `__cause__` is the driver's exception.

    When `claim` raises it, the response is 503 and the handler is not called, so PortOne delivers the webhook again.
    """


class WebhookStore(Protocol):
    """What deduplication needs from a store. `owner` is a new random string for every delivery.

    Any other exception of `claim` than `WebhookStoreUnavailableError` is raised to the app, which responds with 500.
    After that, too, PortOne delivers the webhook again.
    """

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Claim the webhook for `owner` in one atomic step.

        Returns:
            `claimed` if it is this owner's now: nobody had claimed it, or the claim is so old that its owner must have
            died; `running` if another owner is handling it; `done` if it has been handled.

        Raises:
            WebhookStoreUnavailableError: The store's server cannot be reached.
        """
        ...

    async def complete(self, message_id: str, owner: str) -> bool:
        """Mark it as handled for longer than PortOne redelivers (six hours).

        Not if another owner holds it, or has handled it. An owner that gave it up, or whose lease has ended, does not
        count.

        Returns:
            Whether it is marked. If not, the handler took longer than its lease, and another delivery was handled too:
            how that one ends counts.
        """
        ...

    async def release(self, message_id: str, owner: str) -> None:
        """Give up the claim after a failure, if `owner` still holds it and the webhook is not done."""
        ...


class _Entry(NamedTuple):
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
        ttl: timedelta = DEFAULT_TTL,
        lease: timedelta = DEFAULT_LEASE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_entries < 1 or ttl <= timedelta() or lease <= timedelta():
            raise InvalidArgumentError("max_entries, ttl and lease must be above zero")
        self._max_entries: Final = max_entries
        self._ttl: Final = ttl.total_seconds()
        self._lease: Final = lease.total_seconds()
        self._clock: Final = clock
        self._lock: Final = threading.Lock()  # apps in several threads may share a store
        self._running: Final[dict[str, _Entry]] = {}
        self._done: Final[OrderedDict[str, _Entry]] = OrderedDict()

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
            if lease is not None and lease.owner != owner and lease.expires_at > now:
                return "running"
            self._running[message_id] = _Entry(owner, now + self._lease)
            return "claimed"

    async def complete(self, message_id: str, owner: str) -> bool:
        """Mark it as handled, unless another owner holds it, or has handled it."""
        with self._lock:
            now = self._clock()
            current = self._running.get(message_id) or self._done.get(message_id)
            if current is not None and current.owner != owner and current.expires_at > now:
                return False
            self._running.pop(message_id, None)
            self._done.pop(message_id, None)
            self._done[message_id] = _Entry(owner, now + self._ttl)
            self._evict(now)
            return True

    async def release(self, message_id: str, owner: str) -> None:
        """Give up the claim after a failure."""
        with self._lock:
            lease = self._running.get(message_id)
            if lease is not None and lease.owner == owner:
                del self._running[message_id]

    def _evict(self, now: float) -> None:
        # All entries have the same lifetime, so the first one expires first.
        while self._done and (
            len(self._done) > self._max_entries or next(iter(self._done.values())).expires_at <= now
        ):
            self._done.popitem(last=False)


def in_milliseconds(name: str, duration: timedelta) -> int:
    """Convert a limit of a store.

    Raises:
        InvalidArgumentError: It is less than a millisecond.
    """
    milliseconds = duration // timedelta(milliseconds=1)
    if milliseconds < 1:
        raise InvalidArgumentError(f"{name} must be above zero")
    return milliseconds
