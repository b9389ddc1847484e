"""The windows in which a customer pays or stores a card.

Here, the browser is redirected to the emulator's windows. With PortOne, the page opens PortOne's windows by its
browser SDK, with the same data; the server does the same in both cases:

    const response = await PortOne.requestPayment({
      storeId, channelKey, paymentId: order.id, orderName: order.name,
      totalAmount: order.amount, currency: "KRW", payMethod: "CARD",
      redirectUrl: `${shopUrl}/orders/${order.id}/back`,
    });
    location.assign(`/orders/${order.id}/back`);   // whatever `response` says: the server asks PortOne

    const response = await PortOne.requestIssueBillingKey({
      storeId, channelKey, billingKeyMethod: "CARD", issueName: subscription.name,
      customer: { customerId: subscription.id },   // tells the server whose key it is
      redirectUrl: `${shopUrl}/subscriptions/${subscription.id}/back`,
    });
    const { code = "", billingKey } = response;   // a failure has a code, and may have a key too
    location.assign(`/subscriptions/${subscription.id}/back?${new URLSearchParams({ code, billingKey })}`);
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from .shop import CURRENCY, Shop
from .tables import Order, Subscription


async def payment_window(shop: Shop, order: Order) -> str:
    """Register the order's amount with PortOne, and return the address of its payment window.

    The browser opens the window, so its user can change the amount. PortOne refuses any amount other than the
    registered one. That is only the first check: settle.py compares the amount again after the payment.

    Raises:
        PortOneError: `AlreadyPaidError` among others.
    """
    await shop.portone.payment.pre_register_payment(
        order.id, total_amount=order.amount, currency=CURRENCY
    )
    query = urlencode(
        {
            "orderName": order.name,
            "totalAmount": order.amount,
            "currency": order.currency,
            "redirect": f"{shop.settings.shop_url}/orders/{order.id}/back",
        }
    )
    return f"{shop.settings.window_url}/checkout/{quote(order.id, safe='')}?{query}"


def card_window(shop: Shop, subscription: Subscription) -> str:
    """Return the address of the window in which a card is stored for a subscription."""
    query = urlencode(
        {
            "issueName": subscription.name,
            "redirect": f"{shop.settings.shop_url}/subscriptions/{subscription.id}/back",
        }
    )
    return f"{shop.settings.window_url}/issue-billing-key/{quote(subscription.id, safe='')}?{query}"
