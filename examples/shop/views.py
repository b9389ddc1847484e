"""The pages' HTML. All input from outside is escaped."""

from __future__ import annotations

from html import escape
from typing import Final

from .forms import new_id
from .orders import MAX_QUANTITY, PRODUCTS
from .subscriptions import NAME, PRICE
from .tables import Order, Refund, Subscription

_STATES: Final = {
    "pending": ("Waiting for the payment", "waiting"),
    "failed": ("The payment failed", "bad"),
    "paid": ("Paid", "good"),
    "mismatch": ("On hold", "bad"),
    "closed": ("Closed", "spent"),
}
_PLANNED: Final = {"pending": ("Planned", "waiting"), "closed": ("Cancelled", "spent")}
_SUBSCRIPTIONS: Final = {
    "new": ("No card yet", "waiting"),
    "starting": ("Charging the first month", "waiting"),
    "active": ("Active", "good"),
    "ending": ("Ending", "spent"),
    "ended": ("Ended", "spent"),
}
_REFUNDS: Final = {
    "requested": "on its way",
    "waiting": "with the payment company",
    "done": "done",
    "refused": "refused",
}


def money(amount: int, currency: str = "KRW") -> str:
    """Format an amount."""
    return escape(f"{amount:,} {currency}")


def page(title: str, content: str, *, live: str | None = None) -> str:
    """Build a whole page. `live` is the address of the events that its script listens to."""
    live_attribute = "" if live is None else f' data-live="{escape(live)}"'
    reload = "" if live is None else '<noscript><meta http-equiv="refresh" content="3"></noscript>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · Bean there</title>{reload}
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/shop.css">
<script src="/static/shop.js" defer></script>
</head>
<body{live_attribute}>
<header><a href="/">Bean there</a><a href="/admin">Staff</a></header>
<main>
<h1>{escape(title)}</h1>
{content}
</main>
</body>
</html>
"""


def front() -> str:
    """Build the page with the products."""
    products = "".join(
        f"""<li class="card"><h2>{escape(product.name)}</h2><p class="money">{money(product.price)}</p>
<form method="post" action="/orders"><input type="hidden" name="product" value="{product_id}">
<label>Quantity <input name="quantity" type="number" value="1" min="1" max="{MAX_QUANTITY}" required></label>
<button>Buy</button></form></li>"""
        for product_id, product in PRODUCTS.items()
    )
    # Its id is made here, so that a button pressed twice starts one subscription.
    subscription_id = new_id("subscription")
    return page(
        "Coffee and what it takes",
        f"""<ul class="goods">{products}
<li class="card"><h2>{escape(NAME)}</h2><p class="money">{money(PRICE)} a month</p>
<form method="post" action="/subscriptions"><input type="hidden" name="id" value="{subscription_id}">
<button>Subscribe</button></form></li></ul>""",
    )


def order_page(order: Order, refunds: list[Refund]) -> str:
    """Build an order's page."""
    link = ("/", "Back to the shop")
    if order.subscription_id is not None:
        link = (f"/subscriptions/{order.subscription_id}", "The subscription")
    return page(
        order.name,
        f'<section id="live" aria-live="polite">{order_state(order, refunds)}</section>'
        f'<p class="small">{escape(order.id)}</p>'
        f'<p><a href="{link[0]}">{link[1]}</a></p>',
        live=f"/orders/{order.id}/events",
    )


def order_state(order: Order, refunds: list[Refund]) -> str:
    """Build the part of an order's page that changes; it is sent again on every change."""
    label, css_class = _label(order)
    lines = [
        f'<p class="state {css_class}" data-state="{order.state}">{label}</p>',
        f'<p class="money total">{money(order.amount, order.currency)}</p>',
    ]
    match order.state:
        case "pending" if order.due_at is not None:
            lines.append(f"<p>It will be charged on {order.due_at:%Y-%m-%d}.</p>")
        case "pending" | "failed" | "closed" if order.subscription_id is None:
            lines.append(
                f'<form method="post" action="/orders/{order.id}/pay"><button>Pay</button></form>'
            )
        case "paid" if not order.refunded:
            lines.append("<p>Thank you! Your order is on its way.</p>")
        case "mismatch":
            lines.append("<p>The amount paid is not the order's. We will be in touch.</p>")
        case _:
            pass
    lines.extend(
        f"<p>Refund of {money(refund.amount, order.currency)}: {_REFUNDS[refund.state]}</p>"
        for refund in refunds
    )
    return "\n".join(lines)


