"""Graceful shutdown: the first Ctrl-C lets running requests finish, the second one stops at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import anyio
from attrs import define, field

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@define
class Shutdown:
    """Whether a shutdown has been requested."""

    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    """Cancelled by the second signal."""
    is_requested: bool = False


@contextmanager
def graceful_shutdown(on_first_signal: Callable[[], None]) -> Generator[Shutdown]:
    """Call a function on the first SIGINT or SIGTERM, and leave the block on the second. Needs asyncio."""
    shutdown = Shutdown()

    def handle() -> None:
        if shutdown.is_requested:
            shutdown.scope.cancel()
        else:
            shutdown.is_requested = True
            on_first_signal()

    restore = _install_handlers(handle)
    try:
        with shutdown.scope:
            yield shutdown
    finally:
        restore()


def _install_handlers(handle: Callable[[], None]) -> Callable[[], None]:
    loop = asyncio.get_running_loop()

    def schedule(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(handle)

    previous = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, schedule)

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    return restore
