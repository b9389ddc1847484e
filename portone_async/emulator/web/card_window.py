"""The window at `/issue-billing-key/{customer_id}`, in which a customer stores a card."""

from __future__ import annotations

from portone_async.emulator.state import State
from portone_async.emulator.web.buttons import card_buttons
from portone_async.emulator.web.html import Html, element
from portone_async.emulator.web.window import Window
from portone_async.emulator.wire import JsonObject


def _card(state: State, customer_id: str, asked: JsonObject) -> JsonObject:
    """Return what the window is to store.

    Raises:
        Refusal: FORBIDDEN for somebody else's store.
    """
    with state.lock:
        state.store(asked.get("storeId"))
    return {**asked, "customerId": customer_id}


def _about(card: JsonObject) -> list[Html]:
    return [
        element("h1", card.get("issueName", "Store a card")),
        element("p", card["customerId"], class_="label"),
    ]


CARD = Window(
    control="issue-billing-key",
    key="customerId",
    transaction="ISSUE_BILLING_KEY",
    impossible="No card can be stored here",
    asked_for=_card,
    about=_about,
    buttons=card_buttons,
)
