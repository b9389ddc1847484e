"""A billing key, its first charge, and its end."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portone_async import PortOneError, RequestOptions, errors
from portone_async.models import (
    CardCredential,
    CustomerInput,
    InstantBillingKeyPaymentMethodInput,
    InstantBillingKeyPaymentMethodInputCard,
    IssuedBillingKeyInfo,
    PaymentAmountInput,
)

from . import renewals
from .settle import settle
from .shop import CURRENCY, Shop
from .tables import Order, Subscription

logger: Final = logging.getLogger("shop")
NAME: Final = "Coffee beans, every month"
PRICE: Final = 18_000


class ForeignBillingKeyError(Exception):
    """A billing key that was not issued for this subscription."""


async def issue_in_place_of_the_browser(shop: Shop, subscription_id: str) -> str:
    """Issue a billing key for a card of the emulator's.

    In a real shop `PortOne.requestIssueBillingKey({..., customer: {customerId}})` of PortOne's browser
    SDK does this: a card's number never comes near the shop, and the page sends the key.
    """
    card = CardCredential(number="4000000000000002", expiry_year="30", expiry_month="12")
    reply = await shop.portone.payment.billing_key.issue_billing_key(
        method=InstantBillingKeyPaymentMethodInput(
            card=InstantBillingKeyPaymentMethodInputCard(credential=card)
        ),
        channel_key="channel-key-emulator",
        customer=CustomerInput(id=subscription_id),
        options=RequestOptions(idempotency_key=f"issue-{subscription_id}"),
    )
    return reply.billing_key_info.billing_key


async def subscribe(shop: Shop, subscription_id: str, billing_key: str) -> None:
    """Begin a subscription, and charge its first month.

    `subscription_id` was made with the form, so that a button pressed twice is one subscription.

    Raises:
        ForeignBillingKeyError: the key is somebody else's. It came from a browser, like everything.
        PortOneError: the key could not be looked up.
    """
    info = await shop.portone.payment.billing_key.get_billing_key_info(billing_key)
    if not isinstance(info, IssuedBillingKeyInfo) or info.customer.id != subscription_id:
        raise ForeignBillingKeyError
    made = Subscription(
        id=subscription_id, name=NAME, amount=PRICE, currency=CURRENCY, billing_key=billing_key
    )
    try:
        async with shop.sessions.begin() as db:
            db.add(made)
            await db.flush()
            db.add(renewals.charge(made, 1))
    except IntegrityError:
        return  # pressed twice
    try:
        await charge_first(shop, made)
    except PortOneError as error:
        logger.warning("a first charge is not decided yet: %s", error)  # sweep.py asks again


async def charge_first(shop: Shop, subscription: Subscription) -> None:
    """Charge the first month, unless that was done: PortOne is asked before it is told.

    Safe to repeat: the payment id and the idempotency key stay the same. A new payment id after a lost
    answer would charge a second time.

    Raises:
        PortOneError: not known whether it was charged.
    """
    order = await settle(shop, renewals.charge(subscription, 1).id)
    if order is None or order.state == "paid":
        return
    if order.state == "failed":  # not again and again: a card is declined for a reason
        await end(shop, subscription.id)
        return
    try:
        await shop.portone.payment.pay_with_billing_key(
            order.id,
            billing_key=subscription.billing_key,
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
            .where(Subscription.id == subscription_id, Subscription.state != "ended")
            .values(state="ending")
        )
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
    if ending.state != "ending":
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
