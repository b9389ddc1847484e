"""A subscription's billing key, its first charge, and its end."""

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
from .tables import Order, Subscription

logger: Final = logging.getLogger("shop")
NAME: Final = "Coffee beans, every month"
PRICE: Final = 18_000


class InvalidBillingKeyError(Exception):
    """Not a billing key, or not one that was issued for this subscription."""


async def create(shop: Shop, subscription_id: str) -> Subscription:
    """Commit a subscription before the card window opens: the webhook may come before the redirect.

    `subscription_id` was created with the form, so that a button pressed twice makes one subscription.
    """
    created = Subscription(
        id=subscription_id, name=NAME, amount=PRICE, currency=CURRENCY, started_at=shop.clock()
    )
    try:
        async with shop.sessions.begin() as db:
            db.add(created)
    except IntegrityError:
        async with shop.sessions() as db:
            return await db.get_one(Subscription, subscription_id)
    return created


async def store_card(shop: Shop, billing_key: str, subscription_id: str | None = None) -> None:
    """Store the billing key that the card window issued, and charge the first month.

    The browser that returns calls this, and the webhook too: the first of them starts the subscription. Neither is
    trusted to say whose card it is, as it could be another customer's. The window was opened with the subscription's
    id as the customer's, and PortOne is asked for which customer it issued the key.

    Args:
        shop: The shop.
        billing_key: The key that the browser or the webhook named.
        subscription_id: The subscription that the browser returned for; `None` for a webhook.

    Raises:
        InvalidBillingKeyError: It was not issued for this subscription.
        PortOneError: The key could not be looked up.
    """
    owner = await _owner(shop, billing_key)
    if owner is None or subscription_id not in {None, owner}:
        raise InvalidBillingKeyError
    async with shop.sessions.begin() as db:
        subscription = await db.get(Subscription, owner, with_for_update=True)
        if subscription is None or subscription.state != "new":
            return
        started_at = shop.clock()
        subscription.billing_key = billing_key
        subscription.state = "starting"
        subscription.started_at = started_at
        db.add(renewals.new_charge(subscription, 1, started_at))
    shop.changes.notify(owner)
    try:
        await charge_first_month(shop, subscription)
    except PortOneError as error:
        logger.warning("a first charge is undecided: %s", error)  # sweep.py repeats it


async def _owner(shop: Shop, billing_key: str) -> str | None:
    """Look up for which customer the key was issued; `None` if it is deleted or does not exist."""
    try:
        info = await shop.portone.payment.billing_key.get_billing_key_info(billing_key)
    except (errors.BadRequestError, errors.NotFoundError, errors.InvalidArgumentError):
        return None
    return info.customer.id if isinstance(info, IssuedBillingKeyInfo) else None


async def charge_first_month(shop: Shop, subscription: Subscription) -> None:
    """Charge the first month, unless it was charged: the payment is looked up first.

    It may be repeated: the payment id and the idempotency key stay the same. A new payment id after a lost
    response would charge a second time.

    Raises:
        PortOneError: It is not known whether it was charged.
    """
    order = await settle(shop, renewals.charge_id(subscription.id, 1))
    billing_key = subscription.billing_key
    if order is None or order.state == "paid" or billing_key is None:
        return
    if order.state == "failed":  # the card was declined, and would be again
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
        await settle(shop, order.id)
    except errors.PgProviderError as error:
        # Declined. But an earlier attempt of this call may have been charged, so look before ending anything.
        current = await settle(shop, order.id)
        if current is not None and current.state == "paid":
            return
        if error.may_have_reached:
            raise  # the earlier attempt may still be in progress: sweep.py looks again
        await end(shop, subscription.id)
    else:
        await settle(shop, order.id)


async def end(shop: Shop, subscription_id: str) -> None:
    """End a subscription. Committed first, so that it ends even if PortOne is unreachable now."""
    async with shop.sessions.begin() as db:
        await db.execute(
            update(Subscription)
            .where(
                Subscription.id == subscription_id,
                Subscription.state.in_(("starting", "active")),
            )
            .values(state="ending")
        )
    shop.changes.notify(subscription_id)
    try:
        await finish_ending(shop, subscription_id)
    except PortOneError as error:
        logger.warning("a subscription has not ended yet: %s", error)  # sweep.py repeats it


async def finish_ending(shop: Shop, subscription_id: str) -> None:
    """Revoke the schedules of a subscription that is ending, and delete its billing key. It may be repeated.

    Raises:
        PortOneError: It has not ended yet.
    """
    async with shop.sessions() as db:
        ending = await db.get_one(Subscription, subscription_id)
    if ending.state != "ending" or ending.billing_key is None:
        return
    billing_keys = shop.portone.payment.billing_key
    schedules = shop.portone.payment.payment_schedule
    try:
        # If a schedule is created in between, PortOne refuses to delete the key, and both are repeated.
        await schedules.revoke_payment_schedules(billing_key=ending.billing_key)
        await billing_keys.delete_billing_key(ending.billing_key)
    except (errors.BillingKeyAlreadyDeletedError, errors.BillingKeyNotFoundError):
        pass  # deleted by an earlier request whose response was lost
    # Nothing more will be charged. What was charged before is recorded, not forgotten.
    for order in await _pending_charges(shop, subscription_id):
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
    shop.changes.notify(subscription_id)


async def _pending_charges(shop: Shop, subscription_id: str) -> list[Order]:
    async with shop.sessions() as db:
        charges = await db.scalars(
            select(Order).where(Order.subscription_id == subscription_id, Order.state == "pending")
        )
        return list(charges)


async def read(shop: Shop, subscription_id: str) -> tuple[Subscription, list[Order]] | None:
    """Return a subscription and its charges, the first one first."""
    async with shop.sessions() as db:
        subscription = await db.get(Subscription, subscription_id)
        if subscription is None:
            return None
        charges = await db.scalars(
            select(Order).where(Order.subscription_id == subscription_id).order_by(Order.number)
        )
        return subscription, list(charges)
