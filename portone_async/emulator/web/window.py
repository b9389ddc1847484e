"""The payment window at `/checkout/{payment_id}`, where a shop's page sends its customer."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode, urlsplit, urlunsplit

from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.state import State
from portone_async.emulator.web.buttons import outcome_buttons
from portone_async.emulator.web.html import Html, element
from portone_async.emulator.web.money import money
from portone_async.emulator.wire import JsonObject, present

LEAVE = "leave"
REDIRECT = "redirect"
# What PortOne's browser SDK says when the customer closes the payment company's window.
_LEFT = {"code": "FAILURE_TYPE_PG", "message": "the customer left the payment window"}


def order_of(state: State, payment_id: str, asked: JsonObject) -> JsonObject:
    """Return what the window is to sell: what its address says, else what is known of the payment.

    Known is what its last attempt was for, or what was pre-registered.

    Raises:
        Refusal: INVALID_REQUEST when that tells no amount; FORBIDDEN for somebody else's store.
    """
    with state.lock:
        key = state.store(asked.get("storeId")), payment_id
        payment = state.payments.get(key)
        registration = state.registrations.get(key)
        known: JsonObject = {"currency": "KRW", "orderName": "An order"}
        if registration is not None:
            known["totalAmount"] = registration.total
            known["currency"] = registration.currency or "KRW"
        if payment is not None:
            known["totalAmount"] = payment.latest.amount.total
            wire = payment.latest.wire
            known |= {name: wire[name] for name in ("currency", "orderName") if name in wire}
    order = {**known, **asked, "paymentId": payment_id}
    if order.get("totalAmount") is None:
        raise invalid("query.totalAmount", "is required: the payment was not registered with one")
    return order


def check_redirect(url: str | None) -> None:
    """Refuse an address that is not the web's: `javascript:` and the like.

    Raises:
        Refusal: INVALID_REQUEST.
    """
    if url is None:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or not url.isprintable():
        raise invalid(f"query.{REDIRECT}", "must be an http or https URL")


def window(order: JsonObject, redirect: str | None) -> Html:
    """Write the window. Its buttons post to its own address."""
    kept = {name: value for name, value in order.items() if name != "paymentId"}
    hidden = [_hidden(name, value) for name, value in present(**kept, redirect=redirect).items()]
    leave = element("button", "Leave", name="outcome", value=LEAVE)
    return element(
        "main",
        element("p", "PortOne emulator · no money moves", class_="label"),
        element("h1", order["orderName"]),
        element("p", money(order["totalAmount"], order["currency"]), class_="money total"),
        element("p", order["paymentId"], class_="label"),
        element("form", hidden, outcome_buttons(), leave, method="post", class_="choices"),
        class_="window panel",
    )


def _hidden(name: str, value: object) -> list[Html]:
    """Write fields that the form sends back as the address had them."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = [str(each).lower() if isinstance(each, bool) else each for each in values]
    return [element("input", type="hidden", name=name, value=each) for each in texts]


def left(payment_id: str, heard: JsonObject) -> JsonObject:
    """Return what the shop's page hears of a customer who only left."""
    return {"paymentId": payment_id, "txId": heard["txId"], **_LEFT}


def refused(payment_id: str, refusal: Refusal) -> JsonObject:
    """Return what the shop's page hears when the window cannot be opened for a payment."""
    return {"paymentId": payment_id, "code": refusal.type, "message": refusal.message}


def back(redirect: str, heard: JsonObject) -> str:
    """Return the shop's address with what its page hears added to the query."""
    parts = urlsplit(redirect)
    said = urlencode({"transactionType": "PAYMENT", **heard})
    return urlunsplit(parts._replace(query=f"{parts.query}&{said}" if parts.query else said))


def closing(title: str, heard: JsonObject, redirect: str | None = None) -> Html:
    """Write what the window ends with, where it does not lead back by itself."""
    facts = [[element("dt", name), element("dd", value)] for name, value in heard.items()]
    leading = (
        element("p", "No redirect address was given; this window may be closed.", class_="label")
        if redirect is None
        else element("p", element("a", "Back to the shop", href=back(redirect, heard)))
    )
    return element(
        "main",
        element("p", "PortOne emulator", class_="label"),
        element("h1", title),
        element("dl", facts),
        leading,
        class_="window panel",
    )
