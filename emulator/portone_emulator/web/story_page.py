"""The page of one payment's story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from attrs import frozen

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import payment_rows, request_rows, texts, webhook_rows
from portone_emulator.web.badges import http_badge, status_badge
from portone_emulator.web.header import header, notice
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator
from portone_emulator.web.money import money
from portone_emulator.web.times import time_element


def story_page(t: Translator, story: JsonObject, problem: str | None = None) -> list[Html]:
    """Render a story, with an error message if there is one."""
    return [
        header(t, story["now"], story_title(t, story)),
        element("main", notice(t, problem), live_story(t, story)),
    ]


def story_title(t: Translator, story: JsonObject) -> str:
    """Return the page's title."""
    return t(texts.STORY, payment_id=story["paymentId"])


def live_story(t: Translator, story: JsonObject) -> Html:
    """Render what the script keeps up to date."""
    query = urlencode({"paymentId": story["paymentId"], "storeId": story["storeId"]})
    sections = [_summary(t, story), _events(t, story)]
    return element("div", sections, id="live", data_url=f"/_emulator/live?{query}")


def _summary(t: Translator, story: JsonObject) -> Html:
    payment = story.get("payment")
    facts: list[tuple[Text, object]] = [(texts.STORE_ID, story["storeId"])]
    if payment is not None:
        facts = [
            (texts.STATUS, status_badge(t, texts.PAYMENT_STATUSES, payment["status"])),
            (texts.AMOUNT, payment_rows.amount(t, payment)),
            (texts.METHOD, payment_rows.method(t, payment)),
            (texts.ORDER_NAME, payment.get("orderName")),
            (texts.TRANSACTION_ID, element("code", payment["transactionId"])),
            *facts,
        ]
    listed = [
        element("div", element("dt", t(name)), element("dd", value))
        for name, value in facts
        if value
    ]
    return element(
        "section",
        element("h2", t(texts.SUMMARY)),
        element("dl", listed, class_="facts"),
        None if payment is None else payment_rows.actions(t, payment),
        id="summary",
        class_="panel",
        tabindex=-1,
    )


def _events(t: Translator, story: JsonObject) -> Html:
    events = story["events"]
    counts = texts.COUNT if len(events) == story["count"] else texts.SHOWN
    note = t(counts, shown=len(events), count=story["count"])
    items = [
        element(
            "li",
            time_element(event["at"]),
            element("span", t(_KINDS[event["kind"]].title), class_="kind"),
            element("div", _KINDS[event["kind"]].render(t, event), class_="event"),
            class_=event["kind"],
        )
        for event in events
    ]
    return element(
        "section",
        element("h2", t(texts.STORY_EVENTS), " ", element("small", note)),
        element("ol", items, class_="story")
        if items
        else element("p", t(texts.STORY_EMPTY), class_="empty"),
        id="events",
        class_="panel",
        tabindex=-1,
    )


def _request(t: Translator, request: JsonObject) -> list[object]:
    return [
        http_badge(t, request.get("status")),
        request_rows.call(request),
        request_rows.marks(t, request),
    ]


def _schedule(t: Translator, schedule: JsonObject) -> list[object]:
    return [
        status_badge(t, texts.SCHEDULE_STATUSES, schedule["status"]),
        _money(schedule["totalAmount"], schedule["currency"]),
        element("small", t(texts.TIME_TO_PAY), ": ", time_element(schedule["timeToPay"])),
    ]


def _attempt(t: Translator, attempt: JsonObject) -> list[object]:
    return [
        payment_rows.method(t, attempt),
        _money(attempt["amount"]["total"], attempt["currency"]),
        element("small", attempt["orderName"]),
        element("small", element("code", attempt["id"])),
    ]


def _status(t: Translator, status: JsonObject) -> list[object]:
    failure: JsonObject = status.get("failure", {})
    return [
        status_badge(t, texts.PAYMENT_STATUSES, status["status"]),
        element("small", " ".join(str(value) for value in failure.values())) if failure else None,
    ]


def _cancellation(t: Translator, cancellation: JsonObject) -> list[object]:
    return [
        status_badge(t, texts.CANCELLATION_STATUSES, cancellation["status"]),
        _money(cancellation["totalAmount"], cancellation["currency"]),
        element("small", cancellation["reason"], " · ", cancellation["trigger"]),
    ]


def _delivery(t: Translator, delivery: JsonObject) -> list[object]:
    carrier = [delivery[name] for name in ("carrierType", "carrierTrackingId") if name in delivery]
    return [
        status_badge(t, texts.DELIVERY_STATUSES, delivery["deliveryStatus"]),
        element("small", " ".join(carrier)) if carrier else None,
    ]


def _cash_receipt(t: Translator, receipt: JsonObject) -> list[object]:
    return [
        status_badge(t, texts.CASH_RECEIPT_STATUSES, receipt["status"]),
        _money(receipt["amount"], receipt["currency"]),
        element("small", t(texts.CASH_RECEIPT_TYPES[receipt["type"]])),
    ]


def _webhook(t: Translator, webhook: JsonObject) -> list[object]:
    return [
        element("strong", webhook["type"]),
        element("small", t(texts.RESENT)) if webhook["isManual"] else None,
        element("small", element("code", webhook["url"])),
        webhook_rows.resend_button(t, webhook),
        webhook_rows.attempts(t, webhook),
        webhook_rows.body(t, webhook),
    ]


def _money(amount: int, currency: str) -> Html:
    return element("span", money(amount, currency), class_="money")


@frozen
class _Kind:
    """A kind of event."""

    title: Text
    render: Callable[[Translator, JsonObject], list[object]]


_KINDS: Final = {
    "request": _Kind(texts.REQUEST, _request),
    "schedule": _Kind(texts.SCHEDULES, _schedule),
    "attempt": _Kind(texts.ATTEMPT, _attempt),
    "status": _Kind(texts.PAYMENT, _status),
    "cancellation": _Kind(texts.CANCELLATION, _cancellation),
    "delivery": _Kind(texts.PAYMENTWALL_DELIVERY, _delivery),
    "cashReceipt": _Kind(texts.CASH_RECEIPT, _cash_receipt),
    "webhook": _Kind(texts.WEBHOOK, _webhook),
}
