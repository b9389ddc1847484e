"""Pages for customers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from portone_async import PortOneError, errors

from . import subscriptions, views
from .events import stream
from .forms import Form, id_field, integer_field
from .orders import InvalidOrderError, find_order, place_order
from .refunds import list_refunds
from .settle import settle
from .shop import CurrentShop, Shop
from .tables import Order, Subscription
from .window import card_window, payment_window

router: Final = APIRouter(default_response_class=HTMLResponse)
_SEE_OTHER: Final = 303


@router.get("/")
async def front() -> str:
    """Show the products."""
    return views.front()


@router.post("/orders")
async def order(shop: CurrentShop, form: Form) -> RedirectResponse:
    """Place an order, and redirect to the payment window."""
    try:
        placed = await place_order(shop, form.get("product", ""), integer_field(form, "quantity"))
    except InvalidOrderError:
        raise HTTPException(400, "there is no such product, or not in that quantity") from None
    return await _to_payment_window(shop, placed)


@router.post("/orders/{order_id}/pay")
async def pay(shop: CurrentShop, order_id: str) -> RedirectResponse:
    """Redirect to the payment window again."""
    return await _to_payment_window(shop, await _get_order(shop, order_id))


@router.get("/orders/{order_id}/back")
async def back(shop: CurrentShop, order_id: str) -> RedirectResponse:
    """Handle the return from the payment window.

    The window adds the result to the query. Anybody can write that query, so it is ignored, and PortOne is asked
    instead. The webhook may have come before, may come later, or never.
    """
    await _get_order(shop, order_id)
    with suppress(PortOneError):  # the page then shows what the webhook or the sweep finds out
        await settle(shop, order_id)
    return RedirectResponse(f"/orders/{order_id}", _SEE_OTHER)


@router.get("/orders/{order_id}")
async def show(shop: CurrentShop, order_id: str) -> str:
    """Show an order."""
    return views.order_page(await _get_order(shop, order_id), await list_refunds(shop, order_id))


@router.get("/orders/{order_id}/events")
async def events(shop: CurrentShop, order_id: str) -> StreamingResponse:
    """Send an order's state, at first and whenever it changes."""
    await _get_order(shop, order_id)

    async def render() -> str:
        refunds = await list_refunds(shop, order_id)
        return views.order_state(await _get_order(shop, order_id), refunds)

    return _event_stream(shop, order_id, render)


@router.post("/subscriptions")
async def subscribe(shop: CurrentShop, form: Form) -> RedirectResponse:
    """Create a subscription, and redirect to the window in which a card is stored for it."""
    return _to_card_window(shop, await subscriptions.create(shop, id_field(form, "id")))


@router.post("/subscriptions/{subscription_id}/card")
async def store_card(shop: CurrentShop, subscription_id: str) -> RedirectResponse:
    """Redirect to the card window again."""
    subscription, _ = await _get_subscription(shop, subscription_id)
    return _to_card_window(shop, subscription)


@router.get("/subscriptions/{subscription_id}/back")
async def back_with_card(
    shop: CurrentShop,
    subscription_id: str,
    billing_key: Annotated[str, Query(alias="billingKey")] = "",
    code: str = "",
) -> Response:
    """Handle the return from the card window, with the billing key in the query.

    Anybody can write a key there, so PortOne is asked whose it is. The redirect drops it from the address: it
    would stay in the browser's history. Keep it out of access logs, too.
    """
    await _get_subscription(shop, subscription_id)
    if billing_key and not code:  # the code of a failure, or of leaving without storing a card
        try:
            await subscriptions.store_card(shop, billing_key, subscription_id)
        except subscriptions.InvalidBillingKeyError:
            return HTMLResponse(views.invalid_card_page(subscription_id), 400)
    return RedirectResponse(f"/subscriptions/{subscription_id}", _SEE_OTHER)


@router.get("/subscriptions/{subscription_id}")
async def show_subscription(shop: CurrentShop, subscription_id: str) -> str:
    """Show a subscription."""
    return views.subscription_page(*await _get_subscription(shop, subscription_id))


@router.get("/subscriptions/{subscription_id}/events")
async def subscription_events(shop: CurrentShop, subscription_id: str) -> StreamingResponse:
    """Send a subscription's state, at first and whenever it changes."""
    await _get_subscription(shop, subscription_id)

    async def render() -> str:
        return views.subscription_state(*await _get_subscription(shop, subscription_id))

    return _event_stream(shop, subscription_id, render)


@router.post("/subscriptions/{subscription_id}/end")
async def end_subscription(shop: CurrentShop, subscription_id: str) -> RedirectResponse:
    """End a subscription."""
    await _get_subscription(shop, subscription_id)
    await subscriptions.end(shop, subscription_id)
    return RedirectResponse(f"/subscriptions/{subscription_id}", _SEE_OTHER)


async def _to_payment_window(shop: Shop, unpaid: Order) -> RedirectResponse:
    try:
        return RedirectResponse(await payment_window(shop, unpaid), _SEE_OTHER)
    except errors.AlreadyPaidError:  # in another tab
        return RedirectResponse(f"/orders/{unpaid.id}/back", _SEE_OTHER)


def _to_card_window(shop: Shop, subscription: Subscription) -> RedirectResponse:
    has_started = subscription.state != "new"  # in another tab
    page = f"/subscriptions/{subscription.id}"
    return RedirectResponse(page if has_started else card_window(shop, subscription), _SEE_OTHER)


def _event_stream(
    shop: Shop, subject_id: str, render: Callable[[], Awaitable[str]]
) -> StreamingResponse:
    return StreamingResponse(
        stream(shop.changes, subject_id, render, shop.settings.refresh_seconds),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _get_subscription(shop: Shop, subscription_id: str) -> tuple[Subscription, list[Order]]:
    found = await subscriptions.read(shop, subscription_id)
    if found is None:
        raise HTTPException(404)
    return found


async def _get_order(shop: Shop, order_id: str) -> Order:
    found = await find_order(shop, order_id)
    if found is None:
        raise HTTPException(404)
    return found
