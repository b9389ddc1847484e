"""Pools of connections that carry one request at a time, the most recently used first.

Each connection has one user, so that taking one costs the same however many there are, and a request that is
cancelled costs its own connection and no other.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from weakref import WeakKeyDictionary, finalize

import anyio
import anyio.lowlevel
import sniffio
from attrs import define, field

from portone_async._errors import ClientClosedError
from portone_async._options import Timeout


class Connection(Protocol):
    """Carries one request at a time, and says whether it may carry another one."""

    async def is_reusable(self) -> bool: ...
    async def aclose(self) -> None: ...


C = TypeVar("C", bound=Connection)
_Closing: TypeAlias = AsyncGenerator[None, None]


@define(eq=False)
class ConnectionPool(Generic[C]):
    """Connections to one server, opened when needed up to a limit; further calls wait, first in, first out.

    A client may be built at import time and then used by several event loops in turn (asyncio.run twice, a test
    suite): connections belong to the loop that opened them, and are closed at its end.
    """

    limit: int
    open: Callable[[Timeout], Awaitable[C]]
    wait: Callable[[anyio.Semaphore, Timeout], Awaitable[None]]
    _loops: WeakKeyDictionary[Any, tuple[anyio.Semaphore, list[C], _Closing]] = field(
        init=False, factory=WeakKeyDictionary
    )
    _closed: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        finalize(self, _drop, self._loops).atexit = False

    async def acquire(self, timeout: Timeout) -> C:
        """Return an idle connection or a new one, to be released. Raises `TransportError`."""
        limiter, idle, _ = self._of_this_loop()
        try:
            limiter.acquire_nowait()
        except anyio.WouldBlock:
            started = anyio.current_time()
            await self.wait(limiter, timeout)
            left = timeout.total - (anyio.current_time() - started)
            timeout = timeout.within(max(left, 1e-3))
        try:
            return await self._take(idle) or await self.open(timeout)
        except BaseException:
            limiter.release()
            raise

    async def release(self, connection: C, *, keep: bool) -> None:
        """Take a connection back, to keep it for another request or to close it."""
        limiter, idle, _ = self._of_this_loop()
        try:
            if keep and not self._closed:
                idle.append(connection)
            else:
                await _close(connection)
        finally:
            limiter.release()

    async def aclose(self) -> None:
        """Close the idle connections of this event loop; those in use are closed when they are released."""
        self._closed = True
        await _close_all(self._of_this_loop()[1])

    def count(self) -> tuple[int, int]:
        """Return how many connections are idle, and how many are in use or being opened. Safe in any thread."""
        loops = [loop for ref in self._loops.keyrefs() if (loop := ref()) is not None]
        of_loops = [found for loop in loops if (found := self._loops.get(loop)) is not None]
        active = sum(self.limit - limiter.value for limiter, _, _ in of_loops)
        return sum(len(idle) for _, idle, _ in of_loops), active

    async def _take(self, idle: list[C]) -> C | None:
        """Return the most recently used connection that is reusable; close those that are not."""
        if self._closed:
            raise ClientClosedError("the client was closed while the call waited for a connection")
        while idle:
            connection = idle.pop()
            reusable = False
            try:
                reusable = await connection.is_reusable()
            finally:
                if not reusable:
                    await _close(connection)
            if reusable:
                return connection
        return None

    def _of_this_loop(self) -> tuple[anyio.Semaphore, list[C], _Closing]:
        """Return the limiter and the idle connections of the running event loop, and what closes them."""
        # Asked of asyncio itself, as that is quicker than by anyio.
        if sniffio.current_async_library() == "asyncio":
            loop: Any = asyncio.get_running_loop()
        else:
            loop = anyio.lowlevel.current_token().native_token
        if loop not in self._loops:
            # Forget ended loops. By `keyrefs`, as loops of other threads may add theirs meanwhile.
            for other in [ref() for ref in self._loops.keyrefs()]:
                if getattr(other, "is_closed", bool)():
                    self._loops.pop(other, None)
            idle: list[C] = []
            closing = _close_at_end(idle)
            with suppress(StopIteration):
                closing.asend(None).send(None)  # pyright: ignore[reportAttributeAccessIssue]
            self._loops[loop] = anyio.Semaphore(self.limit, fast_acquire=True), idle, closing
        return self._loops[loop]


def _drop(loops: WeakKeyDictionary[Any, tuple[Any, list[Any], _Closing]]) -> None:
    """Close the connections of a pool that nobody has any more, each on its own event loop, and say so."""
    count = sum(len(idle) for _, idle, _ in loops.values())
    for loop, (_, _, closing) in list(loops.items()):
        with suppress(RuntimeError):  # the loop has ended
            if hasattr(loop, "call_soon_threadsafe"):
                loop.call_soon_threadsafe(lambda a=loop, b=closing: a.create_task(b.aclose()))
            else:
                loop.run_sync_soon(sys.modules["trio"].lowlevel.spawn_system_task, closing.aclose)
    if count:
        warnings.warn(
            f"a PortOne client was dropped with open connections ({count}): use it with `async with`, or await its "
            "`aclose()` at the end",
            ResourceWarning,
            stacklevel=2,
        )


async def _close_at_end(idle: list[C]) -> _Closing:
    """Close connections when this is closed: event loops do that with unfinished generators at their end."""
    try:
        yield
    finally:
        await _close_all(idle)


async def _close_all(idle: list[C]) -> None:
    while idle:
        await _close(idle.pop())


async def _close(connection: Connection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.aclose()
