"""The payment window at `/checkout/{payment_id}`."""

from __future__ import annotations

from portone_async.emulator.errors import invalid
from portone_async.emulator.state import State
from portone_async.emulator.web.buttons import outcome_buttons
from portone_async.emulator.web.html import Html, element
from portone_async.emulator.web.money import money
from portone_async.emulator.web.window import Window
from portone_async.emulator.wire import JsonObject


def _order(state: State, payment_id: str, asked: JsonObject) -> JsonObject:
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


def _about(order: JsonObject) -> list[Html]:
    return [
        element("h1", order["orderName"]),
        element("p", money(order["totalAmount"], order["currency"]), class_="money total"),
        element("p", order["paymentId"], class_="label"),
    ]


PAYMENT = Window(
    control="checkout",
    key="paymentId",
    transaction="PAYMENT",
    impossible="This payment cannot be made",
    asked_for=_order,
    about=_about,
    buttons=outcome_buttons,
    when_left="ready",
)
