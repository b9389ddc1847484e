"""The windows at `/issue-billing-key/{customer_id}` and `/issue-billing-key-and-pay/{payment_id}`."""

from __future__ import annotations

from portone_emulator.billing import issue_window
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web import browser_requests, window_texts
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.money import money
from portone_emulator.web.window import Window


def _check(state: State, body: JsonObject) -> None:
    with state.lock:
        store_id = state.store(body.get("storeId"))
        state.window_channel(body.get("channelKey"), body.get("channelGroupId"))
        if "paymentId" in body:
            issue_window.check_payment(state, store_id, body)


def _summary(t: Translator, body: JsonObject) -> list[Html]:
    customer = body.get("customerId", body.get("customer", {}).get("id"))
    return [
        element("h1", body.get("issueName", t(window_texts.ISSUE_NAME))),
        element("p", customer, class_="label"),
    ]


def _order(state: State, query: JsonObject) -> JsonObject:
    with state.lock:
        state.store(query.get("storeId"))
    return {"currency": "KRW", "orderName": "An order", "totalAmount": 0, **query}


def _payment_summary(_: Translator, body: JsonObject) -> list[Html]:
    return [
        element("h1", body["orderName"]),
        element("p", money(body["totalAmount"], body["currency"]), class_="money total"),
        element("p", body["paymentId"], class_="label"),
    ]


ISSUE = Window(
    control="issue-billing-key",
    key="customerId",
    request=browser_requests.ISSUE,
    error_title=window_texts.ISSUE_ERROR,
    prepare=lambda _, query: query,
    check=_check,
    summary=_summary,
    outcomes=lambda _: window_texts.ISSUE,
)
ISSUE_AND_PAY = Window(
    control="issue-billing-key-and-pay",
    key="paymentId",
    request=browser_requests.ISSUE_AND_PAY,
    error_title=window_texts.ISSUE_ERROR,
    prepare=_order,
    check=_check,
    summary=_payment_summary,
    outcomes=lambda _: window_texts.ISSUE_AND_PAY,
    repeated=("paymentId",),
)
