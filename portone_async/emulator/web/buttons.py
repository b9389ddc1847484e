"""Buttons: forms that post to a control or a window."""

from __future__ import annotations

from portone_async.emulator.web.html import Html, element
from portone_async.emulator.wire import JsonObject

_WORDS = {
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
    about: str,
) -> Html:
    """Render a form of one button. `about` tells screen readers what it applies to."""
    hidden = [
        element("input", type="hidden", name=name, value=value)
        for name, value in (fields or {}).items()
    ]
    key = f"{control} {label} {about}"
    return element(
        "form",
        hidden,
        element("button", label, class_=kind, aria_label=f"{label}: {about}", data_key=key),
        method="post",
        action=f"/_emulator/{control}",
    )


def payment_buttons(payment: JsonObject) -> list[Html]:
    """Render the actions that a payment's status allows."""
    about = {"paymentId": payment["id"], "storeId": payment["storeId"]}
    name = str(payment["id"])
    match payment["status"]:
        case "READY":
            return [
                button("leave", "Pay", {**about, "outcome": "paid"}, about=name),
                button("leave", "Fail", {**about, "outcome": "failed"}, about=name),
            ]
        case "VIRTUAL_ACCOUNT_ISSUED":
            return [button("deposit", "Deposit", about, about=name)]
        case "PAY_PENDING":
            return [button("approve", "Approve", about, about=name)]
        case "PAID" | "PARTIAL_CANCELLED":
            return [button("cancel", "Cancel", about, kind="danger", about=name)]
        case _:
            return []


def outcome_buttons() -> list[Html]:
    """Render the outcomes of the payment window."""
    return _outcomes(_WORDS)


def card_buttons() -> list[Html]:
    """Render the outcomes of the billing-key window."""
    return _outcomes({"issued": "Store the card", "failed": "Fail"})


def _outcomes(words: dict[str, str]) -> list[Html]:
    first = next(iter(words))
    return [
        element(
            "button",
            word,
            name="outcome",
            value=outcome,
            class_="primary" if outcome == first else None,
        )
        for outcome, word in words.items()
    ]
