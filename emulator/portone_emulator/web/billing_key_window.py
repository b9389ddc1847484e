"""The windows at `/issue-billing-key/{customer_id}` and `/issue-billing-key-and-pay/{payment_id}`."""

from __future__ import annotations

from portone_emulator.billing import issue_window
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import browser_requests, window_texts
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.payment_window import order_summary
from portone_emulator.web.window import Window

_DEFAULTS: JsonObject = {"currency": "KRW", "orderName": "An order", "totalAmount": 0}


def _summary(t: Translator, body: JsonObject) -> list[Html]:
    customer = body.get("customerId", body.get("customer", {}).get("id"))
    return [
        element("h1", body.get("issueName", t(window_texts.ISSUE_NAME))),
        element("p", customer, class_="label"),
    ]


ISSUE = Window(
    control="issue-billing-key",
    key="customerId",
    request=browser_requests.ISSUE,
    error_title=window_texts.ISSUE_ERROR,
    summary=_summary,
    outcomes=lambda _: window_texts.ISSUE,
)
ISSUE_AND_PAY = Window(
    control="issue-billing-key-and-pay",
    key="paymentId",
    request=browser_requests.ISSUE_AND_PAY,
    error_title=window_texts.ISSUE_ERROR,
    summary=order_summary,
    outcomes=lambda _: window_texts.ISSUE_AND_PAY,
    prepare=lambda _, query: {**_DEFAULTS, **query},
    check_order=issue_window.check_payment,
    repeated=("paymentId",),
)
