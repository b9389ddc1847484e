"""What belongs to an event loop and ends with it.

A client may be built at import time and then be used by several event loops: in turn (`asyncio.run` twice, a test
suite) or in several threads.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, finalize

import anyio.lowlevel
import sniffio
from attrs import define


class Closeable(Protocol):
    async def aclose(self) -> None: ...


T = TypeVar("T", bound=Closeable)


@define(frozen=True)
class _Entry(Generic[T]):
    value: T
    closing: AsyncGenerator[None, None]
    """Closes the value when it is closed: event loops do that with unfinished generators at their end."""


class PerEventLoop(Generic[T]):
    """A value for each event loop that asks for one, closed when the loop ends, or when nobody has this any more."""

    def __init__(self, make: Callable[[], T], on_drop: Callable[[list[T]], None]) -> None:
        self._make: Final = make
        self._entries: Final = WeakKeyDictionary[Any, _Entry[T]]()
        finalize(self, _drop, self._entries, on_drop).atexit = False

    def get(self) -> T:
        """Return the running event loop's."""
        # Asked of asyncio itself, as that is quicker than by anyio.
        if sniffio.current_async_library() == "asyncio":
            loop: Any = asyncio.get_running_loop()
        else:
            loop = anyio.lowlevel.current_token().native_token
        entry = self._entries.get(loop)
        if entry is None:
            self._forget_ended()
            entry = self._entries[loop] = _start(self._make())
        return entry.value

    def values(self) -> list[T]:
        """Return those of all event loops. Safe in any thread."""
        return [entry.value for _, entry in _items(self._entries)]

    def _forget_ended(self) -> None:
        for loop, _ in _items(self._entries):
            if getattr(loop, "is_closed", bool)():
                self._entries.pop(loop, None)


def _items(entries: WeakKeyDictionary[Any, _Entry[T]]) -> list[tuple[Any, _Entry[T]]]:
    # By `keyrefs`, as event loops of other threads may add theirs meanwhile.
    loops = [loop for ref in entries.keyrefs() if (loop := ref()) is not None]
    return [(loop, entry) for loop in loops if (entry := entries.get(loop)) is not None]


def _start(value: T) -> _Entry[T]:
    async def close_at_end() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await value.aclose()

    closing = close_at_end()
    with suppress(StopIteration):  # it runs to its `yield`, which makes it known to the event loop
        closing.asend(None).send(None)  # pyright: ignore[reportAttributeAccessIssue]
    return _Entry(value, closing)


def _drop(entries: WeakKeyDictionary[Any, _Entry[T]], on_drop: Callable[[list[T]], None]) -> None:
    """Close each value on its own event loop."""
    found = _items(entries)
    values = [entry.value for _, entry in found]
    on_drop(values)
    for loop, entry in found:
        with suppress(RuntimeError):  # the loop has ended
            if hasattr(loop, "call_soon_threadsafe"):
                loop.call_soon_threadsafe(_close_soon, loop, entry.closing)
            else:
                spawn = sys.modules["trio"].lowlevel.spawn_system_task
                loop.run_sync_soon(spawn, entry.closing.aclose)


def _close_soon(loop: asyncio.AbstractEventLoop, closing: AsyncGenerator[None, None]) -> None:
    task = loop.create_task(closing.aclose())  # pyright: ignore[reportArgumentType]
    _closing.add(task)
    task.add_done_callback(_closing.discard)


_closing: Final = set[asyncio.Task[None]]()
"""Kept here until they are done, as an event loop knows its tasks weakly."""
