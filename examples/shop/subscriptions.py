"""A billing key, its first charge, and its end."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portone_async import PortOneError, RequestOptions, errors
from portone_async.models import IssuedBillingKeyInfo, PaymentAmountInput

from . import renewals
from .settle import settle
from .shop import CURRENCY, Shop
from .tables import Order, Subscription, now

logger: Final = logging.getLogger("shop")
NAME: Final = "Coffee beans, every month"
PRICE: Final = 18_000


class ForeignBillingKeyError(Exception):
    """No billing key, or one that was not issued for this subscription."""


async def ask(shop: Shop, subscription_id: str) -> Subscription:
    """Write a subscription down, before the window opens: the webhook may come before the redirect.

    `subscription_id` was made with the form, so that a button pressed twice is one subscription.
    """
    made = Subscription(id=subscription_id, name=NAME, amount=PRICE, currency=CURRENCY)
    try:
        async with shop.sessions.begin() as db:
            db.add(made)
    except IntegrityError:
        async with shop.sessions() as db:
            return await db.get_one(Subscription, subscription_id)
    return made


async def take_card(shop: Shop, billing_key: str, claimed: str | None = None) -> None:
    """Store the billing key that came out of the window, and charge the first month.

    The browser that comes back calls it, and the webhook: the first of them begins the subscription. Nobody's
    word is taken for whose card it is, or a stranger's would be charged: the window was opened for one customer,
    whose id is the subscription's, and PortOne is asked for which.

    Args:
        shop: the shop.
        billing_key: as the browser or the webhook names it.
        claimed: the subscription that the browser says it is for.

    Raises:
        ForeignBillingKeyError: it is not.
        PortOneError: the key could not be looked up.
    """
    owner = await _owner(shop, billing_key)
    if owner is None or claimed not in {None, owner}:
        raise ForeignBillingKeyError
    async with shop.sessions.begin() as db:
        subscription = await db.get(Subscription, owner, with_for_update=True)
        if subscription is None or subscription.state != "new":
            return
        subscription.billing_key = billing_key
        subscription.state = "starting"
        subscription.started_at = now()
        db.add(renewals.charge(subscription, 1))
    shop.changes.tell(owner)
    try:
        await charge_first(shop, subscription)
    except PortOneError as error:
        logger.warning("a first charge is not decided yet: %s", error)  # sweep.py asks again


async def _owner(shop: Shop, billing_key: str) -> str | None:
    """Ask PortOne which customer the window was opened for; nobody for a key that is deleted or none."""
    try:
        info = await shop.portone.payment.billing_key.get_billing_key_info(billing_key)
    except (errors.BadRequestError, errors.NotFoundError, errors.InvalidArgumentError):
        return None
    return info.customer.id if isinstance(info, IssuedBillingKeyInfo) else None


async def charge_first(shop: Shop, subscription: Subscription) -> None:
    """Charge the first month, unless that was done: PortOne is asked before it is told.

    Safe to repeat: the payment id and the idempotency key stay the same. A new payment id after a lost
    answer would charge a second time.

    Raises:
        PortOneError: not known whether it was charged.
    """
    order = await settle(shop, renewals.charge(subscription, 1).id)
    billing_key = subscription.billing_key
    if order is None or order.state == "paid" or billing_key is None:
        return
    if order.state == "failed":  # not again and again: a card is declined for a reason
        await end(shop, subscription.id)
        return
    try:
        await shop.portone.payment.pay_with_billing_key(
            order.id,
            billing_key=billing_key,
            order_name=order.name,
            amount=PaymentAmountInput(total=order.amount),
            currency=CURRENCY,
            options=RequestOptions(idempotency_key=f"charge-{order.id}"),
        )
    except errors.AlreadyPaidError:
        pass
    except errors.PgProviderError:  # declined
        await end(shop, subscription.id)
    await settle(shop, order.id)


async def end(shop: Shop, subscription_id: str) -> None:
    """End a subscription. Written down first, so that it ends even if PortOne is out of reach now."""
    async with shop.sessions.begin() as db:
        await db.execute(
            update(Subscription)
            .where(
                Subscription.id == subscription_id,
                Subscription.state.in_(("starting", "active")),
            )
            .values(state="ending")
        )
    shop.changes.tell(subscription_id)
    try:
        await finish(shop, subscription_id)
    except PortOneError as error:
        logger.warning("a subscription has not ended yet: %s", error)  # sweep.py goes on


async def finish(shop: Shop, subscription_id: str) -> None:
    """Revoke the schedules of a subscription that ends, and delete its key. Safe to repeat.

    Raises:
        PortOneError: it is not at its end.
    """
    async with shop.sessions() as db:
        ending = await db.get_one(Subscription, subscription_id)
    if ending.state != "ending" or ending.billing_key is None:
        return
    keys = shop.portone.payment.billing_key
    schedules = shop.portone.payment.payment_schedule
    try:
        # Again if a schedule was made in between: PortOne deletes no key that a schedule is to charge.
        await schedules.revoke_payment_schedules(billing_key=ending.billing_key)
        await keys.delete_billing_key(ending.billing_key)
    except (errors.BillingKeyAlreadyDeletedError, errors.BillingKeyNotFoundError):
        pass  # an answer was lost
    # Nothing more will be charged. What was charged until now is still paid, not forgotten.
    for order in await _pending(shop, subscription_id):
        await settle(shop, order.id)
    async with shop.sessions.begin() as db:
        await db.execute(
            update(Order)
            .where(Order.subscription_id == subscription_id, Order.state == "pending")
            .values(state="closed")
        )
        await db.execute(
            update(Subscription)
            .where(Subscription.id == subscription_id, Subscription.state == "ending")
            .values(state="ended")
        )
    shop.changes.tell(subscription_id)


async def _pending(shop: Shop, subscription_id: str) -> list[Order]:
    async with shop.sessions() as db:
        found = await db.scalars(
            select(Order).where(Order.subscription_id == subscription_id, Order.state == "pending")
        )
        return list(found)


async def read(shop: Shop, subscription_id: str) -> tuple[Subscription, list[Order]] | None:
    """Return a subscription and its charges, the first first."""
    async with shop.sessions() as db:
        found = await db.get(Subscription, subscription_id)
        if found is None:
            return None
        charges = await db.scalars(
            select(Order).where(Order.subscription_id == subscription_id).order_by(Order.number)
        )
        return found, list(charges)
