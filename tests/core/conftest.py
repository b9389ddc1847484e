from __future__ import annotations

import logging
import os
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint
from attrs import evolve

from portone_async import PortOne, RetryPolicy, _registry, models
from tests.core.server import Server, serving
from tests.core.things import MODULES

SECRET = "marker-of-the-secret-9f3c"
ORDER = "marker-of-the-id-71be"
WORD = "marker-of-the-body-c55a"
MARKERS = (SECRET, ORDER, WORD)

TransportName: TypeAlias = Literal["httpx", "direct"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore what trio warns of in httpx: it leaves generators suspended when a connection breaks."""
    remark = "ignore:Async generator 'http(x|core):ResourceWarning"
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings(remark))


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of this folder that uses a transport over all there are, on the event loops they have."""
    in_this_folder = metafunc.definition.path.parent == Path(__file__).parent
    if "transport" not in metafunc.fixturenames or not in_this_folder:
        return
    parametrized = {
        name.strip()
        for mark in metafunc.definition.iter_markers("parametrize")
        for name in str(mark.args[0]).split(",")
    }
    if "transport" in parametrized:
        return
    if "anyio_backend" in parametrized:
        mark = pytest.mark.parametrize("transport", ["httpx", "direct"])
    else:
        mark = pytest.mark.parametrize(
            ("anyio_backend", "transport"),
            [("asyncio", "httpx"), ("trio", "httpx"), ("asyncio", "direct")],
            ids=["asyncio", "trio", "direct"],
        )
    # A mark, and not `metafunc.parametrize`, goes before the parameters of the fixture `anyio_backend`.
    metafunc.definition.add_marker(mark)


@pytest.fixture
def transport() -> TransportName:
    """The transport that clients use."""
    return "httpx"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the machine's environment changes what a client does."""
    for name in list(os.environ):
        if name.upper().startswith(("PORTONE_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server in a thread of its own, for tests of several event loops."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving()) as server:
        yield server


class Waits(list[float]):
    """The seconds that clients wait between attempts: recorded instead of waited for, on a clock of their own."""

    def policy(self, **changes: Any) -> RetryPolicy:
        """Return a policy that waits here, as long as jitter allows."""
        policy = RetryPolicy(sleep=self.sleep, clock=self.clock, jitter=lambda: 1.0)
        return evolve(policy, **changes)

    async def sleep(self, delay: float) -> None:
        self.append(delay)
        await checkpoint()

    def clock(self) -> float:
        return sum(self)


@pytest.fixture
def waits() -> Waits:
    return Waits()


class Backoff:
    """The wait between two attempts: it has no end."""

    def __init__(self) -> None:
        self.begun = anyio.Event()

    @property
    def policy(self) -> RetryPolicy:
        return RetryPolicy(sleep=self.sleep)

    async def sleep(self, _delay: float) -> None:
        self.begun.set()
        await anyio.sleep_forever()


@pytest.fixture
async def backoff() -> Backoff:
    return Backoff()


@pytest.fixture
async def portone(server: Server, waits: Waits, transport: TransportName) -> AsyncIterator[PortOne]:
    """A client of the server, as a user would build it; its retries wait in `waits`."""
    async with PortOne(
        SECRET, base_url=server.url, retry=waits.policy(), transport=transport
    ) as portone:
        yield portone


@pytest.fixture
def refusing() -> Iterator[str]:
    """The URL of a port that nobody listens on, and nobody else can take."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def discreet(caplog: pytest.LogCaptureFixture) -> Callable[..., None]:
    """Check that neither an error nor any log repeats a secret, an id or a body."""
    caplog.set_level(logging.DEBUG)

    def check(error: BaseException | None = None) -> None:
        logged = "".join(
            f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in caplog.records
        )
        shown = "" if error is None else f"{error} {error!r} {error.args!r}"
        if error is not None:
            shown += "".join(traceback.format_exception(error))
            shown += repr(getattr(error, "request", None))
        for marker in MARKERS:
            assert marker not in logged
            assert marker not in shown

    return check


@pytest.fixture
def things(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The models of `tests.core.things`, where generated ones are looked up by name."""
    for name, module in MODULES.items():
        monkeypatch.setitem(models._MODULES, name, f"things_{name}")
        monkeypatch.setitem(sys.modules, f"portone_async.models.things_{name}", module)
    yield
    for cached in (_registry.model_type, _registry.model_reader):
        cached.cache_clear()


def paid(**fields: Any) -> dict[str, Any]:
    """A payment's JSON."""
    return {"status": "PAID", "id": ORDER, "orderName": WORD, **fields}
