"""Clients on several event loops, one after another and at once, and clients that nobody closes."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import ssl
import subprocess
import sys
import threading
import time
import warnings

import anyio
import pytest
from anyio.lowlevel import checkpoint

from portone_async import PortOne, errors
from tests.core.conftest import SECRET, paid
from tests.core.server import PATIENCE, Server, answer
from tests.core.tls import Authority
from tests.core.transport.matrix import OWN, Kind, on
from tests.core.transport.servers import distant_server, open_files, until


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
    while elsewhere.open > 0 and time.monotonic() < deadline:
        time.sleep(0.01)  # for the server's thread
    left = elsewhere.open
    asyncio.run(portone.aclose())
    gc.collect()
    assert elsewhere.opened == 10
    assert left == 0


@pytest.mark.parametrize("portone", ["httpx"], indirect=True)
def test_event_loops_of_trio_that_ended_are_let_go(portone: PortOne, elsewhere: Server) -> None:
    before = open_files()
    for _ in range(10):
        anyio.run(use, portone, backend="trio")
    gc.collect()
    assert open_files() <= before + 1
    assert elsewhere.opened == 10
    anyio.run(portone.aclose, backend="trio")


def test_event_loops_of_several_threads(portone: PortOne, elsewhere: Server) -> None:
    """Each has connections of its own, and closes them at its end."""
    together = threading.Barrier(4)
    problems: list[BaseException] = []

    async def several() -> None:
        await use(portone)
        together.wait(PATIENCE)
        await use(portone)

    def run() -> None:
        try:
            asyncio.run(several())
        except BaseException as problem:  # noqa: BLE001  (shown by the test)
            problems.append(problem)

    before = open_files()
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert problems == []
    assert elsewhere.opened == 4
    assert open_files() <= before + 4  # what the server has not noticed yet
    asyncio.run(portone.aclose())


# Clients that nobody closes

MESSAGE = r"dropped with open connections \(1\): .*`async with`.*`aclose\(\)`"


async def drop(kind: Kind, server: Server, tls: ssl.SSLContext | None, count: int) -> None:
    """Use so many clients once, and forget them."""
    server.always = answer(paid())
    for _ in range(count):
        portone = PortOne(SECRET, base_url=server.url, transport=kind.transport, ssl_context=tls)
        await portone.payment.get_payment("order-1")


@pytest.mark.anyio
@on(OWN)
async def test_dropped_clients_give_their_sockets_back_and_say_so(
    kind: Kind, any_server: Server, client_tls: ssl.SSLContext | None
) -> None:
    """As many warnings as clients, each of which says what to do."""
    any_server.always = answer(paid())
    async with kind.client(any_server.url, ssl_context=client_tls) as portone:
        await portone.payment.get_payment("order-1")  # the event loop opens files of its own
    gc.collect()
    await any_server.until(lambda: any_server.open == 0)
    before = open_files()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await drop(kind, any_server, client_tls, 100)
        gc.collect()
        await any_server.until(lambda: any_server.open == 0)
    assert any_server.opened == 101
    await until(lambda: open_files() <= before)
    ours = [str(warning.message) for warning in caught if "PortOne" in str(warning.message)]
    assert len(ours) == 100
    assert all(re.search(MESSAGE, message) for message in ours)
    assert len(caught) == len(ours)


@pytest.mark.anyio
@on(OWN)
async def test_clients_that_were_closed_or_never_used_are_dropped_in_silence(
    kind: Kind, server: Server
) -> None:
    server.always = answer(paid())
    for used in (True, False):
        async with kind.client(server.url) as portone:
            if used:
                await portone.payment.get_payment("order-1")
    del portone
    PortOne(SECRET, base_url=server.url, transport=kind.transport)
    gc.collect()
    for _ in range(5):
        await checkpoint()


@pytest.mark.anyio
@on(OWN)
async def test_a_client_that_is_dropped_by_another_thread_is_closed_on_its_loop(
    kind: Kind, server: Server
) -> None:
    server.always = answer(paid())
    held = [PortOne(SECRET, base_url=server.url, transport=kind.transport)]
    await held[0].payment.get_payment("order-1")

    def forget() -> None:
        held.clear()
        gc.collect()

    with pytest.warns(ResourceWarning, match=MESSAGE):
        await anyio.to_thread.run_sync(forget)
    await server.until(lambda: server.open == 0)


def test_a_client_that_is_dropped_after_its_loop_has_nothing_open(
    portone: PortOne, elsewhere: Server, request: pytest.FixtureRequest
) -> None:
    """No warning of asyncio's either, of which there would be one for each transport."""
    name = request.node.callspec.params["portone"]

    async def main() -> None:
        client = PortOne(SECRET, base_url=elsewhere.url, transport=name)
        await use(client)
        kept.append(client)

    kept: list[PortOne] = []
    asyncio.run(main())
    kept.clear()
    gc.collect()
    assert elsewhere.opened == 1


SCRIPT = """
import asyncio, gc, sys
import anyio
from portone_async import PortOne

portone = PortOne("secret", base_url=sys.argv[1], transport=sys.argv[2])
run = asyncio.run
if sys.argv[3] == "uvloop":
    import uvloop
    run = uvloop.run
if sys.argv[3] == "trio":
    import trio
    run = lambda call: trio.run(lambda: call)

async def use():
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(portone.payment.get_payment, "order-1")

for _ in range(5):
    run(use())
    gc.collect()
"""


@on(OWN)
@pytest.mark.parametrize("scheme", ["plain", "tls"])
def test_a_global_client_over_asyncio_run_passes_development_mode(
    kind: Kind, scheme: str, authority: Authority
) -> None:
    """Nobody closes it: each loop's connections are closed with the loop, and Python has nothing to complain of."""
    kind.require()
    tls = None if scheme == "plain" else authority.server()
    with distant_server(tls) as distant:
        distant.server.always = answer(paid())
        done = subprocess.run(
            [
                sys.executable,
                "-X",
                "dev",
                "-W",
                "error",
                "-c",
                SCRIPT,
                distant.server.url,
                kind.transport,
                kind.loop,
            ],
            env={**os.environ, "SSL_CERT_FILE": str(authority.file)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        assert len(distant.server.requests) == 25
