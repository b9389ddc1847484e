"""The stores of handled webhooks: in memory, in Redis, in SQLite, PostgreSQL and MariaDB. All behave the same."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi_samples import PATH, SECRET, app_with, deliver, serving

from portone_async.errors import InvalidArgumentError
from portone_async.fastapi import (
    MemoryStore,
    VerifiedWebhook,
    WebhookEvent,
    WebhookRouter,
    WebhookStore,
    WebhookStoreUnavailableError,
)
from portone_async.models import TransactionPaidWebhook
from tests.servers import Server

pytest.importorskip("redis")
pytest.importorskip("sqlalchemy")
pytest.importorskip("aiosqlite")

from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from sqlalchemy import create_engine as create_blocking_engine
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from store_samples import create_engine

from portone_async.fastapi.redis import RedisWebhookStore
from portone_async.fastapi.sqlalchemy import SQLAlchemyWebhookStore

pytestmark = pytest.mark.anyio
DAY = 86_400
LEASE = 300


class Clock:
    now = 1_783_069_200.0

    def __call__(self) -> float:
        return self.now


class Sample:
    """A store, and what makes its leases and marks end."""

    def __init__(self, store: WebhookStore, expire: Callable[[], Awaitable[object]]) -> None:
        self.store, self.expire = store, expire


@asynccontextmanager
async def in_memory() -> AsyncGenerator[Sample]:
    clock = Clock()

    async def expire() -> None:
        clock.now += DAY + 1

    yield Sample(MemoryStore(clock=clock), expire)


@asynccontextmanager
async def in_redis(url: str) -> AsyncGenerator[Sample]:
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
        yield Sample(RedisWebhookStore(redis), redis.flushdb)


@asynccontextmanager
async def in_database(url: str) -> AsyncGenerator[Sample]:
    engine = create_engine(url)
    store = SQLAlchemyWebhookStore(engine)

    async def execute(statement: Any) -> None:
        async with engine.begin() as db:
            await db.execute(statement)

    await store.create_table()
    yield Sample(store, lambda: execute(update(store.table).values(expires_at=1)))
    await execute(text("DROP TABLE portone_webhooks"))
    await engine.dispose()


@pytest.fixture
async def sample(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Sample]:
    kind: str = request.param
    if kind == "memory":
        opened = in_memory()
    elif kind == "sqlite":
        opened = in_database(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    else:
        server: Server = request.getfixturevalue(kind)
        opened = in_redis(server.url) if kind == "redis_server" else in_database(server.url)
    async with opened as opened_sample:
        yield opened_sample


# redis-py and SQLAlchemy run on asyncio only.
with_each_store = pytest.mark.parametrize(
    ("sample", "anyio_backend"),
    [
        ("memory", "asyncio"),
        ("memory", "trio"),
        ("sqlite", "asyncio"),
        pytest.param("redis_server", "asyncio", marks=pytest.mark.load),
        pytest.param("postgresql", "asyncio", marks=pytest.mark.load),
        pytest.param("mariadb", "asyncio", marks=pytest.mark.load),
    ],
    indirect=["sample"],
)


@pytest.fixture
def store(sample: Sample) -> WebhookStore:
    return sample.store


@with_each_store
async def test_a_webhook_is_claimed_once_and_completed_once(store: WebhookStore) -> None:
    assert await store.claim("msg_1", "a") == "claimed"
    assert await store.claim("msg_1", "b") == "running"
    assert await store.claim("msg_2", "b") == "claimed"
    assert await store.complete("msg_1", "a")
    assert [await store.claim("msg_1", owner) for owner in "abc"] == ["done"] * 3
    assert await store.claim("msg_2", "c") == "running"


@with_each_store
async def test_ids_that_a_database_might_take_for_one_are_told_apart(store: WebhookStore) -> None:
    ids = ["msg_a", "msg_A", "msg_a ", "msg_á", "m" * 300, "m" * 301, "done:msg_a"]
    assert [await store.claim(each, "a") for each in ids] == ["claimed"] * len(ids)


@with_each_store
async def test_a_request_that_a_client_repeats_has_the_same_result(store: WebhookStore) -> None:
    assert [await store.claim("msg_1", "a") for _ in range(2)] == ["claimed"] * 2
    assert [await store.complete("msg_1", "a") for _ in range(2)] == [True] * 2
    await store.claim("msg_2", "a")
    for _ in range(2):
        await store.release("msg_2", "a")
    assert await store.claim("msg_2", "b") == "claimed"


@with_each_store
async def test_a_released_webhook_can_be_claimed_again(store: WebhookStore) -> None:
    await store.claim("msg_1", "a")
    await store.release("msg_1", "a")
    assert await store.claim("msg_1", "b") == "claimed"
    await store.release("msg_1", "a")  # too late: another owner has it
    assert await store.claim("msg_1", "c") == "running"


@with_each_store
async def test_a_completed_webhook_is_not_released(store: WebhookStore) -> None:
    await store.claim("msg_1", "a")
    await store.complete("msg_1", "a")
    await store.release("msg_1", "a")
    await store.release("msg_2", "a")
    assert await store.claim("msg_1", "b") == "done"


@with_each_store
async def test_one_of_many_concurrent_claims_succeeds(store: WebhookStore) -> None:
    claims: list[str] = []

    async def one(owner: str) -> None:
        claims.append(await store.claim("msg_1", owner))

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(one, str(number))
    assert sorted(claims) == ["claimed"] + ["running"] * 19


@with_each_store
async def test_one_of_many_concurrent_claims_of_a_dead_owners_webhook_succeeds(
    sample: Sample,
) -> None:
    await sample.store.claim("msg_1", "dead")
    await sample.expire()
    await test_one_of_many_concurrent_claims_succeeds(sample.store)


@with_each_store
async def test_a_dead_owner_loses_its_claim_and_cannot_interfere(sample: Sample) -> None:
    store = sample.store
    await store.claim("msg_1", "a")
    await sample.expire()
    assert await store.claim("msg_1", "b") == "claimed"
    await store.release("msg_1", "a")
    assert await store.claim("msg_1", "c") == "running"
    assert not await store.complete("msg_1", "a")  # it was slow, not dead
    assert await store.claim("msg_1", "c") == "running"
    assert await store.complete("msg_1", "b")
    assert not await store.complete("msg_1", "a")
    assert await store.claim("msg_1", "c") == "done"


@with_each_store
async def test_a_slow_owner_completes_what_nobody_else_has_claimed(sample: Sample) -> None:
    await sample.store.claim("msg_1", "a")
    await sample.expire()
    assert await sample.store.complete("msg_1", "a")
    assert await sample.store.claim("msg_1", "b") == "done"


@with_each_store
async def test_a_handled_webhook_is_forgotten_in_the_end(sample: Sample) -> None:
    await sample.store.claim("msg_1", "a")
    await sample.store.complete("msg_1", "a")
    await sample.expire()
    assert await sample.store.claim("msg_1", "b") == "claimed"
    assert await sample.store.claim("msg_1", "c") == "running"


@with_each_store
async def test_a_shop_with_it_handles_a_webhook_once(store: WebhookStore) -> None:
    router = WebhookRouter(SECRET, store=store)
    seen: list[str] = []

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        assert isinstance(event, TransactionPaidWebhook)
        seen.append(event.data.payment_id)
        if len(seen) == 1:
            raise RuntimeError

    async with serving(app_with(router)) as http:
        assert [(await deliver(http)).status_code for _ in range(4)] == [500, 200, 200, 200]
    assert seen == ["order-1", "order-1"]


@pytest.mark.parametrize("options", [{"ttl": timedelta()}, {"lease": -timedelta(1)}])
def test_limits_are_above_zero(options: dict[str, Any]) -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    for create in (
        MemoryStore,
        lambda **limits: RedisWebhookStore(Redis(), **limits),
        lambda **limits: SQLAlchemyWebhookStore(engine, **limits),
    ):
        with pytest.raises(InvalidArgumentError, match="above zero"):
            create(**options)


@pytest.mark.load
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("name", ["redis_server", "mariadb"])
async def test_while_a_server_hangs_portone_has_to_deliver_again(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    opened = in_redis(server.url) if name == "redis_server" else in_database(server.url)
    async with opened as sample:
        router = WebhookRouter(SECRET, store=sample.store, store_timeout=1)
        seen: list[str] = []

        @router.post(PATH)
        async def on_webhook(message: VerifiedWebhook) -> None:
            seen.append(message.id)

        async with serving(app_with(router)) as http:
            assert (await deliver(http, "msg_before")).status_code == 200
            with server.paused():
                assert (await deliver(http, "msg_while")).status_code == 503
                assert seen == ["msg_before"]
            with anyio.fail_after(30):
                while (status := (await deliver(http, "msg_while")).status_code) != 200:
                    assert status == 409  # it has carried out the claim afterwards
                    await sample.expire()
    assert seen == ["msg_before", "msg_while"]


# --- in memory -------------------------------------------------------------------------------------------


async def test_memory_is_bounded_in_time_and_size() -> None:
    clock = Clock()
    store = MemoryStore(max_entries=3, ttl=timedelta(days=1), clock=clock)
    for number in range(5):
        await store.claim(str(number), "a")
        await store.complete(str(number), "a")
    assert len(store) == 3
    assert [await store.claim(str(number), "b") for number in range(5)] == [
        "claimed",
        "claimed",
        "done",
        "done",
        "done",
    ]
    clock.now += DAY + 1
    assert await store.claim("4", "c") == "claimed"
    assert len(store) == 3  # the three claims


async def test_a_running_webhook_is_never_evicted() -> None:
    store = MemoryStore(max_entries=1)
    for number in range(5):
        assert await store.claim(str(number), "a") == "claimed"
    for number in range(5):
        assert await store.claim(str(number), "b") == "running"


async def test_memory_has_a_size() -> None:
    with pytest.raises(InvalidArgumentError):
        MemoryStore(max_entries=0)


# --- in Redis --------------------------------------------------------------------------------------------

asyncio_only = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@pytest.mark.load
@asyncio_only
@pytest.mark.parametrize("decode_responses", [False, True])
async def test_redis_forgets_leases_and_marks_by_itself(
    redis_server: Server, *, decode_responses: bool
) -> None:
    async with Redis.from_url(redis_server.url, decode_responses=decode_responses) as redis:
        await redis.flushdb()
        store = RedisWebhookStore(redis, prefix="shop:")
        await store.claim("msg_1", "a")
        assert 0 < await redis.ttl("shop:msg_1") <= LEASE
        await store.complete("msg_1", "a")
        assert LEASE < await redis.ttl("shop:msg_1") <= DAY
        assert await store.claim("msg_1", "b") == "done"


@asyncio_only
async def test_without_redis_it_is_unavailable(tmp_path: Path) -> None:
    async with Redis.from_url(f"unix://{tmp_path}/socket") as redis:
        with pytest.raises(WebhookStoreUnavailableError) as caught:
            await RedisWebhookStore(redis).claim("msg_1", "a")
    assert caught.value.__cause__ is not None


def test_a_blocking_redis_client_is_refused() -> None:
    blocking: Any = BlockingRedis()
    with pytest.raises(InvalidArgumentError, match=r"redis\.asyncio"):
        RedisWebhookStore(blocking)


# --- in a database ---------------------------------------------------------------------------------------


@pytest.fixture
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncEngine]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    else:
        url = request.getfixturevalue(request.param).url
    created = create_engine(url)
    yield created
    async with created.begin() as db:
        await db.execute(text("DROP TABLE IF EXISTS portone_webhooks"))
    await created.dispose()


with_each_database = pytest.mark.parametrize(
    ("engine", "anyio_backend"),
    [
        ("sqlite", "asyncio"),
        pytest.param("postgresql", "asyncio", marks=pytest.mark.load),
        pytest.param("mariadb", "asyncio", marks=pytest.mark.load),
    ],
    indirect=["engine"],
)


@with_each_database
async def test_the_table_is_created_once_by_whoever_is_first(engine: AsyncEngine) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(SQLAlchemyWebhookStore(engine).create_table)
    store = SQLAlchemyWebhookStore(engine)
    await store.create_table()
    assert await store.claim("msg_1", "a") == "claimed"
    async with engine.connect() as db:
        columns = await db.run_sync(lambda sync: inspect(sync).get_columns("portone_webhooks"))
    assert [column["name"] for column in columns] == ["id", "owner", "done", "expires_at"]


@with_each_database
async def test_without_its_table_it_says_so_and_is_not_unavailable(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="portone_webhooks"):
        await SQLAlchemyWebhookStore(engine).claim("msg_1", "a")


@with_each_database
async def test_leases_are_counted_in_utc_by_the_databases_clock(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLAlchemyWebhookStore(engine)
    await store.create_table()
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + DAY)
    for message_id in ("msg_1", "msg_2"):
        await store.claim(message_id, "a")
    await store.complete("msg_2", "a")
    async with engine.connect() as db:
        rows = await db.execute(select(store.table.c.done, store.table.c.expires_at))
        seconds = {done: expires_at / 1000 - now for done, expires_at in rows}
    assert seconds == {False: pytest.approx(LEASE, abs=30), True: pytest.approx(DAY, abs=30)}


@with_each_database
async def test_expired_rows_are_deleted_and_no_others(engine: AsyncEngine) -> None:
    store = SQLAlchemyWebhookStore(engine)
    await store.create_table()
    async with engine.begin() as db:
        rows = [{"id": str(n), "owner": "a", "done": True, "expires_at": n} for n in range(2_500)]
        await db.execute(store.table.insert(), rows)
    await store.claim("msg_1", "a")
    await store.claim("msg_2", "a")
    await store.complete("msg_2", "a")
    assert await store.delete_expired() == 2_500
    assert await store.delete_expired() == 0
    assert [await store.claim(f"msg_{n}", "b") for n in (1, 2)] == ["running", "done"]


@with_each_database
async def test_a_slow_owner_completes_what_was_deleted(engine: AsyncEngine) -> None:
    store = SQLAlchemyWebhookStore(engine)
    await store.create_table()
    await store.claim("msg_1", "a")
    async with engine.begin() as db:
        await db.execute(update(store.table).values(expires_at=0))
    assert await store.delete_expired() == 1
    assert await store.complete("msg_1", "a")
    assert await store.claim("msg_1", "b") == "done"


@asyncio_only
async def test_without_its_database_it_is_unavailable(tmp_path: Path) -> None:
    for url in (
        f"sqlite+aiosqlite:///{tmp_path}/missing/shop.db",
        f"postgresql+asyncpg://shop@/shop?host={tmp_path}",
        f"mysql+aiomysql://root@localhost/shop?unix_socket={tmp_path}/socket",
    ):
        pytest.importorskip("asyncpg")
        pytest.importorskip("aiomysql")
        engine = create_async_engine(url)
        store = SQLAlchemyWebhookStore(engine)
        for attempt in (store.create_table(), store.claim("msg_1", "a"), store.delete_expired()):
            with pytest.raises(WebhookStoreUnavailableError) as caught:
                await attempt
            assert caught.value.__cause__ is not None
        await engine.dispose()


def test_another_engine_is_refused() -> None:
    blocking: Any = create_blocking_engine("sqlite://")
    with pytest.raises(InvalidArgumentError, match="create_async_engine"):
        SQLAlchemyWebhookStore(blocking)
    other: Any = create_async_engine("sqlite+aiosqlite://")
    other.dialect.name = "oracle"
    with pytest.raises(InvalidArgumentError, match="not oracle"):
        SQLAlchemyWebhookStore(other)


# --- without the extras ----------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["redis", "sqlalchemy"])
def test_an_extra_that_is_missing_is_named(package: str) -> None:
    program = f"""
import sys
sys.modules[{package!r}] = None
import portone_async.fastapi
try:
    import portone_async.fastapi.{package}
except ImportError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert f"pip install 'portone-async[{package}]'" in run.stdout


def test_nothing_is_imported_before_a_store_is() -> None:
    program = (
        "import sys, portone_async.fastapi; print({'redis', 'sqlalchemy'} & sys.modules.keys())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout == "set()\n"
