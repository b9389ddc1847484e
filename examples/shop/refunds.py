"""Giving money back, once.

The answer to a cancellation can get lost on its way: PortOne has given the money back, and the shop does
not know. So the row is written first, with the idempotency key, and PortOne is asked second. Whatever
breaks in between, the refund is asked for again from the row, by sweep.py:

- within three hours PortOne knows the key, does nothing, and repeats its first answer;
- after that `current_cancellable_amount` is no longer right if it was done, and PortOne refuses it;
- and `settle` finds it among the payment's cancellations, by the id in its reason.
"""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portone_async import PortOneError, RequestOptions, errors

from .settle import settle, state_of
from .shop import Shop
from .tables import Order, Refund, RefundState

logger: Final = logging.getLogger("shop")
OPEN: Final[tuple[RefundState, ...]] = ("requested", "waiting")


class InvalidRefundError(Exception):
    """It cannot be given back; the message says why."""


async def refund(shop: Shop, refund_id: str, order_id: str, amount: int, reason: str) -> Refund:
    """Give back so much of an order.

    `refund_id` was made with the form, so that a button pressed twice is one refund.

    Raises:
        InvalidRefundError: too much, or another refund of the order is still open.
    """
    written = await _write(shop, refund_id, order_id, amount, reason)
    if written.state != "requested":
        return written
    try:
        return await send(shop, written)
    except PortOneError as error:
        logger.warning("a refund is not decided yet: %s", error)
        return written  # sweep.py asks again


async def send(shop: Shop, asked: Refund) -> Refund:
    """Ask PortOne for a refund that is written down. Safe to repeat, and to do twice at a time.

    Raises:
        PortOneError: what became of it is not known; it stays `requested`.
    """
    try:
        reply = await shop.portone.payment.cancel_payment(
            asked.order_id,
            amount=asked.amount,
            current_cancellable_amount=asked.before,
            reason=f"{asked.reason} #{asked.id}",
            options=RequestOptions(idempotency_key=asked.id),
        )
    except errors.APIError as error:
        if not _is_final(error):
            raise
        # Refused, or done before: PAYMENT_ALREADY_CANCELLED is also said of what this very refund did.
        await settle(shop, asked.order_id)
        return await _decide(shop, asked, "refused", error.type)
    state = state_of(reply.cancellation)
    if state is None:
        return await _read(shop, asked.id)
    return await _decide(shop, asked, state)


def _is_final(error: errors.APIError) -> bool:
    """Whether PortOne, or the payment company, has said no to this very request.

    Everything else says nothing about the refund: a gateway's answer, a wrong secret, too many
    requests, or that the first request with this key still runs.
    """
    if error.type in {None, "IDEMPOTENCY_OUTSTANDING_REQUEST"}:
        return False
    return isinstance(
        error,
        errors.BadRequestError
        | errors.NotFoundError
        | errors.ConflictError
        | errors.GoneError
        | errors.PgProviderError,
    )


async def _write(shop: Shop, refund_id: str, order_id: str, amount: int, reason: str) -> Refund:
    """Write a refund down, or find the one of this id."""
    try:
        async with shop.sessions.begin() as db:
            known = await db.get(Refund, refund_id)
            if known is not None:
                if (known.order_id, known.amount) != (order_id, amount):
                    raise InvalidRefundError("this form was used before: load the page again")
                return known
            order = await db.get(Order, order_id, with_for_update=True)
            if order is None or not 1 <= amount <= order.refundable:
                raise InvalidRefundError("there is not so much to give back")
            made = Refund(
                id=refund_id,
                order_id=order_id,
                amount=amount,
                before=order.refundable,
                reason=reason,
            )
            db.add(made)
    except IntegrityError:  # the index of tables.py
        raise InvalidRefundError("another refund of this order is not decided yet") from None
    return made


async def _decide(
    shop: Shop, asked: Refund, state: RefundState, problem: str | None = None
) -> Refund:
    """Write down what became of a refund, unless `settle` has found it out already."""
    async with shop.sessions.begin() as db:
        decided = await db.execute(
            update(Refund)
            .where(Refund.id == asked.id, Refund.state.in_(OPEN))
            .values(state=state, problem=problem)
            .returning(Refund.id)
        )
        if decided.scalar_one_or_none() is not None and state == "done":
            # At once, not with the webhook: the next refund counts on it.
            given_back = Order.amount - asked.before + asked.amount
            await db.execute(
                update(Order)
                .where(Order.id == asked.order_id, Order.refunded < given_back)
                .values(refunded=given_back)
            )
    shop.changes.tell(asked.order_id)
    return await _read(shop, asked.id)


async def _read(shop: Shop, refund_id: str) -> Refund:
    async with shop.sessions() as db:
        return await db.get_one(Refund, refund_id)


async def of_order(shop: Shop, order_id: str) -> list[Refund]:
    """Return an order's refunds, the first first."""
    async with shop.sessions() as db:
        found = await db.scalars(
            select(Refund).where(Refund.order_id == order_id).order_by(Refund.created_at)
        )
        return list(found)


async def count_open(shop: Shop) -> int:
    """Return how many refunds are not decided."""
    async with shop.sessions() as db:
        return await db.scalar(select(func.count()).where(Refund.state.in_(OPEN))) or 0
