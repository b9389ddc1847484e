"""What customers see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from portone_async import PortOneError, errors

from . import subscriptions, views
from .forms import Form, token, whole_number
from .live import stream
from .orders import InvalidOrderError, find, place
from .refunds import of_order
from .settle import settle
from .shop import OpenShop, Shop
from .tables import Order, Subscription
from .window import card_window, open_window

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

    return _follow(shop, order_id, render)


@router.post("/subscriptions")
async def subscribe(shop: OpenShop, form: Form) -> RedirectResponse:
    """Take a subscription, and lead to the window where a card is stored for it."""
    return _to_card_window(shop, await subscriptions.ask(shop, token(form, "id")))


@router.post("/subscriptions/{subscription_id}/card")
async def store_card(shop: OpenShop, subscription_id: str) -> RedirectResponse:
    """Lead to the window again."""
    subscription, _ = await _read(shop, subscription_id)
    return _to_card_window(shop, subscription)


@router.get("/subscriptions/{subscription_id}/back")
async def back_with_card(
    shop: OpenShop,
    subscription_id: str,
    billing_key: Annotated[str, Query(alias="billingKey")] = "",
) -> Response:
    """Receive the customer from the window, with the key of the card.

    Anybody can write a key there, so PortOne is asked whose it is. The address that is shown next is
    without it: it would stay in the browser's history. Keep it out of access logs, too.
    """
    await _read(shop, subscription_id)
    if billing_key:  # the customer has left without a card otherwise
        try:
            await subscriptions.take_card(shop, billing_key, subscription_id)
        except subscriptions.ForeignBillingKeyError:
            return HTMLResponse(views.refused_card_page(subscription_id), 400)
    return RedirectResponse(f"/subscriptions/{subscription_id}", _SEE_OTHER)


@router.get("/subscriptions/{subscription_id}")
async def show_subscription(shop: OpenShop, subscription_id: str) -> str:
    """Show a subscription."""
    return views.subscription_page(*await _read(shop, subscription_id))


@router.get("/subscriptions/{subscription_id}/events")
async def subscription_events(shop: OpenShop, subscription_id: str) -> StreamingResponse:
    """Send a subscription's state, now and whenever it changes."""
    await _read(shop, subscription_id)

    async def render() -> str:
        return views.subscription_state(*await _read(shop, subscription_id))

    return _follow(shop, subscription_id, render)


@router.post("/subscriptions/{subscription_id}/end")
async def end_subscription(shop: OpenShop, subscription_id: str) -> RedirectResponse:
    """End a subscription."""
    await _read(shop, subscription_id)
    await subscriptions.end(shop, subscription_id)
    return RedirectResponse(f"/subscriptions/{subscription_id}", _SEE_OTHER)


async def _to_window(shop: Shop, wanted: Order) -> RedirectResponse:
    try:
        return RedirectResponse(await open_window(shop, wanted), _SEE_OTHER)
    except errors.AlreadyPaidError:  # in another tab
        return RedirectResponse(f"/orders/{wanted.id}/back", _SEE_OTHER)


def _to_card_window(shop: Shop, wanted: Subscription) -> RedirectResponse:
    begun = wanted.state != "new"  # in another tab
    address = f"/subscriptions/{wanted.id}" if begun else card_window(shop, wanted)
    return RedirectResponse(address, _SEE_OTHER)


def _follow(shop: Shop, subject_id: str, render: Callable[[], Awaitable[str]]) -> StreamingResponse:
    return StreamingResponse(
        stream(shop.changes, subject_id, render),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _read(shop: Shop, subscription_id: str) -> tuple[Subscription, list[Order]]:
    found = await subscriptions.read(shop, subscription_id)
    if found is None:
        raise HTTPException(404)
    return found


async def _find(shop: Shop, order_id: str) -> Order:
    found = await find(shop, order_id)
    if found is None:
        raise HTTPException(404)
    return found
