"""Pages for staff."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from . import views
from .forms import Form, id_field, integer_field
from .guard import require_staff
from .refunds import InvalidRefundError, refund
from .shop import CurrentShop, Shop
from .tables import Order

router: Final = APIRouter(
    prefix="/admin", default_response_class=HTMLResponse, dependencies=[Depends(require_staff)]
)
_PAGE_SIZE: Final = 100


@router.get("")
async def show_orders(shop: CurrentShop) -> str:
    """Show the latest orders."""
    return views.admin_page(await _latest(shop))


@router.post("/orders/{order_id}/refunds")
async def refund_order(shop: CurrentShop, order_id: str, form: Form) -> Response:
    """Refund an order, in part or in full."""
    amount = integer_field(form, "amount")
    reason = form.get("reason", "")[:100] or "returned"
    try:
        await refund(shop, id_field(form, "id"), order_id, amount, reason)
    except InvalidRefundError as error:
        return HTMLResponse(views.admin_page(await _latest(shop), str(error)), 409)
    return RedirectResponse("/admin", 303)


async def _latest(shop: Shop) -> list[Order]:
    async with shop.sessions() as db:
        orders = await db.scalars(select(Order).order_by(Order.created_at.desc()).limit(_PAGE_SIZE))
        return list(orders)
