"""PortOne's webhooks: something has changed.

`WebhookRouter` lets only requests signed by PortOne through, calls the handler once per `webhook-id`, and responds when
everything is done. If the handler raises, it responds with an error, and PortOne delivers the webhook again.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final

from fastapi import HTTPException
from fastapi.responses import JSONResponse, Response

from portone_async import UnknownVariant
from portone_async.fastapi import WebhookEvent, WebhookRouter, WebhookStore
from portone_async.models import (
    BillingKeyIssuedWebhook,
    LegacyConfirmWebhook,
    LegacyWebhook,
    TransactionCancelledWebhook,
    TransactionConfirmWebhook,
    TransactionFailedWebhook,
    TransactionPaidWebhook,
    TransactionPartialCancelledWebhook,
)

from . import subscriptions
from .orders import can_be_paid
from .settle import settle
from .shop import CurrentShop

logger: Final = logging.getLogger("shop")
PATH: Final = "/webhooks/portone"


def webhook_router(secret: str, store: WebhookStore) -> WebhookRouter:
    """Return the route that PortOne calls."""
    router = WebhookRouter(secret, store=store)

    @router.post(PATH, response_model=None)
    async def on_webhook(event: WebhookEvent, shop: CurrentShop) -> Response | None:  # pyright: ignore[reportUnusedFunction]
        match event:
            case (
                TransactionPaidWebhook(data=data)
                | TransactionFailedWebhook(data=data)
                | TransactionPartialCancelledWebhook(data=data)
                | TransactionCancelledWebhook(data=data)
            ):
                # Not what the event says, but what PortOne says now: this webhook may come after a newer one, and
                # is handled twice if the store has forgotten it.
                await settle(shop, data.payment_id)
            case TransactionConfirmWebhook(data=data):
                # A question, not a notification: 200 approves the payment, any other status refuses it, and the customer
                # is shown the message. PortOne asks only shops that have applied for it.
                if not await can_be_paid(shop, data.payment_id, data.total_amount):
                    refusal = {"errorMessage": "The amount is not that of an unpaid order."}
                    return JSONResponse(refusal, 409)
            case BillingKeyIssuedWebhook(data=data):
                # The key may belong to another program that uses the same store.
                with suppress(subscriptions.InvalidBillingKeyError):
                    await subscriptions.store_card(shop, data.billing_key)
            case LegacyWebhook() | LegacyConfirmWebhook():
                # Not 200, which would approve a payment that version 2024-01-01 asks about.
                raise HTTPException(
                    400, "set the webhook version in PortOne's console to 2024-04-25"
                )
            case UnknownVariant(tag=tag):  # PortOne may add a type any day: ignore it, with 200
                logger.info("a webhook of type %s", tag)
            case _:  # notifications that do not change an order
                pass
        return None

    return router
