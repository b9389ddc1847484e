"""The windows to which a shop's page sends its customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

from attrs import frozen

from portone_emulator.errors import PG_FAILURE, EmulatedAPIError
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State
from portone_emulator.web.html import Html, element
from portone_emulator.web.redirect import REDIRECT

LEAVE: Final = "leave"
# What PortOne's browser SDK returns when the customer closes the payment company's window. The
# `pgCode` is that of Toss Payments.
_CUSTOMER_LEFT: Final = {
    "code": PG_FAILURE,
    "message": "the customer left the window",
    "pgCode": "PAY_PROCESS_CANCELED",
    "pgMessage": "the customer left the window",
}


@frozen(kw_only=True)
class Window:
    """The properties of one kind of window."""

    control: str
    """The control behind the window; the window's query may have the control's properties."""
    key: str
    """The control's property that is in the window's path."""
    transaction_type: str
    """The `transactionType` of the result."""
    error_title: str
    """The heading if the window cannot be opened."""
    prepare: Callable[[State, str, JsonObject], JsonObject]
    """Builds the control's body from the path's key and the query."""
    summary: Callable[[JsonObject], list[Html]]
    """Renders what the customer is to agree to."""
    buttons: Callable[[], list[Html]]
    """Renders the outcomes to choose from."""
    outcome_of_leaving: str | None = None
    """The outcome for the control if the customer leaves; `None` to not call the control."""

    def content(self, body: JsonObject, redirect: str | None) -> Html:
        """Render the window. Its buttons post to its own address."""
        parameters = {name: value for name, value in body.items() if name != self.key}
        parameters = omit_none(**parameters, **{REDIRECT: redirect})
        hidden = [_hidden(name, value) for name, value in parameters.items()]
        leave = element("button", "Leave", name="outcome", value=LEAVE)
        return element(
            "main",
            element("p", "PortOne emulator · no money moves", class_="label"),
            self.summary(body),
            element("form", hidden, self.buttons(), leave, method="post", class_="choices"),
            class_="window panel",
        )

    def left_result(self, key: str, result: JsonObject) -> JsonObject:
        """Return what the shop's page receives if the customer left without choosing."""
        return {**self._identity(key), **result, **_CUSTOMER_LEFT}

    def error_result(self, key: str, error: EmulatedAPIError) -> JsonObject:
        """Return what the shop's page receives if the window fails."""
        return {**self._identity(key), "code": error.type, "message": error.message}

    def redirect_url(self, redirect: str, result: JsonObject) -> str:
        """Return the shop's URL with the result added to its query."""
        parts = urlsplit(redirect)
        added = urlencode({"transactionType": self.transaction_type, **result})
        return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))

    def result_page(self, title: str, result: JsonObject, redirect: str | None = None) -> Html:
        """Render the result, with a link back to the shop if there is a redirect URL."""
        facts = [[element("dt", name), element("dd", value)] for name, value in result.items()]
        if redirect is None:
            text = "No redirect URL was given; you can close this window."
            last = element("p", text, class_="label")
        else:
            url = self.redirect_url(redirect, result)
            last = element("p", element("a", "Back to the shop", href=url))
        return element(
            "main",
            element("p", "PortOne emulator", class_="label"),
            element("h1", title),
            element("dl", facts),
            last,
            class_="window panel",
        )

    def _identity(self, key: str) -> JsonObject:
        # PortOne's browser SDK returns a payment's ID, but not the customer's ID of a card.
        return {self.key: key} if self.transaction_type == "PAYMENT" else {}


def _hidden(name: str, value: object) -> list[Html]:
    """Render hidden fields, so that the form sends the query's values back."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = [str(each).lower() if isinstance(each, bool) else each for each in values]
    return [element("input", type="hidden", name=name, value=each) for each in texts]
