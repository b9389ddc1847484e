"""The next charge of a subscription, by payment schedule.

Each charge is an order of its own, written down when the one before is paid; so the amount check, the
single shipment and the refunds are the same for it. PortOne is asked for the schedule second, from the
row: asking again schedules nothing again, as a payment id has at most one schedule.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from portone_async import errors
from portone_async.models import BillingKeyPaymentScheduleInput, PaymentAmountInput

from .shop import CURRENCY, Shop
from .tables import Order, Subscription, soon

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


def after_months(start: datetime, months: int) -> datetime:
    """Return the same day of a later month, or its last. Counted from the start: 31, 28, 31."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    last = monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))


def charge(subscription: Subscription, number: int) -> Order:
    """Make a subscription's order of a number: its id says which, so there cannot be two."""
    due_at = None if number == 1 else after_months(subscription.started_at, number - 1)
    return Order(
        id=f"{subscription.id}-{number:04}",
        name=subscription.name,
        amount=subscription.amount,
        currency=subscription.currency,
        subscription_id=subscription.id,
        number=number,
        due_at=due_at,
        look_at=soon() if due_at is None else due_at + timedelta(minutes=1),
    )


async def plan_next(db: AsyncSession, paid: Order) -> None:
    """Write the next order down, in the transaction that marks this one as paid."""
    if paid.subscription_id is None or paid.number is None:
        return
    subscription = await db.get_one(Subscription, paid.subscription_id, with_for_update=True)
    if subscription.state == "starting":
        subscription.state = "active"
    if subscription.state == "active":
        db.add(charge(subscription, paid.number + 1))


async def arrange(shop: Shop, subscription_id: str) -> None:
    """Ask PortOne for the schedules that are written down and not known to be made.

    Raises:
        PortOneError: not done, or not known to be. sweep.py asks again.
    """
    async with shop.sessions() as db:
        subscription = await db.get_one(Subscription, subscription_id)
        found = await db.scalars(
            select(Order).where(
                Order.subscription_id == subscription_id,
                Order.due_at.is_not(None),
                Order.schedule_id.is_(None),
                Order.state == "pending",
            )
        )
        orders = list(found)
    billing_key = subscription.billing_key
    if subscription.state != "active" or billing_key is None:
        return
    for order in orders:
        if order.due_at is not None:
            await _schedule(shop, billing_key, order, order.due_at)


async def _schedule(shop: Shop, billing_key: str, order: Order, due_at: datetime) -> None:
    try:
        reply = await shop.portone.payment.payment_schedule.create_payment_schedule(
            order.id,
            payment=BillingKeyPaymentScheduleInput(
                billing_key=billing_key,
                order_name=order.name,
                amount=PaymentAmountInput(total=order.amount),
                currency=CURRENCY,
            ),
            time_to_pay=max(due_at, soon()),  # PortOne takes no time that has passed
        )
    except errors.ConflictError as error:
        # An answer was lost, and this is the second time: it is scheduled, or even paid, already.
        if error.type not in {"PAYMENT_SCHEDULE_ALREADY_EXISTS", "ALREADY_PAID_OR_WAITING"}:
            raise
        schedule_id = "made before"
    else:
        schedule_id = reply.schedule.id
    async with shop.sessions.begin() as db:
        await db.execute(update(Order).where(Order.id == order.id).values(schedule_id=schedule_id))
