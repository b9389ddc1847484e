"""Which webhooks were handled, in the database: for several processes, and over restarts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import (
    insert,
)  # PostgreSQL's is the same: sqlalchemy.dialects.postgresql

from portone_async.fastapi import Claim

from .database import Sessions
from .tables import HandledWebhook, now

LEASE: Final = timedelta(minutes=5)
"""How long a handler may take, before it counts as dead and a redelivery is handled."""
KEPT: Final = timedelta(days=1)
"""PortOne's last redelivery is about six hours after the first."""


class DatabaseStore:
    """A `WebhookStore`. `sessions` gives the database once it is open."""

    def __init__(
        self, sessions: Callable[[], Sessions], clock: Callable[[], datetime] = now
    ) -> None:
        self._sessions: Final = sessions
        self._clock: Final = clock

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Take a webhook in one statement, or say who has it."""
        moment = self._clock()
        wanted = insert(HandledWebhook).values(
            id=message_id, owner=owner, done=False, expires_at=moment + LEASE
        )
        taken = wanted.on_conflict_do_update(
            index_elements=["id"],
            set_={"owner": wanted.excluded.owner, "expires_at": wanted.excluded.expires_at},
            where=HandledWebhook.done.is_(False) & (HandledWebhook.expires_at <= moment),
        ).returning(HandledWebhook.id)
        async with self._sessions().begin() as db:
            if (await db.execute(taken)).scalar_one_or_none() is not None:
                return "claimed"
            done = await db.scalar(
                select(HandledWebhook.done).where(HandledWebhook.id == message_id)
            )
            return "done" if done else "running"

    async def complete(self, message_id: str, owner: str) -> None:  # noqa: ARG002
        """Note that it was handled."""
        async with self._sessions().begin() as db:
            await db.execute(
                update(HandledWebhook).where(HandledWebhook.id == message_id).values(done=True)
            )

    async def release(self, message_id: str, owner: str) -> None:
        """Give it back after a failure."""
        async with self._sessions().begin() as db:
            await db.execute(
                delete(HandledWebhook).where(
                    HandledWebhook.id == message_id,
                    HandledWebhook.owner == owner,
                    HandledWebhook.done.is_(False),
                )
            )

    async def forget(self) -> None:
        """Delete what PortOne delivers no more."""
        async with self._sessions().begin() as db:
            await db.execute(
                delete(HandledWebhook).where(
                    HandledWebhook.done, HandledWebhook.expires_at <= self._clock() - KEPT
                )
            )
