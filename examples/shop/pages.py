"""What customers see."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from portone_async import PortOneError, errors

from . import subscriptions, views
from .forms import Form, token, whole_number
from .live import stream
from .orders import InvalidOrderError, find, place
from .refunds import of_order
from .settle import settle
from .shop import OpenShop, Shop
from .tables import Order
from .window import open_window

router: Final = APIRouter(default_response_class=HTMLResponse)
_SEE_OTHER: Final = 303


@router.get("/")
async def front() -> str:
    """Show what there is."""
    return views.front()


@router.post("/orders")
async def order(shop: OpenShop, form: Form) -> RedirectResponse:
    """Take an order, and lead to the payment window."""
    try:
        placed = await place(shop, form.get("product", ""), whole_number(form, "quantity"))
    except InvalidOrderError:
        raise HTTPException(400, "there is nothing like it") from None
    return await _to_window(shop, placed)


@router.post("/orders/{order_id}/pay")
async def pay(shop: OpenShop, order_id: str) -> RedirectResponse:
    """Lead to the payment window again."""
    return await _to_window(shop, await _find(shop, order_id))


@router.get("/orders/{order_id}/back")
async def back(shop: OpenShop, order_id: str) -> RedirectResponse:
    """Receive the customer from the payment window.

    The window adds to the query how it went. Anybody can write that there, so nothing of it is read:
    PortOne is asked. The webhook may have been here before, may come later, or never.
    """
    await _find(shop, order_id)
    with suppress(PortOneError):  # the page then follows what the webhook or the sweep find out
        await settle(shop, order_id)
    return RedirectResponse(f"/orders/{order_id}", _SEE_OTHER)


@router.get("/orders/{order_id}")
async def show(shop: OpenShop, order_id: str) -> str:
    """Show an order."""
    return views.order_page(await _find(shop, order_id), await of_order(shop, order_id))


@router.get("/orders/{order_id}/events")
async def events(shop: OpenShop, order_id: str) -> StreamingResponse:
    """Send an order's state, now and whenever it changes."""
    await _find(shop, order_id)

    async def render() -> str:
        return views.order_state(await _find(shop, order_id), await of_order(shop, order_id))

    return StreamingResponse(
        stream(shop.changes, order_id, render),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/subscriptions")
async def subscribe(shop: OpenShop, form: Form) -> RedirectResponse:
    """Begin a subscription."""
    subscription_id = token(form, "id")
    billing_key = await subscriptions.issue_in_place_of_the_browser(shop, subscription_id)
    try:
        await subscriptions.subscribe(shop, subscription_id, billing_key)
    except subscriptions.ForeignBillingKeyError:
        raise HTTPException(400, "the billing key is another one's") from None
    return RedirectResponse(f"/subscriptions/{subscription_id}", _SEE_OTHER)


@router.get("/subscriptions/{subscription_id}")
async def show_subscription(shop: OpenShop, subscription_id: str) -> str:
    """Show a subscription."""
    found = await subscriptions.read(shop, subscription_id)
    if found is None:
        raise HTTPException(404)
    return views.subscription_page(*found)


@router.post("/subscriptions/{subscription_id}/end")
async def end_subscription(shop: OpenShop, subscription_id: str) -> RedirectResponse:
    """End a subscription."""
    await subscriptions.end(shop, subscription_id)
    return RedirectResponse(f"/subscriptions/{subscription_id}", _SEE_OTHER)


async def _to_window(shop: Shop, wanted: Order) -> RedirectResponse:
    try:
        return RedirectResponse(await open_window(shop, wanted), _SEE_OTHER)
    except errors.AlreadyPaidError:  # in another tab
        return RedirectResponse(f"/orders/{wanted.id}/back", _SEE_OTHER)


async def _find(shop: Shop, order_id: str) -> Order:
    found = await find(shop, order_id)
    if found is None:
        raise HTTPException(404)
    return found
