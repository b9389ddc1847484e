"""The payment window at `/checkout/{payment_id}`."""

from __future__ import annotations

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web.buttons import outcome_buttons
from portone_emulator.web.html import Html, element
from portone_emulator.web.money import money
from portone_emulator.web.window import Window


def _order(state: State, payment_id: str, query: JsonObject) -> JsonObject:
    """Return the order to pay: the query's values, with defaults from what is known of the payment.

    The defaults are those of the payment's latest attempt, or else of its pre-registration.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if there is no amount; FORBIDDEN if the store does not
            belong to the account.
    """
    with state.lock:
        key = state.store(query.get("storeId")), payment_id
        payment = state.payments.get(key)
        registration = state.registrations.get(key)
        defaults: JsonObject = {"currency": "KRW", "orderName": "An order"}
        if registration is not None:
            defaults["totalAmount"] = registration.total
            defaults["currency"] = registration.currency or "KRW"
        if payment is not None:
            defaults["totalAmount"] = payment.latest.amount.total
            fields = payment.latest.fields
            defaults |= {name: fields[name] for name in ("currency", "orderName") if name in fields}
    order = {**defaults, **query, "paymentId": payment_id}
    if order.get("totalAmount") is None:
        raise invalid("query.totalAmount", "is required: no amount was pre-registered")
    return order


def _summary(order: JsonObject) -> list[Html]:
    return [
        element("h1", order["orderName"]),
        element("p", money(order["totalAmount"], order["currency"]), class_="money total"),
        element("p", order["paymentId"], class_="label"),
    ]


PAYMENT = Window(
    control="checkout",
    key="paymentId",
    transaction_type="PAYMENT",
    error_title="This payment cannot be made",
    prepare=_order,
    summary=_summary,
    buttons=outcome_buttons,
    outcome_of_leaving="ready",
)
