"""Handled webhooks in a database, for several processes. Needs the extra `[sqlalchemy]`, and a driver.

    store = SQLAlchemyWebhookStore(create_async_engine("postgresql+asyncpg://localhost/shop"))
    webhooks = WebhookRouter(secret, store=store)

| database | driver |
|---|---|
| PostgreSQL 9.5 and later | `asyncpg`, `psycopg` |
| MySQL 5.7 and later, MariaDB 10.2 and later | `aiomysql`, `asyncmy` |
| SQLite 3.24 and later | `aiosqlite` |

The engine is the app's, which disposes of it. `await store.create_table()` when the app starts, and
`await store.delete_expired()` once a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from portone_async._errors import InvalidArgumentError
from portone_async.fastapi._stores import (
    DEFAULT_LEASE,
    DEFAULT_TTL,
    Claim,
    WebhookStoreUnavailableError,
    in_milliseconds,
)

try:
    from sqlalchemy import (
        BigInteger,
        Boolean,
        Column,
        MetaData,
        String,
        Table,
        delete,
        insert,
        inspect,
        literal_column,
        or_,
        select,
        update,
    )
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.exc import (
        DataError,
        DBAPIError,
        IntegrityError,
        NotSupportedError,
        ProgrammingError,
    )
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.pool import StaticPool
except ImportError:
    raise ImportError(
        "portone_async.fastapi.sqlalchemy needs its extra: pip install 'portone-async[sqlalchemy]'"
    ) from None

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Executable
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SQLAlchemyWebhookStore"]

# Milliseconds since 1970, on the database's clock. The session's time zone does not matter to any of them.
_MYSQL_NOW: Final = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)"
_NOW: Final = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mysql": _MYSQL_NOW,
    "mariadb": _MYSQL_NOW,
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
}
_BATCH: Final = 1000
_MISTAKES: Final = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


class SQLAlchemyWebhookStore:
    """A `WebhookStore` in a table. Leases expire on the database's clock, so those of the processes may differ.

    Each step is a statement in a transaction of its own, whichever transaction the handler has.

    Args:
        engine: An engine for PostgreSQL, MySQL, MariaDB or SQLite. With `pool_pre_ping=True`, no delivery fails because
            the database was restarted since the last one.
        table_name: The table, which has columns for these webhooks only.
        schema: The database schema that has the table, if not the connection's default.
        ttl: How long to remember a handled webhook.
        lease: After this time, a handler that has not finished counts as dead, and a redelivery is handled.

    Raises:
        InvalidArgumentError: The engine is not asynchronous, is for another database or has a single connection, or a
            limit is not above zero.
    """

    table: Final[Table]
    """The table, for a migration tool: it is in a `MetaData` of its own."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        table_name: str = "portone_webhooks",
        schema: str | None = None,
        ttl: timedelta = DEFAULT_TTL,
        lease: timedelta = DEFAULT_LEASE,
    ) -> None:
        if not isinstance(engine, AsyncEngine):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                "SQLAlchemyWebhookStore takes an engine of create_async_engine, "
                f"not {type(engine).__name__}"
            )
        if isinstance(engine.pool, StaticPool):
            raise InvalidArgumentError(
                "SQLAlchemyWebhookStore needs a connection for each step, and this engine has one for all of them, as for "
                "SQLite in memory: use a file, or a MemoryStore"
            )
        # With PostgreSQL's higher levels, deliveries at the same time would fail each other's steps.
        self._engine: Final = (
            engine.execution_options(isolation_level="READ COMMITTED")
            if engine.dialect.name == "postgresql"
            else engine
        )
        self._dialect: Final = engine.dialect.name
        if self._dialect not in _NOW:
            raise InvalidArgumentError(
                f"SQLAlchemyWebhookStore works with {', '.join(_NOW)}, not {self._dialect}"
            )
        self._ttl: Final = in_milliseconds("ttl", ttl)
        self._lease: Final = in_milliseconds("lease", lease)
        self._now: Final[ColumnElement[int]] = literal_column(_NOW[self._dialect], BigInteger)
        self.table = Table(
            table_name,
            MetaData(),
            Column("id", String(64), primary_key=True),  # see _key
            Column("owner", String(64), nullable=False),
            Column("done", Boolean, nullable=False),
            Column("expires_at", BigInteger, nullable=False),  # in milliseconds since 1970
            schema=schema,
        )

    async def create_table(self) -> None:
        """Create the table, unless it exists. Several processes may call it at the same time.

        Raises:
            WebhookStoreUnavailableError: The database cannot be reached.
        """
        try:
            async with self._transaction() as db:
                await db.run_sync(self.table.create, checkfirst=True)
        except (DBAPIError, WebhookStoreUnavailableError):
            # Another process may have created it after the check.
            if not await self._exists():
                raise

    async def _exists(self) -> bool:
        async with self._transaction() as db:
            return await db.run_sync(
                lambda sync: inspect(sync).has_table(self.table.name, schema=self.table.schema)
            )

    async def delete_expired(self) -> int:
        """Delete what PortOne no longer redelivers, and the leases of processes that died. Return how many rows.

        Rows are deleted a thousand at a time, so that deliveries do not wait for long.

        Raises:
            WebhookStoreUnavailableError: The database cannot be reached.
        """
        columns = self.table.c
        is_expired = columns.expires_at <= self._now
        deleted = 0
        while True:
            async with self._transaction() as db:
                expired = (
                    (await db.execute(select(columns.id).where(is_expired).limit(_BATCH)))
                    .scalars()
                    .all()
                )
            deleted += await self._execute(
                delete(self.table).where(columns.id.in_(expired), is_expired)
            )
            if len(expired) < _BATCH:
                return deleted

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Claim the webhook, or tell whether it is being handled or done."""
        columns = self.table.c
        key = _key(message_id)
        expires_at = self._now + self._lease
        # One of these changes a row, for one of all the deliveries that try.
        take_over = (
            update(self.table)
            .where(
                columns.id == key,
                or_(
                    columns.expires_at <= self._now,
                    (columns.owner == owner) & columns.done.is_(False),
                ),
            )
            .values(owner=owner, done=False, expires_at=expires_at)
        )
        if await self._insert(key, owner, expires_at, done=False) or await self._execute(take_over):
            return "claimed"
        async with self._transaction() as db:
            done = (await db.execute(select(columns.done).where(columns.id == key))).scalar()
        return "done" if done else "running"

    async def complete(self, message_id: str, owner: str) -> bool:
        """Mark it as handled, unless another owner holds it, or has handled it."""
        columns = self.table.c
        key = _key(message_id)
        expires_at = self._now + self._ttl
        mark = (
            update(self.table)
            .where(columns.id == key, or_(columns.owner == owner, columns.expires_at <= self._now))
            .values(owner=owner, done=True, expires_at=expires_at)
        )
        # There is no row if it expired, and was deleted.
        marked = await self._execute(mark) or await self._insert(key, owner, expires_at, done=True)
        return bool(marked)

    async def release(self, message_id: str, owner: str) -> None:
        """Give up the claim after a failure."""
        columns = self.table.c
        # Not deleted: on MySQL, those who then insert the row at the same time would be in a deadlock.
        await self._execute(
            update(self.table)
            .where(columns.id == _key(message_id), columns.owner == owner, columns.done.is_(False))
            .values(expires_at=0)
        )

    async def _insert(
        self, key: str, owner: str, expires_at: ColumnElement[int], *, done: bool
    ) -> int:
        """Insert a row unless there is one; return how many were inserted."""
        values = {"id": key, "owner": owner, "done": done, "expires_at": expires_at}
        match self._dialect:
            case "postgresql":
                statement = postgresql.insert(self.table).on_conflict_do_nothing()
            case "sqlite":
                statement = sqlite.insert(self.table).on_conflict_do_nothing()
            case _:
                statement = insert(self.table)
        try:
            return await self._execute(statement.values(values))
        except IntegrityError:  # of MySQL: INSERT IGNORE would ignore other mistakes, too
            return 0

    async def _execute(self, statement: Executable) -> int:
        """Execute a statement in a transaction of its own; return how many rows it changed."""
        # Some drivers forget the number of inserted rows when SQLAlchemy closes their cursor.
        counted = statement.execution_options(preserve_rowcount=True)
        async with self._transaction() as db:
            return (await db.execute(counted)).rowcount

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self._connect() as db, db.begin():
                yield db
        except (DBAPIError, OSError) as error:
            if isinstance(error, DBAPIError) and _is_mistake(error):
                raise
            raise WebhookStoreUnavailableError("the database is unavailable") from error

    @asynccontextmanager
    async def _connect(self) -> AsyncGenerator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            try:
                db = await stack.enter_async_context(self._engine.connect())
            except Exception as error:  # drivers raise exceptions of their own here
                raise WebhookStoreUnavailableError("the database is unavailable") from error
            yield db


def _key(message_id: str) -> str:
    """Return a webhook's primary key. MySQL compares texts without regard to case, and cuts off what is too long."""
    return hashlib.sha256(message_id.encode()).hexdigest()


def _is_mistake(error: DBAPIError) -> bool:
    """Whether the statement is at fault: there is no such table, for example."""
    original: Any = error.orig
    is_sqlite_mistake = getattr(original, "sqlite_errorname", None) == "SQLITE_ERROR"
    return isinstance(error, _MISTAKES) or is_sqlite_mistake
