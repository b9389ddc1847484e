"""The billing-key window at `/issue-billing-key/{customer_id}`."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web.buttons import card_buttons
from portone_emulator.web.html import Html, element
from portone_emulator.web.window import Window


def _card(state: State, customer_id: str, query: JsonObject) -> JsonObject:
    """Return the query's values with the customer's ID.

    Raises:
        EmulatedAPIError: FORBIDDEN if the store does not belong to the account.
    """
    with state.lock:
        state.store(query.get("storeId"))
    return {**query, "customerId": customer_id}


def _summary(card: JsonObject) -> list[Html]:
    return [
        element("h1", card.get("issueName", "Store a card")),
        element("p", card["customerId"], class_="label"),
    ]


CARD = Window(
    control="issue-billing-key",
    key="customerId",
    transaction_type="ISSUE_BILLING_KEY",
    error_title="No card can be stored here",
    prepare=_card,
    summary=_summary,
    buttons=card_buttons,
)
