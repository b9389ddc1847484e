"""One client on several event loops, one after another."""

from __future__ import annotations

import asyncio
import gc
import time

import anyio
import pytest

from portone_async import PortOne, errors
from tests.core.conftest import SECRET, paid
from tests.core.server import PATIENCE, Server, answer

# The connections of a loop that has ended cannot be closed by it any more.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(params=["httpx", "direct"])
def portone(request: pytest.FixtureRequest, elsewhere: Server) -> PortOne:
    """A client that was built at import time."""
    elsewhere.always = answer(paid())
    return PortOne(SECRET, base_url=elsewhere.url, max_connections=1, transport=request.param)


async def use(portone: PortOne) -> None:
    for _ in range(2):
        with anyio.fail_after(PATIENCE):
            await portone.payment.get_payment("order-1")


@pytest.mark.parametrize("portone", ["httpx"], indirect=True)
@pytest.mark.parametrize(
    "backends", [("asyncio", "asyncio"), ("trio", "trio"), ("asyncio", "trio")]
)
def test_a_client_serves_one_loop_after_another(
    portone: PortOne, elsewhere: Server, backends: tuple[str, str]
) -> None:
    """Connections belong to the loop that opened them; the client does not mind."""

    async def finish() -> None:
        await use(portone)
        await portone.aclose()
        with pytest.raises(errors.ClientClosedError):
            await use(portone)

    anyio.run(use, portone, backend=backends[0])
    anyio.run(finish, backend=backends[1])
    gc.collect()
    assert len(elsewhere.requests) == 4
    assert elsewhere.opened == 2


@pytest.mark.parametrize("last", ["asyncio", "trio"])
def test_a_client_outlives_its_event_loops(portone: PortOne, elsewhere: Server, last: str) -> None:
    """asyncio.run twice, and then it is closed in either kind of loop."""
    asyncio.run(use(portone))
    asyncio.run(use(portone))
    anyio.run(portone.aclose, backend=last)
    with pytest.raises(errors.ClientClosedError):
        asyncio.run(use(portone))
    gc.collect()
    assert len(elsewhere.requests) == 4
    assert elsewhere.opened == 2


def test_event_loops_that_ended_are_let_go(portone: PortOne, elsewhere: Server) -> None:
    """A program that calls asyncio.run for each job does not gather connections until it has no file left."""
    for _ in range(10):
        asyncio.run(use(portone))
        gc.collect()
    deadline = time.monotonic() + PATIENCE
    while elsewhere.open > 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # for the server's thread
    left = elsewhere.open
    asyncio.run(portone.aclose())
    gc.collect()
    assert elsewhere.opened == 10
    assert left <= 2
