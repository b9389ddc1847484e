"""Buttons: forms that post to a control or a window."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator


def button(
    control: str,
    label: str,
    fields: JsonObject | None = None,
    *,
    kind: str | None = None,
    subject: str,
    confirm: str | None = None,
) -> Html:
    """Render a form of one button.

    `subject` tells screen readers what it applies to; `confirm` is a question that the script asks
    before it sends the form.
    """
    hidden = [
        element("input", type="hidden", name=name, value=value)
        for name, value in (fields or {}).items()
    ]
    key = f"{control} {label} {subject}"
    return element(
        "form",
        hidden,
        element(
            "button",
            label,
            class_=kind,
            aria_label=f"{label}: {subject}",
            data_key=key,
            data_confirm=confirm,
        ),
        method="post",
        action=f"/_emulator/{control}",
    )


def payment_buttons(t: Translator, payment: JsonObject) -> list[Html]:
    """Render the actions that a payment's status allows."""
    target = {"paymentId": payment["id"], "storeId": payment["storeId"]}
    name = str(payment["id"])
    match payment["status"]:
        case "READY":
            return [
                button("leave", t(texts.PAY), {**target, "outcome": "paid"}, subject=name),
                button("leave", t(texts.FAIL), {**target, "outcome": "failed"}, subject=name),
            ]
        case "VIRTUAL_ACCOUNT_ISSUED":
            return [button("deposit", t(texts.DEPOSIT), target, subject=name)]
        case "PAY_PENDING":
            return [button("approve", t(texts.APPROVE), target, subject=name)]
        case "PAID" | "PARTIAL_CANCELLED":
            return [button("cancel", t(texts.CANCEL), target, kind="danger", subject=name)]
        case _:
            return []


def outcome_buttons(t: Translator) -> list[Html]:
    """Render the outcomes of the form that simulates a customer."""
    first = next(iter(texts.OUTCOMES))
    return [
        element(
            "button",
            t(label),
            name="outcome",
            value=outcome,
            class_="primary" if outcome == first else None,
        )
        for outcome, label in texts.OUTCOMES.items()
    ]
