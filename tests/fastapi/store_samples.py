"""Stores of handled webhooks on servers that tests have started."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from portone_async.fastapi import WebhookStore
from portone_async.fastapi.redis import RedisWebhookStore
from portone_async.fastapi.sqlalchemy import SQLAlchemyWebhookStore

# No store may depend on the time zone of a database's session.
_CONNECT: Final[dict[str, dict[str, Any]]] = {
    "postgresql+asyncpg": {"server_settings": {"timezone": "Asia/Seoul"}},
    "postgresql+psycopg": {"options": "-c timezone=Asia/Seoul"},
    "mysql+aiomysql": {"init_command": "SET time_zone = '+09:00'"},
    "mysql+asyncmy": {"init_command": "SET time_zone = '+09:00'"},
}


def create_engine(url: str, **options: Any) -> AsyncEngine:
    connect_args = _CONNECT.get(url.partition(":")[0], {})
    return create_async_engine(url, pool_pre_ping=True, connect_args=connect_args, **options)


@asynccontextmanager
async def open_store(url: str, lease: timedelta) -> AsyncGenerator[WebhookStore]:
    """Open a store at the address of a Redis or a database."""
    if url.startswith("unix:"):
        async with Redis.from_url(url) as redis:
            yield RedisWebhookStore(redis, lease=lease)
        return
    engine = create_engine(url)
    try:
        store = SQLAlchemyWebhookStore(engine, lease=lease)
        await store.create_table()
        yield store
    finally:
        await engine.dispose()
