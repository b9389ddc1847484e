"""The dashboard at `/`: payments, webhooks and requests, with buttons for actions."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.buttons import button, outcome_buttons
from portone_emulator.web.controls import METHODS
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.sections import live

MAX_ROWS = 50
"""The maximum number of payments, requests and webhooks shown."""

_STEPS = (
    (texts.PLUS_MINUTE, "minutes", 1),
    (texts.PLUS_HOUR, "hours", 1),
    (texts.PLUS_DAY, "days", 1),
    (texts.PLUS_MONTH, "days", 30),
)


def dashboard(t: Translator, snapshot: JsonObject, problem: str | None = None) -> list[Html]:
    """Render the dashboard from a snapshot, with an error message if there is one."""
    return [
        element("a", t(texts.SKIP), href="#payments", class_="skip"),
        _header(t, snapshot),
        element("main", _notice(t, problem), _checkout_form(t, snapshot), live(t, snapshot)),
    ]


def clock_text(snapshot: JsonObject) -> str:
    """Format the emulator's time."""
    return snapshot["now"][:19].replace("T", " ")


def _header(t: Translator, snapshot: JsonObject) -> Html:
    steps = [
        element("button", t(label), name=name, value=value, data_key=name + str(value))
        for label, name, value in _STEPS
    ]
    return element(
        "header",
        element("h1", t(texts.TITLE)),
        element("p", element("time", clock_text(snapshot), id="now"), " UTC", class_="clock"),
        element(
            "form",
            steps,
            method="post",
            action="/_emulator/advance",
            class_="row",
            aria_label=t(texts.ADVANCE),
        ),
        element(
            "div",
            button("decline", t(texts.DECLINE), subject=t(texts.DECLINE_SUBJECT)),
            button(
                "reset",
                t(texts.RESET),
                kind="danger",
                subject=t(texts.RESET_SUBJECT),
                confirm=t(texts.CONFIRM_RESET),
            ),
            class_="row end",
        ),
    )


def _notice(t: Translator, problem: str | None) -> Html:
    """Render the status line, where the script shows the result of a button."""
    return element(
        "p",
        problem,
        id="notice",
        role="status",
        class_="problem" if problem else None,
        data_done=t(texts.DONE),
        data_gone=t(texts.NO_RESPONSE),
    )


def _checkout_form(t: Translator, snapshot: JsonObject) -> Html:
    """Render the form that simulates a customer's checkout."""
    methods = [element("option", t(texts.METHODS[name]), value=name) for name in METHODS]
    name = f"order-{snapshot['counts']['payments'] + 1}"
    fields = [
        _field(t(texts.PAYMENT_ID), "paymentId", value=name, maxlength=200),
        _field(t(texts.ORDER_NAME), "orderName", value=t(texts.ORDER_NAME_DEFAULT), maxlength=200),
        _field(
            t(texts.AMOUNT),
            "totalAmount",
            kind="number",
            min=1,
            value=1000,
            title=t(texts.AMOUNT_UNIT),
        ),
        _field(t(texts.CURRENCY), "currency", value="KRW", pattern="[A-Z]{3}", maxlength=3),
        element("label", t(texts.METHOD), element("select", methods, name="payMethod")),
    ]
    open_only = element("button", t(texts.OPEN_ONLY), name="outcome", value="ready")
    return element(
        "section",
        element("h2", t(texts.CUSTOMER)),
        element(
            "form",
            element("div", fields, class_="fields"),
            element("div", outcome_buttons(t), open_only, class_="row"),
            method="post",
            action="/_emulator/checkout",
        ),
        class_="panel",
    )


def _field(label: str, name: str, *, kind: str = "text", **attributes: object) -> Html:
    field = element("input", name=name, type=kind, required=True, autocomplete="off", **attributes)
    return element("label", label, field)
