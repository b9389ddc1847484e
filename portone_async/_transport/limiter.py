"""Limits how many requests run at once."""

from __future__ import annotations

from typing import Final

import anyio

from portone_async._transport.interface import TransportError


class Limiter:
    """A semaphore, first in, first out, whose waiting has an end."""

    def __init__(self, count: int) -> None:
        self._semaphore: Final = anyio.Semaphore(count, fast_acquire=True)

    async def acquire(self, timeout: float) -> None:
        """Wait for a turn. Raises `TransportError` if there is none within so many seconds."""
        try:
            self._semaphore.acquire_nowait()
        except anyio.WouldBlock:
            await self._wait(timeout)

    def release(self) -> None:
        """Let the longest waiter go on."""
        self._semaphore.release()

    async def _wait(self, timeout: float) -> None:
        acquired = False
        with anyio.move_on_after(timeout):
            await self._semaphore.acquire()
            acquired = True
        # Not `cancelled_caught`: time may be up in the moment in which the turn came.
        if not acquired:
            raise TransportError(
                "no connection was free in time", timed_out=True, may_have_reached=False
            )
