"""Pools of connections that carry one request at a time, the most recently used first.

Each connection has one user, so that taking one costs the same however many there are, and a request that is
cancelled costs its own connection and no other.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final, Generic, Protocol, TypeVar

import anyio
from attrs import define, field

from portone_async._errors import ClientClosedError
from portone_async._event_loops import PerEventLoop
from portone_async._options import Timeout


class Connection(Protocol):
    """Carries one request at a time, and says whether it may carry another one."""

    async def is_reusable(self) -> bool: ...
    async def aclose(self) -> None: ...


C = TypeVar("C", bound=Connection)
KEEPALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""


@define(eq=False)
class ConnectionPool(Generic[C]):
    """Connections to one server, opened when needed up to a limit; further calls wait, first in, first out."""

    limit: int
    open: Callable[[Timeout], Awaitable[C]]
    wait: Callable[[anyio.Semaphore, Timeout], Awaitable[None]]
    idle: list[tuple[float, C]] = field(factory=list)
    """Since when, by the monotonic clock, and which."""
    limiter: anyio.Semaphore = field(init=False)
    closed: bool = False

    def __attrs_post_init__(self) -> None:
        self.limiter = anyio.Semaphore(self.limit, fast_acquire=True)

    async def acquire(self, timeout: Timeout) -> C:
        """Return an idle connection or a new one, to be released. Raises `TransportError`."""
        try:
            self.limiter.acquire_nowait()
        except anyio.WouldBlock:
            started = anyio.current_time()
            await self.wait(self.limiter, timeout)
            left = timeout.total - (anyio.current_time() - started)
            timeout = timeout.within(max(left, 1e-3))
        try:
            return await self._take() or await self.open(timeout)
        except BaseException:
            self.limiter.release()
            raise

    async def release(self, connection: C, *, keep: bool) -> None:
        """Take a connection back, to keep it for another request or to close it."""
        try:
            if keep and not self.closed:
                self.idle.append((monotonic(), connection))
            else:
                await _close(connection)
        finally:
            self.limiter.release()

    async def aclose(self) -> None:
        """Close the idle connections; those in use are closed when they are released."""
        self.closed = True
        while self.idle:
            await _close(self.idle.pop()[1])

    async def _take(self) -> C | None:
        """Return the most recently used connection that is reusable; close those that are not."""
        if self.closed:
            raise ClientClosedError("the client was closed while the call waited for a connection")
        while self.idle:
            since, connection = self.idle.pop()
            reusable = False
            try:
                reusable = monotonic() - since < KEEPALIVE and await connection.is_reusable()
            finally:
                if not reusable:
                    await _close(connection)
            if reusable:
                return connection
        return None


class ConnectionPools(Generic[C]):
    """A pool for each event loop, as connections belong to the loop that opened them."""

    def __init__(self, make: Callable[[], ConnectionPool[C]]) -> None:
        self._pools: Final = PerEventLoop(make, _warn)
        self.get: Final = self._pools.get

    async def aclose(self) -> None:
        """Close the idle connections of this event loop, and all others when they are released."""
        for pool in self._pools.values():
            pool.closed = True
        await self.get().aclose()

    def count(self) -> tuple[int, int]:
        """Return how many connections are idle, and how many are in use or being opened. Safe in any thread."""
        pools = self._pools.values()
        idle = sum(len(pool.idle) for pool in pools)
        return idle, sum(pool.limit - pool.limiter.value for pool in pools)


def _warn(pools: list[ConnectionPool[Any]]) -> None:
    if count := sum(len(pool.idle) for pool in pools):
        problem = f"a PortOne client was dropped with open connections ({count}): use `async with` or `aclose()`"
        warnings.warn(problem, ResourceWarning, stacklevel=2)


async def _close(connection: Connection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.aclose()
