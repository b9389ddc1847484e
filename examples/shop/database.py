"""SQLite through SQLAlchemy's async engine.

The rule that keeps it quick and right: no transaction is open while PortOne is asked. Its answers can
take a minute, and a database that waits for them stands still.
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
    """Open the database, and make the tables that are missing."""
    # SQLite writes one transaction at a time. With one connection they queue here, fairly, where
    # several would get in each other's way. Leave both arguments out for PostgreSQL.
    engine = create_async_engine(url, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _connected)
    event.listen(engine.sync_engine, "begin", _begin)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        # Rows stay readable after the commit: there is no lazy loading in async code.
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


def _connected(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, see below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    # Writing from the start: a transaction that reads first and finds that another process has
    # written meanwhile is thrown away by SQLite, whatever the timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
