"""Buttons: forms that post to a control or a window."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web.html import Html, element

_LABELS = {
    "paid": "Pay",
    "failed": "Fail",
    "virtual_account": "Virtual account",
    "pay_pending": "Pay, pending",
}


def button(
    control: str,
    label: str,
    fields: JsonObject | None = None,
    *,
    kind: str | None = None,
    subject: str,
) -> Html:
    """Render a form of one button. `subject` tells screen readers what it applies to."""
    hidden = [
        element("input", type="hidden", name=name, value=value)
        for name, value in (fields or {}).items()
    ]
    key = f"{control} {label} {subject}"
    return element(
        "form",
        hidden,
        element("button", label, class_=kind, aria_label=f"{label}: {subject}", data_key=key),
        method="post",
        action=f"/_emulator/{control}",
    )


def payment_buttons(payment: JsonObject) -> list[Html]:
    """Render the actions that a payment's status allows."""
    target = {"paymentId": payment["id"], "storeId": payment["storeId"]}
    name = str(payment["id"])
    match payment["status"]:
        case "READY":
            return [
                button("leave", "Pay", {**target, "outcome": "paid"}, subject=name),
                button("leave", "Fail", {**target, "outcome": "failed"}, subject=name),
            ]
        case "VIRTUAL_ACCOUNT_ISSUED":
            return [button("deposit", "Deposit", target, subject=name)]
        case "PAY_PENDING":
            return [button("approve", "Approve", target, subject=name)]
        case "PAID" | "PARTIAL_CANCELLED":
            return [button("cancel", "Cancel", target, kind="danger", subject=name)]
        case _:
            return []


def outcome_buttons() -> list[Html]:
    """Render the outcomes of the payment window."""
    return _outcomes(_LABELS)


def card_buttons() -> list[Html]:
    """Render the outcomes of the billing-key window."""
    return _outcomes({"issued": "Store the card", "failed": "Fail"})


def _outcomes(labels: dict[str, str]) -> list[Html]:
    first = next(iter(labels))
    return [
        element(
            "button",
            label,
            name="outcome",
            value=outcome,
            class_="primary" if outcome == first else None,
        )
        for outcome, label in labels.items()
    ]
