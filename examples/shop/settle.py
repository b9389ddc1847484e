"""An order brought up to date with PortOne. Everything that hears of a payment calls this."""

from __future__ import annotations

import logging
from dataclasses import dataclass
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
from .orders import find
from .shop import Shop
from .tables import Order, OrderState, Refund, RefundState, Shipment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

logger: Final = logging.getLogger("shop")
UNPAID: Final[tuple[OrderState, ...]] = ("pending", "failed", "closed")


async def settle(shop: Shop, order_id: str) -> Order | None:
    """Ask PortOne what is true of an order, and write it down.

    Anybody may call it, any number of times, at the same time and in any order: webhooks, first and
    repeated; the browser coming back; a look at what was left behind. It takes nobody's word: not the
    browser's, which says whatever its owner likes, and not the webhook's, which may be an old one.

    Returns:
        The order; nothing if it is none of this shop's.

    Raises:
        PortOneError: PortOne could not be asked. Ask later.
    """
    if await find(shop, order_id) is None:
        return None
    try:
        payment = await shop.portone.payment.get_payment(order_id)
    except errors.PaymentNotFoundError:
        return await find(shop, order_id)  # nobody has opened the window yet
    # Only now a transaction, so none is open while PortOne is asked. What PortOne said may be out of
    # date by now; what is written below never goes back on what a later answer has brought.
    async with shop.sessions.begin() as db:
        await _write(db, order_id, payment)
        order = await db.get(Order, order_id, populate_existing=True)
    shop.changes.tell(order_id)
    if order is not None and order.subscription_id is not None:
        shop.changes.tell(order.subscription_id)
        await renewals.arrange(shop, order.subscription_id)
    return order


async def _write(db: AsyncSession, order_id: str, payment: Payment) -> None:
    match payment:
        case PaidPayment():
            await _paid(db, order_id, payment)
        case PartialCancelledPayment() | CancelledPayment() if payment.paid_at is not None:
            # Paid first, if this is the first that the shop hears of it: webhooks come in any order.
            await _paid(db, order_id, payment)
        case CancelledPayment():  # a virtual account that nobody paid into
            await _move(db, order_id, "closed")
        case FailedPayment():
            await _move(db, order_id, "failed")
        case UnknownVariant(
            tag=tag
        ):  # PortOne added a status: nothing is known, so nothing is done
            logger.warning("an order has status %s, which this version does not know", tag)
        case (
            _
        ):  # READY, PAY_PENDING, VIRTUAL_ACCOUNT_ISSUED: the webhook of what comes next calls again
            pass


@dataclass(frozen=True)
class _Price:
    """What has to be the same. The amount alone is not enough: 30,000 IDR are 2,500 KRW."""

    amount: int
    currency: str


async def _paid(
    db: AsyncSession,
    order_id: str,
    payment: PaidPayment | PartialCancelledPayment | CancelledPayment,
) -> None:
    order = await db.get_one(Order, order_id, with_for_update=True)
    # PAID means that somebody paid something. Without this line a kettle costs one won.
    right = _Price(payment.amount.total, payment.currency) == _Price(order.amount, order.currency)
    if await _move(db, order_id, "paid" if right else "mismatch") and right:
        # True for one caller only, whoever is first: duplicates get no further.
        db.add(Shipment(order_id=order_id))
        await renewals.plan_next(db, order)
    if not isinstance(payment, PaidPayment):
        for cancellation in payment.cancellations:
            await _cancelled(db, order_id, cancellation)
    # Upwards only, as this may be an older answer than the last one written.
    await db.execute(
        update(Order)
        .where(Order.id == order_id, Order.refunded < payment.amount.cancelled)
        .values(refunded=payment.amount.cancelled)
    )


async def _move(db: AsyncSession, order_id: str, state: OrderState) -> bool:
    """Change an order's state, if no money came in yet; return whether this call did."""
    moved = await db.execute(
        update(Order)
        .where(Order.id == order_id, Order.state.in_(UNPAID), Order.state != state)
        .values(state=state)
        .returning(Order.id)
    )
    return moved.scalar_one_or_none() is not None


async def _cancelled(db: AsyncSession, order_id: str, cancellation: PaymentCancellation) -> None:
    """Find the refund that a cancellation is, by its id in the reason: its answer may have been lost."""
    state = state_of(cancellation)
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


def state_of(cancellation: PaymentCancellation) -> RefundState | None:
    """Return what a cancellation means for its refund; nothing for a status nobody knows yet."""
    states: dict[type[Any], RefundState] = {
        SucceededPaymentCancellation: "done",
        RequestedPaymentCancellation: "waiting",
        FailedPaymentCancellation: "refused",
    }
    return states.get(type(cancellation))
