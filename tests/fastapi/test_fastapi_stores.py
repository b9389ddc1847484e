"""The stores of handled webhooks: in memory, in Redis, in SQLite, PostgreSQL and MariaDB. All behave the same.

So do all the drivers of a database.
"""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
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
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
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
async def in_database(url: str, **options: Any) -> AsyncGenerator[Sample]:
    engine = create_engine(url, **options)
    store = SQLAlchemyWebhookStore(engine)

    async def execute(statement: Any) -> None:
        async with engine.begin() as db:
            await db.execute(statement)

    await store.create_table()
    yield Sample(store, lambda: execute(update(store.table).values(expires_at=1)))
    await execute(text("DROP TABLE portone_webhooks"))
    await engine.dispose()


def with_driver(url: str, driver: str) -> str:
    """Return a database's address for another driver, or skip the test without it."""
    pytest.importorskip(driver)
    return re.sub(r"\+\w+:", f"+{driver}:", url, count=1)


@pytest.fixture
async def sample(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Sample]:
    kind: str = request.param
    if kind == "memory":
        opened = in_memory()
    elif kind == "sqlite":
        opened = in_database(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
    else:
        name, _, driver = kind.partition("+")
        server: Server = request.getfixturevalue(name)
        url = server.url if not driver else with_driver(server.url, driver)
        opened = in_redis(url) if name == "redis_server" else in_database(url)
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
        pytest.param("postgresql+psycopg", "asyncio", marks=pytest.mark.load),
        pytest.param("mariadb", "asyncio", marks=pytest.mark.load),
        pytest.param("mariadb+asyncmy", "asyncio", marks=pytest.mark.load),
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
    long = "m" * 4_000
    ids = [
        "msg_a",
        "msg_A",
        "msg_a ",
        "msg_á",
        "done:msg_a",
        "m" * 300,
        "m" * 301,
        long,
        long + "m",
    ]
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
async def test_a_slow_owner_completes_what_another_has_given_up(sample: Sample) -> None:
    await sample.store.claim("msg_1", "a")
    await sample.expire()
    await sample.store.claim("msg_1", "b")
    await sample.store.release("msg_1", "b")
    assert await sample.store.complete("msg_1", "a")
    assert await sample.store.claim("msg_1", "c") == "done"


@with_each_store
async def test_a_slow_owner_completes_what_another_died_with(sample: Sample) -> None:
    await sample.store.claim("msg_1", "a")
    await sample.expire()
    await sample.store.claim("msg_1", "b")
    await sample.expire()
    assert await sample.store.complete("msg_1", "a")
    assert await sample.store.claim("msg_1", "c") == "done"


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
    engine = create_async_engine("sqlite+aiosqlite:///shop.db")  # nothing connects to it
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


# redis-py has no exception of its own for each of them, and servers before Redis 7 wrap what a script runs into.
SCRIPT = "ERR Error running script (call to f_2f): @user_script:5: @user_script: 5: "


@asyncio_only
@pytest.mark.parametrize(
    "reply",
    [
        "BUSY Redis is busy running a script",
        "CLUSTERDOWN Hash slot not served",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down",
        "MISCONF Redis is unable to persist to disk",
        "NOREPLICAS Not enough good replicas to write.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "READONLY You can't write against a read only replica.",
        f"{SCRIPT}-MISCONF Redis is unable to persist to disk",
        f"{SCRIPT}-READONLY You can't write against a read only replica.",
    ],
)
async def test_while_redis_does_not_serve_it_is_unavailable(tmp_path: Path, reply: str) -> None:
    async with redis_that_replies(tmp_path, reply) as redis:
        with pytest.raises(WebhookStoreUnavailableError):
            await RedisWebhookStore(redis).claim("msg_1", "a")


@asyncio_only
@pytest.mark.parametrize(
    "reply",
    [
        "NOPERM this user has no permissions to access one of the keys",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        f"{SCRIPT}WRONGTYPE Operation against a key holding the wrong kind of value",
    ],
)
async def test_a_mistake_with_redis_is_said_and_is_not_unavailable(
    tmp_path: Path, reply: str
) -> None:
    async with redis_that_replies(tmp_path, reply) as redis:
        with pytest.raises(ResponseError):
            await RedisWebhookStore(redis).claim("msg_1", "a")


@asynccontextmanager
async def redis_that_replies(folder: Path, error: str) -> AsyncGenerator[Redis]:
    """Return a client of a server that replies to everything with an error."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():  # a command: *2, $4, PING, $1, x
                for _ in range(int(line[1:])):
                    length = await reader.readline()
                    await reader.readexactly(int(length[1:]) + 2)
                writer.write(f"-{error}\r\n".encode())
        writer.close()

    address = folder / "socket"
    server = await asyncio.start_unix_server(serve, address)
    async with (
        server,
        Redis(unix_socket_path=str(address), protocol=2, retry=Retry(NoBackoff(), 0)) as redis,
    ):
        yield redis


@asyncio_only
async def test_without_its_cluster_it_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with AsyncExitStack() as stack:
        cluster = RedisCluster(host="127.0.0.1", port=port)
        stack.push_async_callback(cluster.aclose)
        with pytest.raises(WebhookStoreUnavailableError):
            await RedisWebhookStore(cluster).claim("msg_1", "a")


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
        name, _, driver = request.param.partition("+")
        url = request.getfixturevalue(name).url
        url = with_driver(url, driver) if driver else url
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
        pytest.param("postgresql+psycopg", "asyncio", marks=pytest.mark.load),
        pytest.param("mariadb", "asyncio", marks=pytest.mark.load),
        pytest.param("mariadb+asyncmy", "asyncio", marks=pytest.mark.load),
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


@pytest.mark.load
@asyncio_only
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"])
async def test_the_engines_isolation_level_does_not_matter(
    postgresql: Server, driver: str, level: Any
) -> None:
    async with in_database(with_driver(postgresql.url, driver), isolation_level=level) as sample:
        for _ in range(5):
            await sample.store.claim("msg_1", "dead")
            await sample.expire()
            await test_one_of_many_concurrent_claims_succeeds(sample.store)
            await sample.expire()


@pytest.mark.load
@asyncio_only
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
async def test_the_table_may_be_in_another_schema(
    kind: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    engine = create_engine(server.url)
    async with engine.begin() as db:
        await db.execute(text("CREATE SCHEMA payments"))
    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                store = SQLAlchemyWebhookStore(engine, schema="payments")
                tasks.start_soon(store.create_table)
        store = SQLAlchemyWebhookStore(engine, schema="payments")
        assert await store.claim("msg_1", "a") == "claimed"
        assert await store.complete("msg_1", "a")
        async with engine.connect() as db:
            rows = await db.execute(text("SELECT done FROM payments.portone_webhooks"))
            assert rows.scalars().all() == [True]
    finally:
        async with engine.begin() as db:
            await db.execute(text("DROP TABLE payments.portone_webhooks"))
            await db.execute(text("DROP SCHEMA payments"))
        await engine.dispose()


@pytest.mark.load
@asyncio_only
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_while_the_table_is_locked_portone_has_to_deliver_again(
    postgresql: Server, driver: str
) -> None:
    engine = create_engine(postgresql.url)
    async with in_database(with_driver(postgresql.url, driver)) as sample:
        router = WebhookRouter(SECRET, store=sample.store, store_timeout=0.5)
        seen: list[str] = []

        @router.post(PATH)
        async def on_webhook(message: VerifiedWebhook) -> None:
            seen.append(message.id)

        async with serving(app_with(router)) as http:
            async with engine.begin() as db:  # as a migration does
                await db.execute(text("LOCK TABLE portone_webhooks IN ACCESS EXCLUSIVE MODE"))
                deliveries = [await deliver(http, f"msg_{n}") for n in range(2)]
            assert [response.status_code for response in deliveries] == [503, 503]
            # What was given up is not carried out afterwards.
            assert [(await deliver(http, f"msg_{n}")).status_code for n in range(2)] == [200, 200]
    assert seen == ["msg_0", "msg_1"]
    await engine.dispose()


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
    other: Any = create_async_engine("sqlite+aiosqlite:///shop.db")
    other.dialect.name = "oracle"
    with pytest.raises(InvalidArgumentError, match="not oracle"):
        SQLAlchemyWebhookStore(other)


def test_a_database_in_memory_is_refused() -> None:
    # Its one connection would be shared by all deliveries at the same time, and so would their transactions.
    with pytest.raises(InvalidArgumentError, match="use a file, or a MemoryStore"):
        SQLAlchemyWebhookStore(create_async_engine("sqlite+aiosqlite://"))


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
