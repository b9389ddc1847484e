"""Who may send: so many at once, the others wait in turn."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Protocol

import anyio

from portone_async._transport.interface import TransportFault


class Places(Protocol):
    """A semaphore whose waiting has an end."""

    async def take(self, timeout: float) -> None:
        """Take a place. Raises `TransportFault` when none was free for so many seconds."""
        ...

    def give_back(self) -> None:
        """Give it to who has waited longest."""
        ...


class AnyPlaces:
    """On any event loop."""

    def __init__(self, count: int) -> None:
        self._semaphore: Final = anyio.Semaphore(count, fast_acquire=True)

    async def take(self, timeout: float) -> None:
        """Take a place."""
        with anyio.move_on_after(timeout) as scope:
            await self._semaphore.acquire()
        if scope.cancelled_caught:
            raise _none_free()

    def give_back(self) -> None:
        """Give it to who has waited longest."""
        self._semaphore.release()


class AsyncioPlaces:
    """On asyncio: the same, without a cancel scope around each wait."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: Final = deque[asyncio.Future[None]]()

    async def take(self, timeout: float) -> None:
        """Take a place."""
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(timeout, _expire, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()  # it came together with the cancellation
            raise
        finally:
            timer.cancel()

    def give_back(self) -> None:
        """Give it to who has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _expire(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(_none_free())


def _none_free() -> TransportFault:
    """Nothing was sent."""
    return TransportFault("PoolTimeout", timed_out=True, may_have_reached=False)
