"""The next charge of a subscription, by payment schedule.

Each charge is an order of its own, so the amount check, the single shipment and refunds work as for any order. It is
committed together with the payment of the one before. PortOne is asked for the schedule second, from the row: a
repeated request schedules nothing again, as a payment id has at most one schedule.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from portone_async import errors
from portone_async.models import BillingKeyPaymentScheduleInput, PaymentAmountInput

from .orders import CHECK_DELAY
from .shop import CURRENCY, Shop
from .tables import Order, Subscription

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


def add_months(start: datetime, months: int) -> datetime:
    """Return the same day of a later month, or that month's last day.

    Always count from the start of the subscription: 31 January, 28 February, 31 March.
    """
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    last_day = monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last_day))


def charge_id(subscription_id: str, number: int) -> str:
    """Return the order id of a charge: it contains the number, so no charge can be created twice.

    Order ids are payment ids: letters and digits, 40 at most, which the strictest payment companies take.
    """
    return f"{subscription_id}{number:04}"


def new_charge(subscription: Subscription, number: int, created_at: datetime) -> Order:
    """Build the order of a subscription's charge. The first one is due at once."""
    due_at = None if number == 1 else add_months(subscription.started_at, number - 1)
    return Order(
        id=charge_id(subscription.id, number),
        name=subscription.name,
        amount=subscription.amount,
        currency=subscription.currency,
        subscription_id=subscription.id,
        number=number,
        created_at=created_at,
        due_at=due_at,
        check_at=(due_at or created_at) + CHECK_DELAY,
    )


async def add_next_charge(db: AsyncSession, paid: Order, created_at: datetime) -> None:
    """Add the next charge, in the transaction that marks this one as paid."""
    if paid.subscription_id is None or paid.number is None:
        return
    subscription = await db.get_one(Subscription, paid.subscription_id, with_for_update=True)
    if subscription.state == "starting":
        subscription.state = "active"
    if subscription.state == "active":
        db.add(new_charge(subscription, paid.number + 1, created_at))


async def create_schedules(shop: Shop, subscription_id: str) -> None:
    """Create the schedules of charges that are not known to have one.

    Raises:
        PortOneError: Not created, or not known to be. sweep.py repeats it.
    """
    async with shop.sessions() as db:
        subscription = await db.get_one(Subscription, subscription_id)
        unscheduled = await db.scalars(
            select(Order).where(
                Order.subscription_id == subscription_id,
                Order.due_at.is_not(None),
                Order.schedule_id.is_(None),
                Order.state == "pending",
            )
        )
        orders = list(unscheduled)
    billing_key = subscription.billing_key
    if subscription.state != "active" or billing_key is None:
        return
    for order in orders:
        if order.due_at is not None:
            await _create_schedule(shop, billing_key, order, order.due_at)


async def _create_schedule(shop: Shop, billing_key: str, order: Order, due_at: datetime) -> None:
    try:
        response = await shop.portone.payment.payment_schedule.create_payment_schedule(
            order.id,
            payment=BillingKeyPaymentScheduleInput(
                billing_key=billing_key,
                order_name=order.name,
                amount=PaymentAmountInput(total=order.amount),
                currency=CURRENCY,
            ),
            time_to_pay=max(due_at, shop.clock() + CHECK_DELAY),  # PortOne refuses a past time
        )
    except errors.ConflictError as error:
        # The response to an earlier request was lost: it is scheduled already, or even paid.
        if error.type not in {"PAYMENT_SCHEDULE_ALREADY_EXISTS", "ALREADY_PAID_OR_WAITING"}:
            raise
        schedule_id = "created earlier"
    else:
        schedule_id = response.schedule.id
    async with shop.sessions.begin() as db:
        await db.execute(update(Order).where(Order.id == order.id).values(schedule_id=schedule_id))
