"""PortOne calls: something has changed.

`WebhookRouter` lets nothing through that PortOne has not signed, calls the handler once for a
`webhook-id`, and answers when everything is done. What raises here is answered with an error, and PortOne
delivers it again.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final

from portone_async import UnknownVariant
from portone_async.fastapi import WebhookEvent, WebhookRouter, WebhookStore
from portone_async.models import (
    BillingKeyIssuedWebhook,
    TransactionCancelledWebhook,
    TransactionFailedWebhook,
    TransactionPaidWebhook,
    TransactionPartialCancelledWebhook,
)

from . import subscriptions
from .settle import settle
from .shop import OpenShop

logger: Final = logging.getLogger("shop")
PATH: Final = "/webhooks/portone"


def webhook_router(secret: str, store: WebhookStore) -> WebhookRouter:
    """Return the route that PortOne calls."""
    router = WebhookRouter(secret, store=store)

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent, shop: OpenShop) -> None:  # pyright: ignore[reportUnusedFunction]
        match event:
            case (
                TransactionPaidWebhook(data=data)
                | TransactionFailedWebhook(data=data)
                | TransactionPartialCancelledWebhook(data=data)
                | TransactionCancelledWebhook(data=data)
            ):
                # Not what the event says: what PortOne says now. This webhook may be an old one, that
                # comes after a newer one, and is handled twice where the store forgot it.
                await settle(shop, data.payment_id)
            case BillingKeyIssuedWebhook(data=data):
                # A key of another program's at the same store is none of ours.
                with suppress(subscriptions.ForeignBillingKeyError):
                    await subscriptions.take_card(shop, data.billing_key)
            case UnknownVariant(tag=tag):  # PortOne may add a type any day: 200, and nothing else
                logger.info("a webhook of type %s", tag)
            case _:
                pass

    return router
