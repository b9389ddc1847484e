"""What neither webhook nor redirect brought to its end: a crash, a lost answer, a closed browser.

Everything here is safe to repeat, and to do while somebody else does it.
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
from .settle import UNPAID, settle
from .shop import Shop
from .tables import Order, Refund, Subscription, now

logger: Final = logging.getLogger("shop")
_YOUNG: Final = timedelta(minutes=1)
"""For so long whoever began something is left to finish it."""
_GIVEN_UP: Final = timedelta(days=8)
"""After which nobody pays any more: a virtual account waits for a week."""

_Step = Callable[[], Awaitable[object]]


async def keep_sweeping(shop: Shop) -> None:
    """Sweep until cancelled."""
    while True:
        await asyncio.sleep(shop.settings.sweep_seconds)
        try:
            await sweep(shop)
        except Exception:  # the next round may go better; without one, nothing is ever finished
            logger.exception("a sweep failed")


async def sweep(shop: Shop, moment: datetime | None = None) -> int:
    """Go on with what is unfinished; return how much of it failed again."""
    moment = now() if moment is None else moment
    steps = [
        *await _refunds(shop, moment),
        *await _subscriptions(shop, moment),
        *await _orders(shop, moment),
    ]
    failures = 0
    for step in steps:  # one after another: there is no hurry, and customers come first
        try:
            await step()
        except PortOneError as error:
            failures += 1
            logger.warning("left for the next sweep: %s", error)
    return failures


async def _refunds(shop: Shop, moment: datetime) -> list[_Step]:
    """Ask again for what was asked for, and after what the payment company does in its own time."""
    async with shop.sessions() as db:
        found = await db.scalars(
            select(Refund).where(
                Refund.state.in_(refunds.OPEN), Refund.created_at <= moment - _YOUNG
            )
        )
        return [
            partial(refunds.send, shop, refund)
            if refund.state == "requested"
            else partial(settle, shop, refund.order_id)
            for refund in found
        ]


async def _subscriptions(shop: Shop, moment: datetime) -> list[_Step]:
    """Begin, go on with and end what PortOne was out of reach for."""
    unscheduled = select(Order.subscription_id).where(
        Order.state == "pending",
        Order.due_at.is_not(None),
        Order.schedule_id.is_(None),
        Order.created_at <= moment - _YOUNG,
    )
    async with shop.sessions() as db:
        found = await db.scalars(
            select(Subscription).where(
                Subscription.started_at <= moment - _YOUNG,
                Subscription.state.in_(("starting", "ending")) | Subscription.id.in_(unscheduled),
            )
        )
        steps: list[_Step] = []
        for subscription in found:
            match subscription.state:
                case "starting":
                    steps.append(partial(subscriptions.charge_first, shop, subscription))
                case "ending":
                    steps.append(partial(subscriptions.finish, shop, subscription.id))
                case "new" | "active" | "ended":
                    steps.append(partial(renewals.arrange, shop, subscription.id))
        return steps


async def _orders(shop: Shop, moment: datetime) -> list[_Step]:
    """Look after unpaid orders: after a minute, and less and less often as they grow old."""
    begun = func.coalesce(Order.due_at, Order.created_at)
    async with shop.sessions.begin() as db:
        found = await db.scalars(
            select(Order).where(
                Order.state.in_(UNPAID), Order.look_at <= moment, begun >= moment - _GIVEN_UP
            )
        )
        orders = list(found)
        for order in orders:
            age = moment - (order.due_at or order.created_at)
            await db.execute(
                update(Order).where(Order.id == order.id).values(look_at=moment + age / 2)
            )
    return [partial(settle, shop, order.id) for order in orders]
