"""The built-in wire: lanes of one connection each, the warmest taken first.

A lane has its connection for itself, so that taking one costs the same however many there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import sniffio
from attrs import define, field

from portone_async._errors import ClientClosedError
from portone_async._operation import Timeout, Wire
from portone_async._request import Request
from portone_async._transport.interface import Answer, Sink
from portone_async._transport.origin import Origin
from portone_async._transport.places import AnyPlaces, AsyncioPlaces, Places


class Lane(Protocol):
    """A connection that carries one request at a time."""

    async def is_usable(self) -> bool:
        """Whether it may carry another request."""
        ...

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """Send a request and read its answer. Raises `TransportFault`."""
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...


@define(eq=False)
class Lanes:
    """Connections to one server, opened when needed up to a limit."""

    origin: Origin
    limit: int
    wire: Wire
    # A client may be built at import time and then used by several event loops in turn (asyncio.run twice,
    # a test suite): connections belong to the loop that opened them, and go with it.
    _pools: WeakKeyDictionary[Any, _Pool] = field(init=False, factory=WeakKeyDictionary)
    _closed: bool = field(init=False, default=False)

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt on a free lane."""
        pool = self._pool()
        await pool.places.take(timeout.pool)
        try:
            if self._closed:
                raise ClientClosedError("this client was closed while the call waited for its turn")
            lane = await pool.take(timeout)
            try:
                return await lane.send(request, timeout, sink)
            finally:
                if self._closed:
                    await _close(lane)
                else:
                    pool.free.append(lane)
        finally:
            pool.places.give_back()

    async def aclose(self) -> None:
        """Close the lanes of this event loop; those in use are closed when they are given back."""
        self._closed = True
        pool = self._pools.pop(_token(), None)
        while pool is not None and pool.free:
            await _close(pool.free.pop())
        self._forget_ended()

    def _pool(self) -> _Pool:
        # Asked of asyncio itself, as that is much quicker than by anyio.
        is_asyncio = sniffio.current_async_library() == "asyncio"
        token = asyncio.get_running_loop() if is_asyncio else _token()
        pool = self._pools.get(token)
        if pool is None:
            self._forget_ended()
            places = AsyncioPlaces(self.limit) if is_asyncio else AnyPlaces(self.limit)
            pool = self._pools[token] = _Pool(places, self._opener(is_asyncio=is_asyncio))
        return pool

    def _forget_ended(self) -> None:
        """Let the connections of event loops go that are over: they would keep each other from being collected."""
        # By `keyrefs`, as loops of other threads may add theirs meanwhile.
        for loop in [ref() for ref in self._pools.keyrefs()]:
            if getattr(loop, "is_closed", bool)():
                self._pools.pop(loop, None)

    def _opener(self, *, is_asyncio: bool) -> Callable[[Timeout], Awaitable[Lane]]:
        if is_asyncio and self.wire == "auto" and self.origin.proxy is None:
            from portone_async._transport.direct import Connector  # noqa: PLC0415  (asyncio's)

            return Connector(self.origin).connect
        from portone_async._transport.core import Core  # noqa: PLC0415  (its library may be an extra)

        return Core(self.origin, "httpx" if self.wire == "auto" else self.wire).connect


@define
class _Pool:
    """The lanes of one event loop."""

    places: Places
    open: Callable[[Timeout], Awaitable[Lane]]
    free: list[Lane] = field(factory=list[Lane])

    async def take(self, timeout: Timeout) -> Lane:
        """The warmest lane whose connection still stands, or a new one."""
        while self.free:
            lane = self.free.pop()
            usable = False
            try:
                usable = await lane.is_usable()
            finally:
                if not usable:
                    await _close(lane)
            if usable:
                return lane
        return await self.open(timeout)


def _token() -> Any:
    """The event loop, or what trio has for one."""
    return anyio.lowlevel.current_token().native_token


async def _close(lane: Lane) -> None:
    with anyio.CancelScope(shield=True):
        await lane.aclose()
