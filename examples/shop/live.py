"""Whoever looks at an order or a subscription hears when it changes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

import orjson

LOOK_AGAIN: Final = 5.0
"""Seconds: `tell()` reaches this process only, so what another one changed is found by looking."""


class Changes:
    """News of orders and subscriptions, within this process."""

    def __init__(self) -> None:
        self._listeners: Final[defaultdict[str, set[asyncio.Event]]] = defaultdict(set)

    def tell(self, subject_id: str) -> None:
        """Wake those who look at an order or a subscription."""
        for listener in self._listeners.get(subject_id, ()):
            listener.set()

    @contextmanager
    def listen(self, subject_id: str) -> Generator[asyncio.Event]:
        """Give an event that is set whenever it has changed."""
        changed = asyncio.Event()
        self._listeners[subject_id].add(changed)
        try:
            yield changed
        finally:
            self._listeners[subject_id].discard(changed)
            if not self._listeners[subject_id]:
                del self._listeners[subject_id]


async def stream(
    changes: Changes, subject_id: str, render: Callable[[], Awaitable[str]]
) -> AsyncGenerator[bytes]:
    """Yield server-sent events: what `render` returns, now and whenever it is another text.

    Nothing is lost between two looks: the event is cleared before the look, not after it.
    """
    shown: str | None = None
    with changes.listen(subject_id) as changed:
        while True:
            changed.clear()
            text = await render()
            # A comment keeps proxies from closing a quiet connection.
            yield b": still here\n\n" if text == shown else b"data: %s\n\n" % orjson.dumps(text)
            shown = text
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await changed.wait()
