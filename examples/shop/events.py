"""Server-sent events: an open page of an order or a subscription shows its changes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

import orjson


class ChangeNotifier:
    """Notifies of changes to orders and subscriptions, within this process."""

    def __init__(self) -> None:
        self._subscribers: Final[defaultdict[str, set[asyncio.Event]]] = defaultdict(set)

    def notify(self, subject_id: str) -> None:
        """Notify the subscribers of an order or a subscription."""
        for changed in self._subscribers.get(subject_id, ()):
            changed.set()

    @contextmanager
    def subscribe(self, subject_id: str) -> Generator[asyncio.Event]:
        """Give an event that is set on every change."""
        changed = asyncio.Event()
        self._subscribers[subject_id].add(changed)
        try:
            yield changed
        finally:
            self._subscribers[subject_id].discard(changed)
            if not self._subscribers[subject_id]:
                del self._subscribers[subject_id]


async def stream(
    changes: ChangeNotifier,
    subject_id: str,
    render: Callable[[], Awaitable[str]],
    refresh_seconds: float,
) -> AsyncGenerator[bytes]:
    """Yield server-sent events: what `render` returns, at first and then whenever it returns something else.

    It is rendered after a notification, and every `refresh_seconds` as notifications do not cross processes. A
    change during rendering is not missed: the event is cleared before rendering, not after it.
    """
    previous: str | None = None
    with changes.subscribe(subject_id) as changed:
        while True:
            changed.clear()
            text = await render()
            # A comment as a heartbeat, as proxies close connections that stay silent.
            yield b": unchanged\n\n" if text == previous else b"data: %s\n\n" % orjson.dumps(text)
            previous = text
            with suppress(TimeoutError):
                async with asyncio.timeout(refresh_seconds):
                    await changed.wait()
