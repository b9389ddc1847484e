"""The dashboard at `/`: what there is, with buttons and forms for actions."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.buttons import outcome_buttons
from portone_emulator.web.fields import choice, number_field, text_field
from portone_emulator.web.header import header, notice
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.scenario_forms import scenarios
from portone_emulator.web.sections import live

MAX_ROWS = 50
"""The maximum number of rows in each table."""


def dashboard(t: Translator, data: JsonObject, problem: str | None = None) -> list[Html]:
    """Render the dashboard from its data, with an error message if there is one."""
    content = notice(t, problem), _checkout_form(t, data), scenarios(t), live(t, data)
    return [
        element("a", t(texts.SKIP), href="#payments", class_="skip"),
        header(t, data["now"]),
        element("main", content),
    ]


def _checkout_form(t: Translator, data: JsonObject) -> Html:
    """Render the form that simulates a customer's checkout."""
    name = f"order-{data['counts']['payments'] + 1}"
    order_name = t(texts.ORDER_NAME_DEFAULT)
    unit = t(texts.AMOUNT_UNIT)
    fields = [
        text_field(t, texts.PAYMENT_ID, "paymentId", value=name, maxlength=200),
        text_field(t, texts.ORDER_NAME, "orderName", value=order_name, maxlength=200),
        number_field(t, texts.AMOUNT, "totalAmount", min=1, value=1000, title=unit),
        text_field(t, texts.CURRENCY, "currency", value="KRW", pattern="[A-Z]{3}", maxlength=3),
        choice(t, texts.METHOD, "payMethod", texts.METHODS),
    ]
    open_only = element("button", t(texts.OPEN_ONLY), name="outcome", value="ready")
    form = element(
        "form",
        element("div", fields, class_="fields"),
        element("div", outcome_buttons(t), open_only, class_="row"),
        method="post",
        action="/_emulator/checkout",
    )
    title = element("summary", element("h2", t(texts.CUSTOMER)))
    return element("section", element("details", title, form, open=True), class_="panel")
