"""Finishes what neither a webhook nor a redirect has finished: after a crash, a lost response, a closed browser.

Everything here may be repeated, and may run while something else does the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import func, select, update

from portone_async import PortOneError

from . import refunds, renewals, subscriptions
from .database import Database
from .orders import UNPAID
from .settle import settle
from .shop import Shop
from .tables import Order, Refund, Subscription

logger: Final = logging.getLogger("shop")
_GRACE_PERIOD: Final = timedelta(minutes=1)
"""How long a request has to finish what it started."""
_DAY_SECONDS: Final = 86_400
_MAX_AGE: Final = timedelta(days=8)
"""Older orders are not paid any more: a virtual account is open for a week."""

_Step = Callable[[], Awaitable[object]]


async def keep_sweeping(shop: Shop) -> None:
    """Sweep at intervals, until cancelled."""
    while True:
        await asyncio.sleep(shop.settings.sweep_seconds)
        try:
            await sweep(shop)
        except (
            Exception
        ):  # the next one may succeed; without sweeps, work stays unfinished for ever
            logger.exception("a sweep failed")


async def keep_deleting_expired(database: Database) -> None:
    """Delete handled webhooks that are not needed any more, until cancelled."""
    while True:
        try:
            await database.delete_expired()
        except Exception:  # tomorrow, then
            logger.exception("old webhooks were not deleted")
        await asyncio.sleep(_DAY_SECONDS)


async def sweep(shop: Shop) -> int:
    """Continue unfinished work; return how much of it failed again."""
    now = shop.clock()
    steps = [
        *await _refunds(shop, now),
        *await _subscriptions(shop, now),
        *await _orders(shop, now),
    ]
    failures = 0
    for step in steps:  # one after another, as customers' requests come first
        try:
            await step()
        except PortOneError as error:
            failures += 1
            logger.warning("left for the next sweep: %s", error)
    return failures


async def _refunds(shop: Shop, now: datetime) -> list[_Step]:
    """Repeat refund requests without a result, and look up those that the payment company carries out later."""
    async with shop.sessions() as db:
        undecided = await db.scalars(
            select(Refund).where(
                Refund.state.in_(refunds.UNDECIDED), Refund.created_at <= now - _GRACE_PERIOD
            )
        )
        return [
            partial(refunds.send, shop, refund)
            if refund.state == "requested"
            else partial(settle, shop, refund.order_id)
            for refund in undecided
        ]


async def _subscriptions(shop: Shop, now: datetime) -> list[_Step]:
    """Start, schedule and end what could not be while PortOne was unreachable."""
    unscheduled = select(Order.subscription_id).where(
        Order.state == "pending",
        Order.due_at.is_not(None),
        Order.schedule_id.is_(None),
        Order.created_at <= now - _GRACE_PERIOD,
    )
    async with shop.sessions() as db:
        unfinished = await db.scalars(
            select(Subscription).where(
                Subscription.started_at <= now - _GRACE_PERIOD,
                Subscription.state.in_(("starting", "ending")) | Subscription.id.in_(unscheduled),
            )
        )
        steps: list[_Step] = []
        for subscription in unfinished:
            match subscription.state:
                case "starting":
                    steps.append(partial(subscriptions.charge_first_month, shop, subscription))
                case "ending":
                    steps.append(partial(subscriptions.finish_ending, shop, subscription.id))
                case "new" | "active" | "ended":
                    steps.append(partial(renewals.create_schedules, shop, subscription.id))
        return steps


async def _orders(shop: Shop, now: datetime) -> list[_Step]:
    """Look unpaid orders up: the first time after a minute, and then less and less often."""
    begun_at = func.coalesce(Order.due_at, Order.created_at)
    async with shop.sessions.begin() as db:
        unpaid = await db.scalars(
            select(Order)
            .where(Order.state.in_(UNPAID), Order.check_at <= now, begun_at >= now - _MAX_AGE)
            .with_for_update(skip_locked=True)  # another process looks these up
        )
        orders = list(unpaid)
        for order in orders:
            age = now - (order.due_at or order.created_at)
            await db.execute(
                update(Order).where(Order.id == order.id).values(check_at=now + age / 2)
            )
    return [partial(settle, shop, order.id) for order in orders]
