"""The memory store and the recipes in docs/fastapi.md: all behave the same."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import pytest
from fastapi_samples import PATH, SECRET, app_with, deliver, serving

from portone_async.errors import InvalidArgumentError
from portone_async.fastapi import MemoryStore, WebhookEvent, WebhookRouter, WebhookStore
from portone_async.models import TransactionPaidWebhook

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs"
DAY = 86_400
LEASE = 300


class Clock:
    now = 1_783_069_200.0

    def __call__(self) -> float:
        return self.now


def recipe(name: str, document: str = "fastapi.md") -> dict[str, Any]:
    """Return the names that a code block of the documentation defines."""
    text = (DOCS / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (code,) = [block for block in blocks if f"class {name}" in block]
    names: dict[str, Any] = {}
    exec(compile(code, document, "exec"), names)  # noqa: S102  (the guide's own code)
    return names


@asynccontextmanager
async def memory(clock: Clock) -> AsyncGenerator[WebhookStore]:
    yield MemoryStore(clock=clock)


@asynccontextmanager
async def database(clock: Clock, path: Path) -> AsyncGenerator[WebhookStore]:
    asyncio_ext = pytest.importorskip("sqlalchemy.ext.asyncio")
    pytest.importorskip("aiosqlite")
    names = recipe("DatabaseStore")
    engine = asyncio_ext.create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with engine.begin() as connection:
        await connection.execute(names["CREATE"])
    yield names["DatabaseStore"](engine, clock=clock)
    await engine.dispose()


@asynccontextmanager
async def redis() -> AsyncGenerator[WebhookStore]:
    fake = pytest.importorskip("fakeredis")
    async with fake.FakeAsyncRedis() as client:
        yield recipe("RedisStore")["RedisStore"](client)


StoreAndClock: TypeAlias = tuple[WebhookStore, Clock]


@pytest.fixture(params=["memory", "database", "redis"])
async def store_and_clock(
    request: pytest.FixtureRequest, anyio_backend_name: str, tmp_path: Path
) -> AsyncGenerator[StoreAndClock]:
    if request.param != "memory" and anyio_backend_name != "asyncio":
        pytest.skip("SQLAlchemy and redis-py need asyncio")
    clock = Clock()
    opened = {
        "memory": lambda: memory(clock),
        "database": lambda: database(clock, tmp_path / "shop.db"),
        "redis": redis,
    }[request.param]()
    async with opened as store:
        yield store, clock


async def test_a_webhook_is_claimed_once_and_completed_once(store_and_clock: StoreAndClock) -> None:
    store, _ = store_and_clock
    assert await store.claim("msg_1", "a") == "claimed"
    assert await store.claim("msg_1", "b") == "running"
    assert await store.claim("msg_2", "b") == "claimed"
    await store.complete("msg_1", "a")
    assert [await store.claim("msg_1", owner) for owner in "abc"] == ["done"] * 3
    assert await store.claim("msg_2", "c") == "running"


async def test_a_released_webhook_can_be_claimed_again(store_and_clock: StoreAndClock) -> None:
    store, _ = store_and_clock
    await store.claim("msg_1", "a")
    await store.release("msg_1", "a")
    assert await store.claim("msg_1", "b") == "claimed"
    await store.release("msg_1", "a")  # too late: another owner has it
    assert await store.claim("msg_1", "c") == "running"


async def test_a_completed_webhook_is_not_released(store_and_clock: StoreAndClock) -> None:
    store, _ = store_and_clock
    await store.claim("msg_1", "a")
    await store.complete("msg_1", "a")
    await store.release("msg_1", "a")
    await store.release("msg_2", "a")
    assert await store.claim("msg_1", "b") == "done"


async def test_one_of_many_concurrent_claims_succeeds(store_and_clock: StoreAndClock) -> None:
    store, _ = store_and_clock
    claims: list[str] = []

    async def one(owner: str) -> None:
        claims.append(await store.claim("msg_1", owner))

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(one, str(number))
    assert sorted(claims) == ["claimed"] + ["running"] * 19


async def test_a_dead_owner_loses_its_claim_and_cannot_interfere(
    store_and_clock: StoreAndClock,
) -> None:
    store, clock = store_and_clock
    if type(store).__name__ == "RedisStore":
        pytest.skip("Redis uses its own clock")
    await store.claim("msg_1", "a")
    clock.now += LEASE - 1
    assert await store.claim("msg_1", "b") == "running"
    clock.now += 2
    assert await store.claim("msg_1", "b") == "claimed"
    await store.release("msg_1", "a")
    assert await store.claim("msg_1", "c") == "running"
    await store.complete("msg_1", "a")  # it was slow, not dead, and did succeed
    assert await store.claim("msg_1", "c") == "done"


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


@pytest.mark.parametrize(
    "options", [{"max_entries": 0}, {"ttl": timedelta()}, {"lease": -timedelta(1)}]
)
async def test_limits_are_above_zero(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        MemoryStore(**options)


async def test_a_shop_with_it_handles_a_webhook_once(store_and_clock: StoreAndClock) -> None:
    store, _ = store_and_clock
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
