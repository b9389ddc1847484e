"""Four processes share a store, on a real server: it stops in between, and a process dies while it handles a webhook."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import pytest

for package in ("aiomysql", "aiosqlite", "asyncpg", "redis", "sqlalchemy", "uvicorn"):
    pytest.importorskip(package)

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Literal

import anyio
import httpx
from anyio import to_thread
from fastapi_samples import PATH, SECRET, body

from portone_async.webhooks import sign
from tests.servers import Server

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.load,
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
]
WORKER = Path(__file__).with_name("store_worker.py")
SERVERS = ["redis_server", "postgresql", "mariadb"]
STORES = [*SERVERS, "sqlite"]
DELIVERIES = 200
SHORT_LEASE = 1.0  # seconds


class Worker:
    """A process that serves a route for each store."""

    def __init__(self, mode: Literal["serve", "hang"], log: Path, stores: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, WORKER, log, mode, *stores], stdout=subprocess.PIPE, text=True
        )
        self.url = ""

    def read_line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process has ended"
        return line.strip()

    def wait_until_it_serves(self) -> None:
        self.url = f"http://127.0.0.1:{self.read_line()}"

    def kill(self) -> None:
        with self._process:  # waits
            self._process.kill()


class Cluster:
    """Four processes that share each of the stores."""

    def __init__(self, log: Path, urls: dict[str, str]) -> None:
        self._log = log
        self.stores = list(urls)
        self._arguments = [f"{name}=300={url}" for name, url in urls.items()]
        self._arguments += [f"{name}-short={SHORT_LEASE}={url}" for name, url in urls.items()]
        self.workers = [self.new_worker("serve") for _ in range(4)]

    def new_worker(self, mode: Literal["serve", "hang"]) -> Worker:
        return Worker(mode, self._log, self._arguments)

    def calls(self, store: str, message_id: str) -> int:
        """Return how often a handler was called."""
        return self._log.read_text().splitlines().count(f"{store} {message_id}")


@pytest.fixture(scope="module")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    urls = {"sqlite": f"sqlite+aiosqlite:///{folder / 'webhooks.db'}"}
    for name in SERVERS:
        with suppress(pytest.skip.Exception):  # the tests of this server say why it is missing
            server: Server = request.getfixturevalue(name)
            urls[name] = server.url
    log = folder / "log"
    log.touch()
    started = Cluster(log, urls)
    with ExitStack() as stack:
        for worker in started.workers:
            stack.callback(worker.kill)
        for worker in started.workers:
            worker.wait_until_it_serves()
        yield started


async def deliver(http: httpx.AsyncClient, worker: Worker, store: str, message_id: str) -> int:
    content = body()
    headers = sign(content, SECRET, message_id=message_id)
    return (
        await http.post(f"{worker.url}/{store}{PATH}", content=content, headers=headers)
    ).status_code


async def deliver_to_each(cluster: Cluster, store: str, message_id: str) -> list[int]:
    async with client() as http:
        return [await deliver(http, worker, store, message_id) for worker in cluster.workers]


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        trust_env=False, timeout=60, limits=httpx.Limits(max_connections=DELIVERIES)
    )


@pytest.mark.parametrize("store", STORES)
async def test_of_200_deliveries_to_four_processes_one_is_handled(
    store: str, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    if store in SERVERS:
        request.getfixturevalue(store)
    statuses: Counter[int] = Counter()

    async def one(http: httpx.AsyncClient, number: int) -> None:
        worker = cluster.workers[number % len(cluster.workers)]
        statuses[await deliver(http, worker, store, "msg_many")] += 1

    async with client() as http, anyio.create_task_group() as tasks:
        for number in range(DELIVERIES):
            tasks.start_soon(one, http, number)
    assert statuses.total() == DELIVERIES
    assert statuses.keys() <= {200, 409}, statuses
    assert cluster.calls(store, "msg_many") == 1
    assert await deliver_to_each(cluster, store, "msg_many") == [200] * 4
    assert cluster.calls(store, "msg_many") == 1


@pytest.mark.parametrize("name", SERVERS)
async def test_a_stopped_server_makes_portone_deliver_again(
    name: str, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    assert await deliver_to_each(cluster, name, "msg_before") == [200] * 4
    server.stop()
    try:
        assert await deliver_to_each(cluster, name, "msg_while") == [503] * 4
        assert await deliver_to_each(cluster, name, "msg_before") == [503] * 4
        assert cluster.calls(name, "msg_while") == 0
    finally:
        server.start()
    assert await deliver_to_each(cluster, name, "msg_while") == [200] * 4
    assert await deliver_to_each(cluster, name, "msg_before") == [200] * 4
    assert [cluster.calls(name, f"msg_{when}") for when in ("before", "while")] == [1, 1]


async def test_when_a_process_is_killed_another_takes_over_after_the_lease(
    cluster: Cluster,
) -> None:
    stores = [f"{store}-short" for store in cluster.stores]
    doomed = cluster.new_worker("hang")

    async def lose(http: httpx.AsyncClient, store: str) -> None:
        with pytest.raises(httpx.TransportError):
            await deliver(http, doomed, store, "msg_lost")

    async def take_over(http: httpx.AsyncClient, store: str) -> None:
        statuses: list[int] = []
        while 200 not in statuses:
            worker = cluster.workers[len(statuses) % len(cluster.workers)]
            statuses.append(await deliver(http, worker, store, "msg_lost"))
        assert time.monotonic() - started_at >= SHORT_LEASE
        assert set(statuses) <= {200, 409}, statuses
        assert cluster.calls(store, "msg_lost") == 2

    try:
        doomed.wait_until_it_serves()
        with anyio.fail_after(60):
            async with client() as http:
                started_at = time.monotonic()
                async with anyio.create_task_group() as tasks:
                    for store in stores:
                        tasks.start_soon(lose, http, store)
                    for _ in stores:
                        await to_thread.run_sync(doomed.read_line)
                    doomed.kill()
                async with anyio.create_task_group() as tasks:
                    for store in stores:
                        tasks.start_soon(take_over, http, store)
    finally:
        doomed.kill()
