"""The windows of payment companies, where a shop's page sends its customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

from attrs import frozen

from portone_async.emulator.errors import Refusal
from portone_async.emulator.state import State
from portone_async.emulator.web.html import Html, element
from portone_async.emulator.web.way_back import REDIRECT
from portone_async.emulator.wire import JsonObject, present

LEAVE: Final = "leave"
# What PortOne's browser SDK says when the customer closes the payment company's window.
_LEFT: Final = {"code": "FAILURE_TYPE_PG", "message": "the customer left the window"}


@frozen(kw_only=True)
class Window:
    """What one kind of window has of its own."""

    control: str
    """The control that plays it; what it is told may be in the window's address."""
    key: str
    """The control's property that is in the path."""
    transaction: str
    """What the shop's page hears as `transactionType`."""
    impossible: str
    asked_for: Callable[[State, str, JsonObject], JsonObject]
    """From the path and the address to what the control is told."""
    about: Callable[[JsonObject], list[Html]]
    buttons: Callable[[], list[Html]]
    when_left: str | None = None
    """The outcome that the control is told when the customer only leaves, if it is told."""

    def content(self, wanted: JsonObject, redirect: str | None) -> Html:
        """Write the window. Its buttons post to its own address."""
        kept = {name: value for name, value in wanted.items() if name != self.key}
        kept = present(**kept, **{REDIRECT: redirect})
        hidden = [_hidden(name, value) for name, value in kept.items()]
        leave = element("button", "Leave", name="outcome", value=LEAVE)
        return element(
            "main",
            element("p", "PortOne emulator · no money moves", class_="label"),
            self.about(wanted),
            element("form", hidden, self.buttons(), leave, method="post", class_="choices"),
            class_="window panel",
        )

    def left(self, key: str, heard: JsonObject) -> JsonObject:
        """Return what the shop's page hears of a customer who only left."""
        return {**self._named(key), **heard, **_LEFT}

    def refused(self, key: str, refusal: Refusal) -> JsonObject:
        """Return what the shop's page hears when the window cannot be opened."""
        return {**self._named(key), "code": refusal.type, "message": refusal.message}

    def back(self, redirect: str, heard: JsonObject) -> str:
        """Return the shop's address with what its page hears added to the query."""
        parts = urlsplit(redirect)
        said = urlencode({"transactionType": self.transaction, **heard})
        return urlunsplit(parts._replace(query=f"{parts.query}&{said}" if parts.query else said))

    def closing(self, title: str, heard: JsonObject, redirect: str | None = None) -> Html:
        """Write what the window ends with, where it does not lead back by itself."""
        facts = [[element("dt", name), element("dd", value)] for name, value in heard.items()]
        leading = (
            element(
                "p", "No redirect address was given; this window may be closed.", class_="label"
            )
            if redirect is None
            else element("p", element("a", "Back to the shop", href=self.back(redirect, heard)))
        )
        return element(
            "main",
            element("p", "PortOne emulator", class_="label"),
            element("h1", title),
            element("dl", facts),
            leading,
            class_="window panel",
        )

    def _named(self, key: str) -> JsonObject:
        # PortOne's browser SDK repeats a payment's id; it does not repeat whose card it is.
        return {self.key: key} if self.transaction == "PAYMENT" else {}


def _hidden(name: str, value: object) -> list[Html]:
    """Write fields that the form sends back as the address had them."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = [str(each).lower() if isinstance(each, bool) else each for each in values]
    return [element("input", type="hidden", name=name, value=each) for each in texts]
