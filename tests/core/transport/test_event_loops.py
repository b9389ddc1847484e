"""A client outlives the event loops that it is used by."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING

import anyio
import pytest

from portone_async import PortOne, errors
from tests.core.conftest import SECRET, paid
from tests.core.server import PATIENCE, Server, answer

if TYPE_CHECKING:
    from portone_async._transport_options import TransportName

# A loop that ends with a connection open leaves it to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize("last", ["asyncio", "trio"])
def test_asyncio_run_twice_then_trio_and_closed_in_either(elsewhere: Server, last: str) -> None:
    elsewhere.always = answer(paid())
    portone = PortOne(SECRET, base_url=elsewhere.url, max_connections=1)

    async def use() -> None:
        for _ in range(2):
            with anyio.fail_after(PATIENCE):
                await portone.payment.get_payment("order-1")

    asyncio.run(use())
    asyncio.run(use())
    anyio.run(use, backend="trio")
    anyio.run(portone.aclose, backend=last)
    with pytest.raises(errors.ClientClosedError):
        asyncio.run(use())
    gc.collect()
    assert len(elsewhere.requests) == 6
    assert elsewhere.opened == 3


@pytest.mark.parametrize("transport", ["httpx", "direct"])
def test_ended_event_loops_are_forgotten(elsewhere: Server, transport: TransportName) -> None:
    """A program that calls asyncio.run for each job does not gather connections until it has no file left."""
    elsewhere.always = answer(paid())
    portone = PortOne(SECRET, base_url=elsewhere.url, transport=transport)

    async def use() -> None:
        await portone.payment.get_payment("order-1")

    for _ in range(10):
        asyncio.run(use())
        gc.collect()
    deadline = time.monotonic() + PATIENCE
    while elsewhere.open > 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    left = elsewhere.open
    asyncio.run(portone.aclose())
    gc.collect()
    assert elsewhere.opened == 10
    assert left <= 2


@pytest.mark.parametrize("transport", ["httpx", "direct"])
def test_event_loops_of_several_threads_have_connections_of_their_own(
    elsewhere: Server, transport: TransportName
) -> None:
    elsewhere.always = answer(paid())
    portone = PortOne(SECRET, base_url=elsewhere.url, transport=transport, max_connections=1)
    failures: list[BaseException] = []

    async def use() -> None:
        for _ in range(20):
            await portone.payment.get_payment("order-1")

    def run() -> None:
        try:
            asyncio.run(use())
        except BaseException as failure:  # noqa: BLE001  (shown below)
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    asyncio.run(portone.aclose())
    assert failures == []
    assert len(elsewhere.requests) == 80
    assert elsewhere.opened == 4
