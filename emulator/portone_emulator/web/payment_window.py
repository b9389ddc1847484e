"""The payment window at `/checkout/{payment_id}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portone_emulator.errors import invalid
from portone_emulator.payments import checkout
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web import browser_requests, window_texts
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator
from portone_emulator.web.money import money
from portone_emulator.web.window import Window

_VIRTUAL_ACCOUNT: Final = "virtual_account"


def _order(state: State, query: JsonObject) -> JsonObject:
    """Return the order to pay: the query's values, with defaults from what is known of the payment.

    The defaults are those of the payment's latest attempt, or else of its pre-registration.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if there is no amount; FORBIDDEN if the store does not
            belong to the account.
    """
    with state.lock:
        key = state.store(query.get("storeId")), query.get("paymentId", "")
        payment = state.payments.get(key)
        registration = state.registrations.get(key)
        defaults: JsonObject = {"currency": "KRW", "orderName": "An order"}
        if registration is not None:
            defaults["currency"] = registration.currency or "KRW"
            if registration.total is not None:
                defaults["totalAmount"] = registration.total
        if payment is not None:
            defaults["totalAmount"] = payment.latest.amount.total
            fields = payment.latest.fields
            defaults |= {name: fields[name] for name in ("currency", "orderName") if name in fields}
    order = {**defaults, **query}
    if "totalAmount" not in order:
        raise invalid("query.totalAmount", "is required: no amount was pre-registered")
    return order


def _check(state: State, store_id: str, order: JsonObject) -> None:
    checkout.amount_to_pay(
        state,
        (store_id, order["paymentId"]),
        order.get("totalAmount"),
        order.get("taxFreeAmount"),
        order.get("vatAmount"),
        order["currency"],
    )


def order_summary(_: Translator, order: JsonObject) -> list[Html]:
    """Render what is to be paid."""
    return [
        element("h1", order["orderName"]),
        element("p", money(order["totalAmount"], order["currency"]), class_="money total"),
        element("p", order["paymentId"], class_="label"),
    ]


def _outcomes(order: JsonObject) -> Mapping[str, Text]:
    """Return the outcomes; with the method virtual account, the usual one is to issue one."""
    if order.get("payMethod") != _VIRTUAL_ACCOUNT.upper():
        return window_texts.PAY
    return {_VIRTUAL_ACCOUNT: window_texts.PAY[_VIRTUAL_ACCOUNT], **window_texts.PAY}


PAYMENT = Window(
    control="checkout",
    key="paymentId",
    request=browser_requests.PAYMENT,
    error_title=window_texts.PAYMENT_ERROR,
    summary=order_summary,
    outcomes=_outcomes,
    prepare=_order,
    check_order=_check,
    repeated=("paymentId",),
)
