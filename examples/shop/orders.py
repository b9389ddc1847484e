"""Products, prices and orders. The browser names a product, never a price."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from .shop import CURRENCY, Shop
from .tables import Order, OrderState


@dataclass(frozen=True)
class Product:
    """Something to buy."""

    name: str
    price: int


PRODUCTS: Final = {
    "beans": Product("Coffee beans, 1 kg", 30_000),
    "mug": Product("Mug", 12_000),
    "kettle": Product("Kettle", 49_000),
}
MAX_QUANTITY: Final = 10
CHECK_DELAY: Final = timedelta(minutes=1)
"""How long an order is left to its customer, its webhook or its schedule before sweep.py looks it up."""
UNPAID: Final[tuple[OrderState, ...]] = ("pending", "failed", "closed")


class InvalidOrderError(Exception):
    """There is no such product, or not in that quantity."""


async def place_order(shop: Shop, product_id: str, quantity: int) -> Order:
    """Commit an order before it can be paid: the webhook may come before any redirect.

    Its id is random, because whoever knows it can see the order.

    Raises:
        InvalidOrderError: There is no such product, or not in that quantity.
    """
    product = PRODUCTS.get(product_id)
    if product is None or not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidOrderError
    created_at = shop.clock()
    order = Order(
        id=f"order{secrets.token_hex(12)}",
        name=product.name if quantity == 1 else f"{product.name} x {quantity}",
        amount=product.price * quantity,
        currency=CURRENCY,
        created_at=created_at,
        check_at=created_at + CHECK_DELAY,
    )
    async with shop.sessions.begin() as db:
        db.add(order)
    return order


async def find_order(shop: Shop, order_id: str) -> Order | None:
    """Find an order by its id."""
    async with shop.sessions() as db:
        return await db.get(Order, order_id)


async def can_be_paid(shop: Shop, order_id: str, amount: int) -> bool:
    """Whether an order of this shop is unpaid, and has this amount."""
    order = await find_order(shop, order_id)
    return order is not None and order.state in UNPAID and order.amount == amount
