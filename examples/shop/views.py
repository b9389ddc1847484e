"""The pages' HTML. Whatever comes from outside goes through `escape`."""

from __future__ import annotations

from html import escape
from typing import Final

from .forms import new_token
from .orders import MOST, PRODUCTS
from .subscriptions import NAME, PRICE
from .tables import Order, Refund, Subscription

_STATES: Final = {
    "pending": ("Waiting for the payment", "waiting"),
    "failed": ("The payment failed", "bad"),
    "paid": ("Paid", "good"),
    "mismatch": ("On hold", "bad"),
    "closed": ("Closed", "spent"),
}
_REFUNDS: Final = {
    "requested": "on its way",
    "waiting": "with the payment company",
    "done": "done",
    "refused": "refused",
}


def money(amount: int, currency: str = "KRW") -> str:
    """Write an amount."""
    return escape(f"{amount:,} {currency}")


def page(title: str, content: str, *, live: str | None = None) -> str:
    """Write a whole page; `live` is where the script hears of changes."""
    follow = "" if live is None else f' data-live="{escape(live)}"'
    again = "" if live is None else '<noscript><meta http-equiv="refresh" content="3"></noscript>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · Bean there</title>{again}
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/shop.css">
<script src="/static/shop.js" defer></script>
</head>
<body{follow}>
<header><a href="/">Bean there</a><a href="/desk">Staff</a></header>
<main>
<h1>{escape(title)}</h1>
{content}
</main>
</body>
</html>
"""


def front() -> str:
    """Write the page where people buy."""
    goods = "".join(
        f"""<li class="card"><h2>{escape(product.name)}</h2><p class="money">{money(product.price)}</p>
<form method="post" action="/orders"><input type="hidden" name="product" value="{product_id}">
<label>Quantity <input name="quantity" type="number" value="1" min="1" max="{MOST}" required></label>
<button>Buy</button></form></li>"""
        for product_id, product in PRODUCTS.items()
    )
    # Named here, so that the button pressed twice begins one subscription.
    subscription = new_token("subscription")
    return page(
        "Coffee and what it takes",
        f"""<ul class="goods">{goods}
<li class="card"><h2>{escape(NAME)}</h2><p class="money">{money(PRICE)}</p>
<form method="post" action="/subscriptions"><input type="hidden" name="id" value="{subscription}">
<button>Subscribe</button></form></li></ul>""",
    )


def order_page(order: Order, refunds: list[Refund]) -> str:
    """Write an order's page."""
    return page(
        order.name,
        f'<section id="live" aria-live="polite">{order_state(order, refunds)}</section>'
        f'<p class="small">{escape(order.id)}</p>',
        live=f"/orders/{order.id}/events",
    )


def order_state(order: Order, refunds: list[Refund]) -> str:
    """Write what changes of an order; sent again whenever it has."""
    word, tone = _STATES[order.state]
    if order.refunded:
        word, tone = ("Refunded" if order.refundable == 0 else "Paid, refunded in part"), "spent"
    lines = [
        f'<p class="state {tone}" data-state="{order.state}">{word}</p>',
        f'<p class="money total">{money(order.amount, order.currency)}</p>',
    ]
    match order.state:
        case "pending" | "failed" | "closed" if order.due_at is not None:
            lines.append(f"<p>Charged on {order.due_at:%Y-%m-%d}.</p>")
        case "pending" | "failed" | "closed" if order.subscription_id is None:
            lines.append(
                f'<form method="post" action="/orders/{order.id}/pay"><button>Pay</button></form>'
            )
        case "mismatch":
            lines.append("<p>Another amount than ours was paid. We will be in touch.</p>")
        case _:
            pass
    lines.extend(
        f"<p>Refund of {money(refund.amount, order.currency)}: {_REFUNDS[refund.state]}</p>"
        for refund in refunds
    )
    return "\n".join(lines)


def subscription_page(subscription: Subscription, charges: list[Order]) -> str:
    """Write a subscription's page."""
    rows = "".join(
        f'<tr><td><a href="/orders/{charge.id}">{charge.number}</a></td>'
        f"<td>{(charge.due_at or charge.created_at):%Y-%m-%d}</td>"
        f"<td>{_STATES[charge.state][0]}</td></tr>"
        for charge in charges
    )
    ending = (
        f'<form method="post" action="/subscriptions/{subscription.id}/end"><button>End it</button></form>'
        if subscription.state in {"starting", "active"}
        else ""
    )
    return page(
        subscription.name,
        f"""<p class="state">{subscription.state.capitalize()}</p>
<p class="money total">{money(subscription.amount, subscription.currency)} a month</p>
<table><thead><tr><th>Charge</th><th>Due</th><th>State</th></tr></thead><tbody>{rows}</tbody></table>
{ending}""",
    )


def desk_page(orders: list[Order], problem: str | None = None) -> str:
    """Write the page where staff sees the orders, and gives money back."""
    rows = "".join(
        f'<tr><td><a href="/orders/{order.id}">{escape(order.name)}</a></td>'
        f"<td>{_STATES[order.state][0]}</td><td>{money(order.amount, order.currency)}</td>"
        f"<td>{money(order.refunded, order.currency)}</td><td>{_refund_form(order)}</td></tr>"
        for order in orders
    )
    said = "" if problem is None else f'<p class="state bad" role="alert">{escape(problem)}</p>'
    return page(
        "Orders",
        f"""{said}<table><thead><tr><th>Order</th><th>State</th><th>Amount</th><th>Refunded</th>
<th>Refund</th></tr></thead><tbody>{rows}</tbody></table>""",
    )


def _refund_form(order: Order) -> str:
    if order.refundable == 0:
        return ""
    # The refund gets its id before the button is pressed, so that pressing twice gives back once.
    return f"""<form method="post" action="/desk/orders/{order.id}/refunds" class="row">
<input type="hidden" name="id" value="{new_token("refund")}">
<input name="amount" type="number" aria-label="Amount" value="{order.refundable}" min="1"
max="{order.refundable}" required><input name="reason" aria-label="Reason" value="returned"
maxlength="100" required><button>Refund</button></form>"""
