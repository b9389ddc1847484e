"""What staff sees."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from . import views
from .forms import Form, token, whole_number
from .guard import staff
from .refunds import InvalidRefundError, refund
from .shop import OpenShop, Shop
from .tables import Order

router: Final = APIRouter(
    prefix="/desk", default_response_class=HTMLResponse, dependencies=[Depends(staff)]
)
_SHOWN: Final = 100


@router.get("")
async def desk(shop: OpenShop) -> str:
    """Show the orders."""
    return views.desk_page(await _latest(shop))


@router.post("/orders/{order_id}/refunds")
async def give_back(shop: OpenShop, order_id: str, form: Form) -> Response:
    """Give back a part of an order, or all of it."""
    amount = whole_number(form, "amount")
    reason = form.get("reason", "")[:100] or "returned"
    try:
        await refund(shop, token(form, "id"), order_id, amount, reason)
    except InvalidRefundError as error:
        return HTMLResponse(views.desk_page(await _latest(shop), str(error)), 409)
    return RedirectResponse("/desk", 303)


async def _latest(shop: Shop) -> list[Order]:
    async with shop.sessions() as db:
        found = await db.scalars(select(Order).order_by(Order.created_at.desc()).limit(_SHOWN))
        return list(found)
