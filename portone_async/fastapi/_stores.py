"""Remembering which webhooks were handled.

PortOne delivers a webhook again, under the same `webhook-id`, until it gets a 2xx: after a lost answer, too. A
store tells three cases apart, so that none of them loses or repeats an event:

- nobody has it: it is claimed, and handled;
- somebody is at it right now: the answer is 409, as a 200 would make PortOne forget an event that may yet fail;
- it was handled: the answer is 200, and the handler is not called.

Recipes for Redis and for a database are in docs/fastapi.md.
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
    """What deduplication needs of a store. `owner` is a new random string for every delivery.

    An exception of `claim` goes to the app, which answers 500, and PortOne delivers again.
    """

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Take the webhook for `owner` in one atomic step, or say who has it.

        `claimed` if it is nobody's, or was taken so long ago that its owner must be dead; `running` if another
        owner is at it; `done` if it was handled.
        """
        ...

    async def complete(self, message_id: str, owner: str) -> None:
        """Note that it was handled, whoever owns it by now; for longer than PortOne redelivers (six hours)."""
        ...

    async def release(self, message_id: str, owner: str) -> None:
        """Give it back after a failure, if `owner` still has it and it is not done."""
        ...


class _Running(NamedTuple):
    owner: str
    expires: float


class MemoryStore:
    """A store in this process's memory: for one process, and forgotten when it ends.

    Args:
        max_entries: How many handled webhooks are remembered at most; beyond it the oldest are forgotten.
        ttl: How long a handled webhook is remembered.
        lease: After how long a handler that has not ended counts as dead, so that a redelivery is handled.
        clock: Seconds, from any start.
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
            raise InvalidArgumentError("max_entries, ttl and lease are above zero")
        self._max_entries: Final = max_entries
        self._ttl: Final = ttl.total_seconds()
        self._lease: Final = lease.total_seconds()
        self._clock: Final = clock
        self._lock: Final = threading.Lock()  # apps in several threads may share a store
        self._running: Final[dict[str, _Running]] = {}
        self._done: Final[OrderedDict[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._running) + len(self._done)

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Take the webhook, or say who has it."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            if message_id in self._done:
                return "done"
            held = self._running.get(message_id)
            if held is not None and held.expires > now:
                return "running"
            self._running[message_id] = _Running(owner, now + self._lease)
            return "claimed"

    async def complete(self, message_id: str, owner: str) -> None:
        """Note that it was handled."""
        with self._lock:
            self._drop(message_id, owner)
            now = self._clock()
            self._done.pop(message_id, None)
            self._done[message_id] = now + self._ttl
            self._forget(now)

    async def release(self, message_id: str, owner: str) -> None:
        """Give it back after a failure."""
        with self._lock:
            self._drop(message_id, owner)

    def _drop(self, message_id: str, owner: str) -> None:
        held = self._running.get(message_id)
        if held is not None and held.owner == owner:
            del self._running[message_id]

    def _forget(self, now: float) -> None:
        # All live equally long, so the first is the one that expires first.
        while self._done and (
            len(self._done) > self._max_entries or next(iter(self._done.values())) <= now
        ):
            self._done.popitem(last=False)
