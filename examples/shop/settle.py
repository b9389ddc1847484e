"""Brings an order up to date with PortOne. Whatever learns of a payment calls this."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import update

from portone_async import UnknownVariant, errors
from portone_async.models import (
    CancelledPayment,
    FailedPayment,
    FailedPaymentCancellation,
    PaidPayment,
    PartialCancelledPayment,
    Payment,
    PaymentCancellation,
    RequestedPaymentCancellation,
    SucceededPaymentCancellation,
)

from . import renewals
from .orders import UNPAID, find_order
from .shop import Shop
from .tables import Order, OrderState, Refund, RefundState, Shipment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

logger: Final = logging.getLogger("shop")


async def settle(shop: Shop, order_id: str) -> Order | None:
    """Look an order's payment up at PortOne, and record its state.

    It may be called any number of times, concurrently and in any order: by webhooks, first deliveries and repeated
    ones, by the browser that returns from the payment window, by the sweep. It does not rely on what the caller
    was told: a browser can send anything, and a webhook may be an old one.

    Returns:
        The order as it is recorded now; `None` if it is not one of this shop's.

    Raises:
        PortOneError: The payment could not be looked up. Try again later.
    """
    if await find_order(shop, order_id) is None:
        return None
    try:
        payment = await shop.portone.payment.get_payment(order_id)
    except errors.PaymentNotFoundError:
        return await find_order(shop, order_id)  # nobody has opened the payment window yet
    # The transaction begins only now, so that none is open during the request. By now the response may be out of
    # date: what is recorded below never undoes what a later response has recorded.
    async with shop.sessions.begin() as db:
        await _record_payment(db, order_id, payment, shop.clock())
        # Read again: another caller may have recorded the payment first.
        order = await db.get(Order, order_id, populate_existing=True)
    shop.changes.notify(order_id)
    if order is not None and order.subscription_id is not None:
        shop.changes.notify(order.subscription_id)
        await renewals.create_schedules(shop, order.subscription_id)
    return order


async def _record_payment(
    db: AsyncSession, order_id: str, payment: Payment, recorded_at: datetime
) -> None:
    match payment:
        case PaidPayment():
            await _record_paid(db, order_id, payment, recorded_at)
        case PartialCancelledPayment() | CancelledPayment() if payment.paid_at is not None:
            # It was paid first, which the shop may learn only now: webhooks come in any order.
            await _record_paid(db, order_id, payment, recorded_at)
        case CancelledPayment():  # a virtual account that nobody paid into
            await _change_state(db, order_id, "closed")
        case FailedPayment():
            await _change_state(db, order_id, "failed")
        case UnknownVariant(tag=tag):  # a status that PortOne added later: change nothing
            logger.warning("an order has status %s, which this version does not know", tag)
        case _:  # READY, PAY_PENDING, VIRTUAL_ACCOUNT_ISSUED: another webhook follows
            pass


@dataclass(frozen=True)
class _Price:
    """What has to be equal. Comparing amounts alone is not enough: 30,000 IDR is about 2,500 KRW."""

    amount: int
    currency: str


async def _record_paid(
    db: AsyncSession,
    order_id: str,
    payment: PaidPayment | PartialCancelledPayment | CancelledPayment,
    recorded_at: datetime,
) -> None:
    order = await db.get_one(Order, order_id, with_for_update=True)
    # PAID means that some amount was paid. Without this comparison, a kettle can be had for one won.
    matches = _Price(payment.amount.total, payment.currency) == _Price(order.amount, order.currency)
    if await _change_state(db, order_id, "paid" if matches else "mismatch") and matches:
        # One caller only gets here: the one whose UPDATE changed the row.
        db.add(Shipment(order_id=order_id, created_at=recorded_at))
        await renewals.add_next_charge(db, order, recorded_at)
    # A paid one may have cancellations, too: those that the payment company has not carried out yet.
    for cancellation in payment.cancellations or ():
        await _record_cancellation(db, order_id, cancellation)
    # Only ever upwards: this response may be older than the last one recorded.
    await db.execute(
        update(Order)
        .where(Order.id == order_id, Order.refunded < payment.amount.cancelled)
        .values(refunded=payment.amount.cancelled)
    )


async def _change_state(db: AsyncSession, order_id: str, state: OrderState) -> bool:
    """Change the state of an order that is not paid; return whether this call changed it."""
    changed = await db.execute(
        update(Order)
        .where(Order.id == order_id, Order.state.in_(UNPAID), Order.state != state)
        .values(state=state)
        .returning(Order.id)
    )
    return changed.scalar_one_or_none() is not None


async def _record_cancellation(
    db: AsyncSession, order_id: str, cancellation: PaymentCancellation
) -> None:
    """Record the result of the refund whose id is in the reason: its response may have been lost."""
    state = refund_state(cancellation)
    if state is None or isinstance(cancellation, UnknownVariant):
        return
    _, _, refund_id = cancellation.reason.rpartition("#")
    await db.execute(
        update(Refund)
        .where(
            Refund.id == refund_id,
            Refund.order_id == order_id,
            Refund.state.in_(("requested", "waiting")),
        )
        .values(state=state)
    )


def refund_state(cancellation: PaymentCancellation) -> RefundState | None:
    """Return the state of the refund behind a cancellation; `None` for an unknown status."""
    states: dict[type[Any], RefundState] = {
        SucceededPaymentCancellation: "done",
        RequestedPaymentCancellation: "waiting",
        FailedPaymentCancellation: "refused",
    }
    return states.get(type(cancellation))
