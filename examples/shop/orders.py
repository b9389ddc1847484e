"""Orders: what is sold, for how much. The browser names a product, never a price."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from .shop import CURRENCY, Shop
from .tables import Order


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
MOST: Final = 10


class InvalidOrderError(Exception):
    """Nothing that can be ordered."""


async def place(shop: Shop, product_id: str, quantity: int) -> Order:
    """Write an order down, before anybody can pay for it: the webhook may come before any redirect.

    Its id is a random one, as it is all that a browser needs to see the order.

    Raises:
        InvalidOrderError: there is no such product, or not so many.
    """
    product = PRODUCTS.get(product_id)
    if product is None or not 1 <= quantity <= MOST:
        raise InvalidOrderError
    order = Order(
        id=f"order-{secrets.token_hex(12)}",
        name=product.name if quantity == 1 else f"{product.name} x {quantity}",
        amount=product.price * quantity,
        currency=CURRENCY,
    )
    async with shop.sessions.begin() as db:
        db.add(order)
    return order


async def find(shop: Shop, order_id: str) -> Order | None:
    """Look an order up."""
    async with shop.sessions() as db:
        return await db.get(Order, order_id)
