"""Refunds, each carried out once.

The response to a cancellation can get lost: PortOne has refunded, and the shop does not know. So the refund is
committed first, with its idempotency key, and PortOne is asked second. Whatever fails in between, sweep.py repeats the
request from the row:

- within three hours PortOne knows the key, refunds nothing again, and repeats its first response;
- later, if the refund was carried out, `current_cancellable_amount` no longer matches, and PortOne refuses;
- `settle` recognizes the refund among the payment's cancellations, by the id in its reason.
"""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portone_async import PortOneError, RequestOptions, errors

from .settle import refund_state, settle
from .shop import Shop
from .tables import Order, Refund, RefundState

logger: Final = logging.getLogger("shop")
UNDECIDED: Final[tuple[RefundState, ...]] = ("requested", "waiting")


class InvalidRefundError(Exception):
    """It cannot be refunded; the message says why."""


async def refund(shop: Shop, refund_id: str, order_id: str, amount: int, reason: str) -> Refund:
    """Refund an amount of an order.

    `refund_id` was created with the form, so that a button pressed twice makes one refund.

    Raises:
        InvalidRefundError: The amount is too high, or another refund of the order is undecided.
    """
    requested = await _create(shop, refund_id, order_id, amount, reason)
    if requested.state != "requested":
        return requested
    try:
        return await send(shop, requested)
    except PortOneError as error:
        logger.warning("a refund is undecided: %s", error)
        return requested  # sweep.py repeats the request


async def send(shop: Shop, requested: Refund) -> Refund:
    """Request a committed refund from PortOne. It may be repeated, concurrently too.

    Raises:
        PortOneError: It is not known whether it was carried out. It stays `requested`.
    """
    try:
        response = await shop.portone.payment.cancel_payment(
            requested.order_id,
            amount=requested.amount,
            current_cancellable_amount=requested.refundable_before,
            reason=f"{requested.reason} #{requested.id}",
            options=RequestOptions(idempotency_key=requested.id),
        )
    except errors.APIError as error:
        if not _is_final(error):
            raise
        # Refused, or carried out by an earlier request: PAYMENT_ALREADY_CANCELLED may be about this very refund.
        await settle(shop, requested.order_id)
        current = await _read(shop, requested.id)
        if current.state != "requested":
            return current
        if error.may_have_reached:
            # An earlier attempt of this call may still be in progress, so this error is not the last word. The
            # sweep repeats the request, and looks again.
            raise
        return await _record_result(shop, requested, "refused", error.type)
    state = refund_state(response.cancellation)
    if state is None:
        return await _read(shop, requested.id)
    return await _record_result(shop, requested, state)


def _is_final(error: errors.APIError) -> bool:
    """Whether PortOne or the payment company refused this very request.

    No other error decides a refund: a gateway's error, a wrong secret, too many requests, or a first request with
    the same key that is still in progress.
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


async def _create(shop: Shop, refund_id: str, order_id: str, amount: int, reason: str) -> Refund:
    """Commit a refund, or return the one with this id."""
    try:
        async with shop.sessions.begin() as db:
            # Whoever presses the button twice at once waits here, and then finds the refund.
            order = await db.get(Order, order_id, with_for_update=True)
            existing = await db.get(Refund, refund_id)
            if existing is not None:
                if (existing.order_id, existing.amount) != (order_id, amount):
                    raise InvalidRefundError("this form was used before: load the page again")
                return existing
            if order is None or not 1 <= amount <= order.refundable:
                raise InvalidRefundError("that is more than can be refunded")
            created = Refund(
                id=refund_id,
                order_id=order_id,
                amount=amount,
                refundable_before=order.refundable,
                reason=reason,
                created_at=shop.clock(),
            )
            db.add(created)
    except IntegrityError:  # the unique index of tables.py
        raise InvalidRefundError("another refund of this order is undecided") from None
    return created


async def _record_result(
    shop: Shop, requested: Refund, state: RefundState, error_type: str | None = None
) -> Refund:
    """Record the result of a refund, unless `settle` has recorded one already."""
    async with shop.sessions.begin() as db:
        await db.get_one(Order, requested.order_id, with_for_update=True)  # first: see database.py
        decided = await db.execute(
            update(Refund)
            .where(Refund.id == requested.id, Refund.state.in_(UNDECIDED))
            .values(state=state, error_type=error_type)
            .returning(Refund.id)
        )
        if decided.scalar_one_or_none() is not None and state == "done":
            # Now, not with the webhook: the next refund depends on it.
            refunded = Order.amount - requested.refundable_before + requested.amount
            await db.execute(
                update(Order)
                .where(Order.id == requested.order_id, Order.refunded < refunded)
                .values(refunded=refunded)
            )
    shop.changes.notify(requested.order_id)
    return await _read(shop, requested.id)


async def _read(shop: Shop, refund_id: str) -> Refund:
    async with shop.sessions() as db:
        return await db.get_one(Refund, refund_id)


async def list_refunds(shop: Shop, order_id: str) -> list[Refund]:
    """Return an order's refunds, the oldest first."""
    async with shop.sessions() as db:
        refunds = await db.scalars(
            select(Refund).where(Refund.order_id == order_id).order_by(Refund.created_at)
        )
        return list(refunds)
