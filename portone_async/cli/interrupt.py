"""Ctrl-C once: finish what runs. Twice: stop now."""

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
class Interruption:
    """Whether the user has had enough."""

    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    """Cancelled by the second signal."""
    happened: bool = False


@contextmanager
def interruption(stop: Callable[[], None]) -> Generator[Interruption]:
    """Call `stop` at the first SIGINT or SIGTERM, and leave the block at the second. For asyncio."""
    state = Interruption()

    def handle() -> None:
        if state.happened:
            state.scope.cancel()
        else:
            state.happened = True
            stop()

    restore = _listen(handle)
    try:
        with state.scope:
            yield state
    finally:
        restore()


def _listen(handle: Callable[[], None]) -> Callable[[], None]:
    loop = asyncio.get_running_loop()

    def from_python(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(handle)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, from_python)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
