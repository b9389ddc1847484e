"""SQLite through SQLAlchemy's async engine.

No transaction is open while a request to PortOne is in progress: a response can take a minute, and every other
transaction would wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from .tables import Base

Sessions = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def open_database(url: str) -> AsyncGenerator[Sessions]:
    """Open the database, and create missing tables."""
    # SQLite has one writer at a time. With one connection, transactions queue fairly here, where several
    # connections would time out on each other's locks. Leave both arguments out for PostgreSQL.
    engine = create_async_engine(url, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        # Objects stay readable after the commit: async code cannot load attributes lazily.
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


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
