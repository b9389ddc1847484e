"""The rows of payments."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from portone_emulator.payments.methods import type_name
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.badges import status_badge
from portone_emulator.web.buttons import payment_buttons
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.money import money
from portone_emulator.web.tables import Column
from portone_emulator.web.times import time_element

COLUMNS = (
    Column(texts.PAYMENT),
    Column(texts.STATUS),
    Column(texts.AMOUNT, is_number=True),
    Column(texts.METHOD),
    Column(texts.SINCE),
    Column(texts.ACTIONS),
)


def row(t: Translator, payment: JsonObject) -> list[object]:
    """Render the cells of a payment."""
    return [
        [
            story_link(payment["id"], payment["storeId"]),
            element("small", payment.get("orderName")),
        ],
        status_badge(t, texts.PAYMENT_STATUSES, payment["status"]),
        amount(t, payment),
        method(t, payment),
        time_element(payment["statusChangedAt"]),
        actions(t, payment),
    ]


def story_link(payment_id: str, store_id: str) -> Html:
    """Render a payment's ID as a link to its story."""
    url = story_url(payment_id, store_id)
    return element("a", element("strong", payment_id), href=url, data_key=f"story {payment_id}")


def story_url(payment_id: str, store_id: str) -> str:
    """Return the address of a payment's story."""
    query = urlencode({"paymentId": payment_id, "storeId": store_id})
    return f"/_emulator/payment?{query}"


def amount(t: Translator, payment: JsonObject) -> list[Html]:
    """Render a payment's total and what of it is cancelled."""
    amounts, currency = payment["amount"], payment["currency"]
    cancelled = amounts["cancelled"]
    total = element("span", money(amounts["total"], currency), class_="money")
    if not cancelled:
        return [total]
    note = t(texts.CANCELLED_AMOUNT, amount=money(cancelled, currency))
    return [total, element("small", note)]


def method(t: Translator, payment: JsonObject) -> str:
    """Return the name of a payment's method."""
    name = type_name(payment.get("method", {}).get("type", ""))
    return t(texts.METHODS[name]) if name in texts.METHODS else name


def actions(t: Translator, payment: JsonObject) -> Html:
    """Render what can be done with a payment."""
    return element("div", payment_buttons(t, payment), _window(t, payment), class_="row")


def _window(t: Translator, payment: JsonObject) -> Html | None:
    """Render a link to the payment window, if the payment can still be made."""
    if payment["status"] not in {"READY", "FAILED"}:
        return None
    query = urlencode({"storeId": payment["storeId"]})
    return element(
        "a",
        t(texts.WINDOW),
        href=f"/checkout/{quote(payment['id'], safe='')}?{query}",
        aria_label=f"{t(texts.WINDOW)}: {payment['id']}",
        data_key=f"window {payment['id']}",
    )
