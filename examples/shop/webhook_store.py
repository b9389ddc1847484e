"""Which webhooks were handled, in the database: shared by several processes, and kept over restarts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert  # for PostgreSQL: sqlalchemy.dialects.postgresql

from portone_async.fastapi import Claim

from .clock import Clock, now
from .database import Sessions
from .tables import HandledWebhook

LEASE: Final = timedelta(minutes=5)
"""How long a handler may run before it counts as crashed, and a redelivery is handled."""
RETENTION: Final = timedelta(days=1)
"""PortOne's last redelivery is about six hours after the first delivery."""


class DatabaseStore:
    """A `WebhookStore`.

    Args:
        sessions: Returns the database, once it is open.
        clock: Returns the current time.
    """

    def __init__(self, sessions: Callable[[], Sessions], clock: Clock = now) -> None:
        self._sessions: Final = sessions
        self._clock: Final = clock

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Claim a webhook in one statement, or return its state if another request has claimed it."""
        current_time = self._clock()
        values = insert(HandledWebhook).values(
            id=message_id, owner=owner, done=False, expires_at=current_time + LEASE
        )
        claim = values.on_conflict_do_update(
            index_elements=["id"],
            set_={"owner": values.excluded.owner, "expires_at": values.excluded.expires_at},
            where=HandledWebhook.done.is_(False) & (HandledWebhook.expires_at <= current_time),
        ).returning(HandledWebhook.id)
        async with self._sessions().begin() as db:
            if (await db.execute(claim)).scalar_one_or_none() is not None:
                return "claimed"
            done = await db.scalar(
                select(HandledWebhook.done).where(HandledWebhook.id == message_id)
            )
            return "done" if done else "running"

    async def complete(self, message_id: str, owner: str) -> None:  # noqa: ARG002
        """Record that it was handled."""
        async with self._sessions().begin() as db:
            await db.execute(
                update(HandledWebhook).where(HandledWebhook.id == message_id).values(done=True)
            )

    async def release(self, message_id: str, owner: str) -> None:
        """Release the claim after a failure."""
        async with self._sessions().begin() as db:
            await db.execute(
                delete(HandledWebhook).where(
                    HandledWebhook.id == message_id,
                    HandledWebhook.owner == owner,
                    HandledWebhook.done.is_(False),
                )
            )

    async def delete_expired(self) -> None:
        """Delete webhooks that PortOne no longer redelivers. Call it once a day."""
        async with self._sessions().begin() as db:
            await db.execute(
                delete(HandledWebhook).where(
                    HandledWebhook.done, HandledWebhook.expires_at <= self._clock() - RETENTION
                )
            )
