"""SQLite or PostgreSQL through SQLAlchemy's async engine, and Redis if there is one.

No transaction is open while a request to PortOne is in progress: a response can take a minute, and every other
transaction would wait for it. Whatever locks several rows locks the order first, then its refunds or its subscription:
in another sequence, two transactions could wait for each other.
"""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from sqlalchemy import Connection, event, make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from portone_async.fastapi.redis import RedisWebhookStore
from portone_async.fastapi.sqlalchemy import SQLAlchemyWebhookStore

from .settings import Settings
from .tables import Base

Sessions = async_sessionmaker[AsyncSession]


class Database:
    """The shop's data. Nothing is connected before it is used.

    Which webhooks were handled is in Redis where there is one, and otherwise in the database.
    """

    def __init__(self, settings: Settings) -> None:
        self._engine: Final = _create_engine(settings.database_url)
        self._redis: Final = _create_redis(settings.redis_url) if settings.redis_url else None
        # Objects stay readable after the commit: async code cannot load attributes lazily.
        self.sessions: Final[Sessions] = async_sessionmaker(self._engine, expire_on_commit=False)
        self._table_of_webhooks: Final = SQLAlchemyWebhookStore(self._engine)
        self.webhooks: Final = (
            self._table_of_webhooks if self._redis is None else RedisWebhookStore(self._redis)
        )

    async def create_tables(self) -> None:
        """Create missing tables."""
        async with self._engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await self._table_of_webhooks.create_table()

    async def check_redis(self) -> None:
        """Raise redis-py's exception if there should be a Redis, and is none."""
        if self._redis is not None:
            await self._redis.ping()  # pyright: ignore[reportUnknownMemberType]

    async def delete_expired(self) -> None:
        """Delete webhooks that PortOne no longer redelivers. Call it once a day. Redis does it by itself."""
        await self._table_of_webhooks.delete_expired()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
        if self._redis is not None:
            await self._redis.aclose()


def _create_engine(url: str) -> AsyncEngine:
    match make_url(url).get_backend_name():
        case "sqlite":
            # SQLite has one writer at a time. With one connection, transactions queue fairly here, where several
            # connections would time out on each other's locks.
            engine = create_async_engine(url, pool_size=1, max_overflow=0)
            event.listen(engine.sync_engine, "connect", _on_connect)
            event.listen(engine.sync_engine, "begin", _on_begin)
            return engine
        case "postgresql":
            return create_async_engine(url, pool_pre_ping=True)
        case other:  # MySQL has no partial index, which `Refund` needs
            raise ValueError(
                "the shop's database is SQLite (sqlite+aiosqlite:) or PostgreSQL (postgresql+asyncpg:), "
                f"not {other}"
            )


def _create_redis(url: str) -> Redis:
    return Redis.from_pool(BlockingConnectionPool.from_url(url))  # pyright: ignore[reportUnknownMemberType]


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, see below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # Take the write lock at once. If a transaction reads first and another process writes before it does, SQLite
    # fails it without waiting for the timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