def _label(order: Order) -> tuple[str, str]:
    """Return the name of an order's state, and its CSS class."""
    if order.refunded:
        return ("Refunded" if order.refundable == 0 else "Paid, refunded in part"), "spent"
    if order.due_at is not None and order.state in _PLANNED:
        return _PLANNED[order.state]
    return _STATES[order.state]


def subscription_page(subscription: Subscription, charges: list[Order]) -> str:
    """Build a subscription's page."""
    return page(
        subscription.name,
        f'<section id="live" aria-live="polite">{subscription_state(subscription, charges)}</section>',
        live=f"/subscriptions/{subscription.id}/events",
    )


def subscription_state(subscription: Subscription, charges: list[Order]) -> str:
    """Build the part of a subscription's page that changes."""
    label, css_class = _SUBSCRIPTIONS[subscription.state]
    lines = [
        f'<p class="state {css_class}" data-state="{subscription.state}">{label}</p>',
        f'<p class="money total">{money(subscription.amount, subscription.currency)} a month</p>',
    ]
    if charges:
        lines.append(_charges(charges))
    match subscription.state:
        case "new":
            lines.append(
                "<p>Nothing is charged before a card is stored.</p>"
                f'<form method="post" action="/subscriptions/{subscription.id}/card">'
                "<button>Store a card</button></form>"
            )
        case "starting" | "active":
            lines.append(
                f'<form method="post" action="/subscriptions/{subscription.id}/end">'
                '<button class="quiet">End it</button></form>'
            )
        case "ended" if {charge.state for charge in charges} == {"failed"}:
            lines.append(
                "<p>The card was declined. Nothing was charged, and the card was deleted.</p>"
            )
        case _:
            pass
    return "\n".join(lines)


def invalid_card_page(subscription_id: str) -> str:
    """Build the page for a billing key that was not issued for this subscription."""
    return page(
        "This card cannot be used",
        f"""<section class="card"><p class="state bad" role="alert">Refused</p>
<p>The card was not stored for this subscription, so nothing was charged and nothing has started.</p>
<p><a href="/subscriptions/{escape(subscription_id)}">Back to the subscription</a></p></section>""",
    )


def error_page(title: str, message: str) -> str:
    """Build an error page."""
    return page(title, f'<p role="alert">{escape(message)}</p><p><a href="/">To the shop</a></p>')


def _charges(charges: list[Order]) -> str:
    rows = "".join(
        f'<tr><td><a href="/orders/{charge.id}">{charge.number}</a></td>'
        f"<td>{(charge.due_at or charge.created_at):%Y-%m-%d}</td>"
        f"<td>{_label(charge)[0]}</td></tr>"
        for charge in charges
    )
    return f"<table><thead><tr><th>Charge</th><th>Due</th><th>State</th></tr></thead><tbody>{rows}</tbody></table>"


def admin_page(orders: list[Order], error: str | None = None) -> str:
    """Build the page where staff sees and refunds orders."""
    rows = "".join(
        f'<tr><td><a href="/orders/{order.id}">{escape(order.name)}</a></td>'
        f'<td data-label="State">{_label(order)[0]}</td>'
        f'<td data-label="Amount" class="sum">{money(order.amount, order.currency)}</td>'
        f'<td data-label="Refunded" class="sum">{money(order.refunded, order.currency)}</td>'
        f"<td>{_refund_form(order)}</td></tr>"
        for order in orders
    )
    alert = "" if error is None else f'<p class="state bad" role="alert">{escape(error)}</p>'
    return page(
        "Orders",
        f"""{alert}<table class="orders"><thead><tr><th>Order</th><th>State</th><th>Amount</th><th>Refunded</th>
<th>Refund</th></tr></thead><tbody>{rows}</tbody></table>""",
    )


def _refund_form(order: Order) -> str:
    if order.refundable == 0:
        return ""
    # Its id is made before the button is pressed, so that pressing twice refunds once.
    return f"""<form method="post" action="/admin/orders/{order.id}/refunds" class="row">
<input type="hidden" name="id" value="{new_id("refund")}">
<input name="amount" type="number" aria-label="Amount" value="{order.refundable}" min="1"
max="{order.refundable}" required><input name="reason" aria-label="Reason" value="returned"
maxlength="100" required><button>Refund</button></form>"""
