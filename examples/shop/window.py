"""Where the customer pays, or stores a card.

Here the browser is sent to the emulator's windows. With PortOne the page opens them, by PortOne's
browser SDK, with the same facts; the server's part is the same:

    const answer = await PortOne.requestPayment({
      storeId, channelKey, paymentId: order.id, orderName: order.name,
      totalAmount: order.amount, currency: "KRW", payMethod: "CARD",
      redirectUrl: `${shopUrl}/orders/${order.id}/back`,
    });
    location.assign(`/orders/${order.id}/back`);   // whatever `answer` says: the server asks PortOne

    const answer = await PortOne.requestIssueBillingKey({
      storeId, channelKey, billingKeyMethod: "CARD", issueName: subscription.name,
      customer: { customerId: subscription.id },   // by this the server knows whose key it is
      redirectUrl: `${shopUrl}/subscriptions/${subscription.id}/back`,
    });
    location.assign(`/subscriptions/${subscription.id}/back?billingKey=${answer.billingKey ?? ""}`);
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from .shop import CURRENCY, Shop
from .tables import Order, Subscription


async def open_window(shop: Shop, order: Order) -> str:
    """Register the order's amount with PortOne, and return where to pay it.

    The browser opens the window, so whoever sits there can change the amount. Once it is registered
    PortOne refuses another one. It is compared again after the payment, as this is only the first fence.

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
    """Return where a card is stored for a subscription."""
    query = urlencode(
        {
            "issueName": subscription.name,
            "redirect": f"{shop.settings.shop_url}/subscriptions/{subscription.id}/back",
        }
    )
    return f"{shop.settings.window_url}/issue-billing-key/{quote(subscription.id, safe='')}?{query}"
