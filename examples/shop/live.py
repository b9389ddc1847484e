"""Whoever looks at an order hears when it changes."""

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
    """News of orders, within this process."""

    def __init__(self) -> None:
        self._listeners: Final[defaultdict[str, set[asyncio.Event]]] = defaultdict(set)

    def tell(self, order_id: str) -> None:
        """Wake those who look at an order."""
        for listener in self._listeners.get(order_id, ()):
            listener.set()

    @contextmanager
    def listen(self, order_id: str) -> Generator[asyncio.Event]:
        """Give an event that is set whenever the order has changed."""
        changed = asyncio.Event()
        self._listeners[order_id].add(changed)
        try:
            yield changed
        finally:
            self._listeners[order_id].discard(changed)
            if not self._listeners[order_id]:
                del self._listeners[order_id]


async def stream(
    changes: Changes, order_id: str, render: Callable[[], Awaitable[str]]
) -> AsyncGenerator[bytes]:
    """Yield server-sent events: what `render` returns, now and whenever it is another text.

    Nothing is lost between two looks: the event is cleared before the look, not after it.
    """
    shown: str | None = None
    with changes.listen(order_id) as changed:
        while True:
            changed.clear()
            text = await render()
            # A comment keeps proxies from closing a quiet connection.
            yield b": still here\n\n" if text == shown else b"data: %s\n\n" % orjson.dumps(text)
            shown = text
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LOOK_AGAIN)
