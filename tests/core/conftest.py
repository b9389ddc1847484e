from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint

from portone_async import PortOne, _client
from tests.core.server import Server, serving

SECRET = "marker-of-the-secret-9f3c"
ORDER = "marker-of-the-id-71be"
WORD = "marker-of-the-body-c55a"
MARKERS = (SECRET, ORDER, WORD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pass over what trio remarks on httpx: it leaves generators suspended when a connection breaks."""
    remark = "ignore:Async generator 'http(x|core):ResourceWarning"
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings(remark))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment changes what a client does."""
    for name in ("PORTONE_API_SECRET", "PORTONE_STORE_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server in a thread of its own, for tests of several event loops."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving()) as server:
        yield server


@pytest.fixture
async def portone(server: Server) -> AsyncIterator[PortOne]:
    """A client of the server, as a user would build it."""
    async with PortOne(SECRET, base_url=server.url) as portone:
        yield portone


class Waits(list[float]):
    """The seconds that clients waited between attempts, on a clock that only this moves."""

    async def sleep(self, delay: float) -> None:
        self.append(delay)
        await checkpoint()

    def now(self) -> float:
        return sum(self)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Have clients note how long they would wait, with all jitter at its most, instead of waiting."""
    waits = Waits()
    clock = SimpleNamespace(sleep=waits.sleep, CancelScope=anyio.CancelScope)
    monkeypatch.setattr(_client, "anyio", clock)
    monkeypatch.setattr(_client, "time", SimpleNamespace(monotonic=waits.now))
    monkeypatch.setattr(_client, "random", SimpleNamespace(random=lambda: 1.0))
    return waits


@pytest.fixture
def backoff(monkeypatch: pytest.MonkeyPatch) -> anyio.Event:
    """Set as soon as a client waits between attempts, which it then does for an hour."""
    begun = anyio.Event()

    async def sleep(delay: float) -> None:
        begun.set()
        await anyio.sleep_forever()

    clock = SimpleNamespace(
        sleep=sleep, current_time=anyio.current_time, CancelScope=anyio.CancelScope
    )
    monkeypatch.setattr(_client, "anyio", clock)
    return begun


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
        told = "" if error is None else f"{error} {error!r} {error.args!r}"
        if error is not None:
            told += "".join(traceback.format_exception(error))
            told += repr(getattr(error, "request", None))
        for marker in MARKERS:
            assert marker not in logged
            assert marker not in told

    return check


def paid(**fields: Any) -> dict[str, Any]:
    """A payment's JSON."""
    return {"status": "PAID", "id": ORDER, "orderName": WORD, **fields}
