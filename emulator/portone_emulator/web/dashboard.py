"""The dashboard at `/`: payments, webhooks and requests, with buttons for actions."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web.buttons import button, outcome_buttons
from portone_emulator.web.controls import METHODS
from portone_emulator.web.html import Html, element
from portone_emulator.web.sections import live

TITLE = "PortOne emulator"
MAX_ROWS = 50
"""The maximum number of payments, requests and webhooks shown."""

_UNIT = "in the currency's smallest unit: 1000 is 1,000 KRW, or 10.00 USD"
_STEPS = (
    ("+1 minute", "minutes", 1),
    ("+1 hour", "hours", 1),
    ("+1 day", "days", 1),
    ("+30 days", "days", 30),
)


def dashboard(snapshot: JsonObject, problem: str | None = None) -> list[Html]:
    """Render the dashboard from a snapshot, with an error message if there is one."""
    return [
        element("a", "Skip to the payments", href="#payments", class_="skip"),
        _header(snapshot),
        element("main", _notice(problem), _checkout_form(snapshot), live(snapshot)),
    ]


def clock_text(snapshot: JsonObject) -> str:
    """Format the emulator's time."""
    return snapshot["now"][:19].replace("T", " ")


def _header(snapshot: JsonObject) -> Html:
    steps = [
        element("button", label, name=name, value=value, data_key=label)
        for label, name, value in _STEPS
    ]
    return element(
        "header",
        element("h1", TITLE),
        element("p", element("time", clock_text(snapshot), id="now"), " UTC", class_="clock"),
        element(
            "form",
            steps,
            method="post",
            action="/_emulator/advance",
            class_="row",
            aria_label="Advance the clock",
        ),
        element(
            "div",
            button("decline", "Decline next charge", subject="the payment company declines once"),
            button("reset", "Reset", kind="danger", subject="discard all state"),
            class_="row end",
        ),
    )


def _notice(problem: str | None) -> Html:
    """Render the status line, where the script shows the result of a button."""
    return element("p", problem, id="notice", role="status", class_="problem" if problem else None)


def _checkout_form(snapshot: JsonObject) -> Html:
    """Render the form that simulates a customer's checkout."""
    methods = [
        element("option", name.replace("_", " ").capitalize(), value=name) for name in METHODS
    ]
    name = f"order-{snapshot['counts']['payments'] + 1}"
    fields = [
        _field("Payment ID", "paymentId", value=name, maxlength=200),
        _field("Order name", "orderName", value="An order", maxlength=200),
        _field("Amount", "totalAmount", kind="number", min=1, value=1000, title=_UNIT),
        _field("Currency", "currency", value="KRW", pattern="[A-Z]{3}", maxlength=3),
        element("label", "Method", element("select", methods, name="payMethod")),
    ]
    open_only = element("button", "Open only", name="outcome", value="ready")
    return element(
        "section",
        element("h2", "Simulate a customer"),
        element(
            "form",
            element("div", fields, class_="fields"),
            element("div", outcome_buttons(), open_only, class_="row"),
            method="post",
            action="/_emulator/checkout",
        ),
        class_="panel",
    )


def _field(label: str, name: str, *, kind: str = "text", **attributes: object) -> Html:
    field = element("input", name=name, type=kind, required=True, autocomplete="off", **attributes)
    return element("label", label, field)
