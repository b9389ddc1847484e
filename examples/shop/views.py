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
_PLANNED: Final = {"pending": ("Planned", "waiting"), "closed": ("Called off", "spent")}
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
<li class="card"><h2>{escape(NAME)}</h2><p class="money">{money(PRICE)} a month</p>
<form method="post" action="/subscriptions"><input type="hidden" name="id" value="{subscription}">
<button>Subscribe</button></form></li></ul>""",
    )


def order_page(order: Order, refunds: list[Refund]) -> str:
    """Write an order's page."""
    onward = ("/", "Back to the shop")
    if order.subscription_id is not None:
        onward = (f"/subscriptions/{order.subscription_id}", "The subscription")
    return page(
        order.name,
        f'<section id="live" aria-live="polite">{order_state(order, refunds)}</section>'
        f'<p class="small">{escape(order.id)}</p>'
        f'<p><a href="{onward[0]}">{onward[1]}</a></p>',
        live=f"/orders/{order.id}/events",
    )


def order_state(order: Order, refunds: list[Refund]) -> str:
    """Write what changes of an order; sent again whenever it has."""
    word, tone = _word(order)
    lines = [
        f'<p class="state {tone}" data-state="{order.state}">{word}</p>',
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
            lines.append("<p>Another amount than ours was paid. We will be in touch.</p>")
        case _:
            pass
    lines.extend(
        f"<p>Refund of {money(refund.amount, order.currency)}: {_REFUNDS[refund.state]}</p>"
        for refund in refunds
    )
    return "\n".join(lines)


def _word(order: Order) -> tuple[str, str]:
    """Return what an order's state is called, and its tone."""
    if order.refunded:
        return ("Refunded" if order.refundable == 0 else "Paid, refunded in part"), "spent"
    if order.due_at is not None and order.state in _PLANNED:
        return _PLANNED[order.state]
    return _STATES[order.state]


def subscription_page(subscription: Subscription, charges: list[Order]) -> str:
    """Write a subscription's page."""
    return page(
        subscription.name,
        f'<section id="live" aria-live="polite">{subscription_state(subscription, charges)}</section>',
        live=f"/subscriptions/{subscription.id}/events",
    )


def subscription_state(subscription: Subscription, charges: list[Order]) -> str:
    """Write what changes of a subscription."""
    word, tone = _SUBSCRIPTIONS[subscription.state]
    lines = [
        f'<p class="state {tone}" data-state="{subscription.state}">{word}</p>',
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
        case "ended" if not any(charge.state == "paid" for charge in charges):
            lines.append(
                "<p>The card was declined. Nothing was charged, and the card is forgotten.</p>"
            )
        case _:
            pass
    return "\n".join(lines)


def refused_card_page(subscription_id: str) -> str:
    """Write the page for a billing key that is not this subscription's."""
    return page(
        "This card is not taken",
        f"""<section class="card"><p class="state bad" role="alert">Refused</p>
<p>The card was not stored for this subscription, so nothing was charged and nothing has begun.</p>
<p><a href="/subscriptions/{escape(subscription_id)}">Back to the subscription</a></p></section>""",
    )


def problem_page(title: str, words: str) -> str:
    """Write the page for what went wrong."""
    return page(title, f'<p role="alert">{escape(words)}</p><p><a href="/">To the shop</a></p>')


def _charges(charges: list[Order]) -> str:
    rows = "".join(
        f'<tr><td><a href="/orders/{charge.id}">{charge.number}</a></td>'
        f"<td>{(charge.due_at or charge.created_at):%Y-%m-%d}</td>"
        f"<td>{_word(charge)[0]}</td></tr>"
        for charge in charges
    )
    return f"<table><thead><tr><th>Charge</th><th>Due</th><th>State</th></tr></thead><tbody>{rows}</tbody></table>"


def desk_page(orders: list[Order], problem: str | None = None) -> str:
    """Write the page where staff sees the orders, and gives money back."""
    rows = "".join(
        f'<tr><td><a href="/orders/{order.id}">{escape(order.name)}</a></td>'
        f'<td data-label="State">{_word(order)[0]}</td>'
        f'<td data-label="Amount" class="sum">{money(order.amount, order.currency)}</td>'
        f'<td data-label="Refunded" class="sum">{money(order.refunded, order.currency)}</td>'
        f"<td>{_refund_form(order)}</td></tr>"
        for order in orders
    )
    said = "" if problem is None else f'<p class="state bad" role="alert">{escape(problem)}</p>'
    return page(
        "Orders",
        f"""{said}<table class="orders"><thead><tr><th>Order</th><th>State</th><th>Amount</th><th>Refunded</th>
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
