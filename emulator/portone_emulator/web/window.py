"""The windows to which a shop's page sends its customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson
from attrs import frozen

from portone_emulator.errors import PG_FAILURE, EmulatedAPIError
from portone_emulator.state.json_values import JsonObject, omit_none
from portone_emulator.state.state import State
from portone_emulator.web import window_texts
from portone_emulator.web.browser_requests import BrowserRequest
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator

LEAVE: Final = "leave"
LEFT: Final = "ready"
"""The outcome of each control if the customer leaves without choosing."""
# What PortOne's browser SDK returns when the customer closes the payment company's window. The
# `pgCode` is that of Toss Payments.
_CUSTOMER_LEFT: Final = {
    "code": PG_FAILURE,
    "message": "the customer left the window",
    "pgCode": "PAY_PROCESS_CANCELED",
    "pgMessage": "the customer left the window",
}
# The API's errors, by the codes of PortOne's browser SDK.
_CODES: Final = {
    "INVALID_REQUEST": "BadRequest",
    "FORBIDDEN": "StoreNotFound",
    "CHANNEL_NOT_FOUND": "ChannelNotFound",
    "ALREADY_PAID": "PaymentAlreadyPaid",
    "INFORMATION_MISMATCH": "AmountNotEqualToPredefined",
    "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT": "BadRequest",
    "IDENTITY_VERIFICATION_ALREADY_VERIFIED": "IdentityVerificationAlreadyVerified",
    "PG_PROVIDER": PG_FAILURE,
}


@frozen(kw_only=True)
class Visit:
    """How a window was opened: its parameters, and where its result goes.

    The result goes with the customer to `redirect`, or else to the page of `shop_origin`, which
    shows the window in a frame or a popup. Without either, the window shows it.
    """

    parameters: JsonObject
    redirect: str | None
    shop_origin: str | None
    unknown_fields: Sequence[str] = ()
    """The fields of the browser SDK's request that it does not have."""


@frozen(kw_only=True)
class Window:
    """The properties of one kind of window."""

    control: str
    """The control behind the window; the window's query may have the control's properties."""
    key: str
    """The control's property that may be in the window's path."""
    request: BrowserRequest
    """The request of PortOne's browser SDK that opens the window."""
    error_title: Text
    """The heading if the window cannot be opened."""
    summary: Callable[[Translator, JsonObject], list[Html]]
    """Renders what the customer is to agree to."""
    outcomes: Callable[[JsonObject], Mapping[str, Text]]
    """The outcomes to choose from, with the texts of their buttons; the first is the usual one."""
    prepare: Callable[[State, JsonObject], JsonObject] = lambda _state, query: query
    """Completes the control's body."""
    check_order: Callable[[State, str, JsonObject], object] = lambda _state, _store_id, _body: None
    """Checks, for a store, that what the customer is to agree to can be had."""
    repeated: tuple[str, ...] = ()
    """The parameters that each result repeats."""

    def check(self, state: State, body: JsonObject) -> None:
        """Check that the control can be run, whatever the outcome.

        Raises:
            EmulatedAPIError: FORBIDDEN, CHANNEL_NOT_FOUND, or what `check_order` raises.
        """
        with state.lock:
            store_id = state.store(body.get("storeId"))
            state.window_channel(body.get("channelKey"), body.get("channelGroupId"))
            self.check_order(state, store_id, body)

    def content(self, t: Translator, visit: Visit, body: JsonObject) -> Html:
        """Render the window. Its buttons post to its own address, which has the parameters."""
        labels = self.outcomes(body)
        usual = next(iter(labels))
        buttons = [
            element(
                "button",
                t(label),
                name="outcome",
                value=outcome,
                class_="primary" if outcome == usual else None,
            )
            for outcome, label in labels.items()
        ]
        leave = element("button", t(window_texts.LEAVE), name="outcome", value=LEAVE)
        return element(
            "main",
            element("p", t(window_texts.NO_MONEY), class_="label"),
            self.summary(t, body),
            element("form", buttons, leave, method="post", class_="choices"),
            class_="window panel",
            data_shop_origin=visit.shop_origin,
        )

    def result(self, visit: Visit, values: JsonObject) -> JsonObject:
        """Return what the shop's page receives."""
        repeated = {name: visit.parameters.get(name) for name in self.repeated}
        kind = self.request.transaction_type
        return {**omit_none(**repeated), **values, "transactionType": kind}

    def left_result(self, visit: Visit, values: JsonObject) -> JsonObject:
        """Return what the shop's page receives if the customer left without choosing."""
        return self.result(visit, {**values, **_CUSTOMER_LEFT})

    def error_result(self, visit: Visit, error: EmulatedAPIError) -> JsonObject:
        """Return what the shop's page receives if the window fails."""
        details = {
            name: error.fields[name] for name in ("pgCode", "pgMessage") if name in error.fields
        }
        code = _CODES.get(error.type, "UnknownError")
        return self.result(visit, {"code": code, "message": error.message, **details})

    def result_page(self, t: Translator, title: Text, result: JsonObject, visit: Visit) -> Html:
        """Render the result, with a link back to the shop if there is a redirect URL.

        If the shop's page shows the window, the window's script tells it the result.
        """
        facts = [[element("dt", name), element("dd", value)] for name, value in result.items()]
        if visit.redirect is None:
            last = element("p", t(window_texts.NO_REDIRECT), class_="label")
        else:
            url = redirect_url(visit.redirect, result)
            last = element("p", element("a", t(window_texts.BACK), href=url))
        return element(
            "main",
            element("p", t(window_texts.EMULATOR), class_="label"),
            element("h1", t(title)),
            element("dl", facts),
            last,
            class_="window panel",
            data_shop_origin=visit.shop_origin,
            data_result=orjson.dumps(result).decode(),
        )


def redirect_url(redirect: str, result: JsonObject) -> str:
    """Return the shop's URL with a result added to its query."""
    parts = urlsplit(redirect)
    added = urlencode(result)
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
