"""A relay between a client and a server, which fails after so many bytes of either direction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

import anyio
from anyio.abc import SocketAttribute, SocketStream
from attrs import define, field

from tests.core.server import reset_on_close

Fault = Literal["cut", "reset", "stall"]
Direction = Literal["response", "request"]


@define(frozen=True)
class Plan:
    """How one connection fails."""

    fault: Fault
    direction: Direction
    size: int
    """How many bytes are passed on first."""


@define
class Relay:
    """Follows one plan for each connection."""

    port: int
    plans: list[Plan | None] = field(factory=list)
    """`None` to pass everything on."""
    otherwise: Callable[[], Plan | None] = lambda: None
    """The plan of a connection when there are none left."""
    sizes: list[dict[Direction, int]] = field(factory=list)
    """How many bytes went through each connection."""
    url: str = ""

    async def serve(self, client: SocketStream) -> None:
        plan = self.plans.pop() if self.plans else self.otherwise()
        sizes: dict[Direction, int] = {"request": 0, "response": 0}
        self.sizes.append(sizes)
        gone = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError)
        with suppress(*gone):
            async with (
                client,
                await anyio.connect_tcp("127.0.0.1", self.port) as server,
                anyio.create_task_group() as tasks,
            ):

                async def pump(
                    direction: Direction, source: SocketStream, target: SocketStream
                ) -> None:
                    limit = plan.size if plan and plan.direction == direction else None
                    with suppress(*gone):
                        if limit != 0:
                            await _pass_on(source, target, limit, sizes, direction)
                    if plan is None or sizes[direction] != limit:
                        tasks.cancel_scope.cancel()  # either side hung up
                    elif plan.fault != "stall":
                        if plan.fault == "reset":
                            reset_on_close(client)
                        tasks.cancel_scope.cancel()

                tasks.start_soon(pump, "request", client, server)
                tasks.start_soon(pump, "response", server, client)


async def _pass_on(
    source: SocketStream,
    target: SocketStream,
    limit: int | None,
    sizes: dict[Direction, int],
    direction: Direction,
) -> None:
    async for data in source:
        passed = data if limit is None else data[: limit - sizes[direction]]
        await target.send(passed)
        sizes[direction] += len(passed)
        if sizes[direction] == limit:
            return


@asynccontextmanager
async def relaying(url: str) -> AsyncGenerator[Relay]:
    """Relay to a server on loopback."""
    scheme, _, authority = url.partition("://")
    relay = Relay(int(authority.rpartition(":")[2]))
    listener = (await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)).listeners[0]
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610  (of anyio's)
    relay.url = f"{scheme}://127.0.0.1:{port}"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, relay.serve)
        yield relay
        tasks.cancel_scope.cancel()
