"""Pools of connections that carry one request at a time, the most recently used first.

Each connection has one user, so that taking one costs the same however many there are, and a request that is
cancelled costs its own connection and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import sniffio
from attrs import define, field

from portone_async._errors import ClientClosedError
from portone_async._options import Timeout
from portone_async._transport.limiter import Limiter


class Connection(Protocol):
    """A connection that carries one request at a time."""

    async def is_reusable(self) -> bool:
        """Return whether it may carry another request."""
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...


C = TypeVar("C", bound=Connection)


@define(eq=False)
class ConnectionPools(Generic[C]):
    """A pool for each event loop.

    A client may be built at import time and then used by several event loops in turn (asyncio.run twice, a test
    suite): connections belong to the loop that opened them, and go with it.
    """

    limit: int
    open: Callable[[Timeout], Awaitable[C]]
    closed: bool = field(init=False, default=False)
    _pools: WeakKeyDictionary[Any, ConnectionPool[C]] = field(init=False, factory=WeakKeyDictionary)

    def current(self) -> ConnectionPool[C]:
        """Return the running event loop's pool."""
        loop = _event_loop()
        pool = self._pools.get(loop)
        if pool is None:
            self._forget_ended_loops()
            pool = self._pools[loop] = ConnectionPool(self, Limiter(self.limit))
        return pool

    async def aclose(self) -> None:
        """Close the idle connections of this event loop; those in use are closed when they are released."""
        self.closed = True
        pool = self._pools.pop(_event_loop(), None)
        while pool is not None and pool.idle:
            await _close(pool.idle.pop())
        self._forget_ended_loops()

    def _forget_ended_loops(self) -> None:
        # By `keyrefs`, as loops of other threads may add theirs meanwhile.
        for loop in [ref() for ref in self._pools.keyrefs()]:
            if getattr(loop, "is_closed", bool)():
                self._pools.pop(loop, None)


@define(eq=False)
class ConnectionPool(Generic[C]):
    """The connections of one event loop, opened when needed up to a limit."""

    _pools: ConnectionPools[C]
    _limiter: Limiter
    idle: list[C] = field(init=False, factory=list)

    async def acquire(self, timeout: Timeout) -> C:
        """Return an idle connection or a new one, to be released. Raises `TransportError`."""
        await self._limiter.acquire(min(timeout.pool, timeout.total))
        try:
            if self._pools.closed:
                raise ClientClosedError(
                    "this client was closed while the call waited for a connection"
                )
            return await self._take() or await self._pools.open(timeout)
        except BaseException:
            self._limiter.release()
            raise

    async def release(self, connection: C) -> None:
        """Take a connection back."""
        try:
            if self._pools.closed:
                await _close(connection)
            else:
                self.idle.append(connection)
        finally:
            self._limiter.release()

    async def _take(self) -> C | None:
        """Return the most recently used connection that is reusable; close those that are not."""
        while self.idle:
            connection = self.idle.pop()
            reusable = False
            try:
                reusable = await connection.is_reusable()
            finally:
                if not reusable:
                    await _close(connection)
            if reusable:
                return connection
        return None


def _event_loop() -> Any:
    """Return the event loop, or what trio has for one."""
    # Asked of asyncio itself, as that is quicker than by anyio.
    if sniffio.current_async_library() == "asyncio":
        return asyncio.get_running_loop()
    return anyio.lowlevel.current_token().native_token


async def _close(connection: Connection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.aclose()
