"""The rows of webhooks."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.badges import badge
from portone_emulator.web.buttons import button
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.payment_rows import story_link
from portone_emulator.web.tables import Column
from portone_emulator.web.times import time_element
from portone_emulator.webhooks.delivery import SUCCESS_STATUSES

COLUMNS = (
    Column(texts.EVENT),
    Column(texts.DELIVERY),
    Column(texts.URL),
    Column(texts.BODY),
    Column(texts.ACTIONS),
)


def row(t: Translator, webhook: JsonObject) -> list[object]:
    """Render the cells of a webhook."""
    payment_id = webhook.get("paymentId")
    return [
        [
            element("strong", webhook["type"]),
            element("small", story_link(payment_id, webhook["storeId"])) if payment_id else None,
            element("small", t(texts.RESENT)) if webhook["isManual"] else None,
        ],
        attempts(t, webhook),
        element("code", webhook["url"]),
        body(t, webhook),
        element("div", resend_button(t, webhook), class_="row"),
    ]


def attempts(t: Translator, webhook: JsonObject) -> Html:
    """Render each attempt's result, and when the next attempt is due."""
    items = [
        element(
            "li",
            badge(_result(attempt), "good" if _is_success(attempt) else "bad"),
            " ",
            time_element(attempt["at"]),
        )
        for attempt in webhook["attempts"]
    ]
    due = webhook.get("nextAttemptAt")
    if due is not None:
        items.append(element("li", badge(t(texts.DUE), "waiting"), " ", time_element(due)))
    return element("ol", items, class_="attempts")


def body(t: Translator, webhook: JsonObject) -> Html:
    """Render the body, to be opened."""
    key = f"body {webhook['number']}"
    label = f"{t(texts.SHOW)}: {webhook['type']}"
    return element(
        "details",
        element("summary", t(texts.SHOW), data_key=key, aria_label=label),
        element("pre", webhook["body"]),
    )


def resend_button(t: Translator, webhook: JsonObject) -> Html:
    """Render the button that sends a webhook again."""
    subject = f"{webhook['type']} {webhook.get('paymentId', '')}".rstrip()
    return button("resend-webhook", t(texts.RESEND), {"webhookId": webhook["id"]}, subject=subject)


def _result(attempt: JsonObject) -> str:
    return attempt.get("error") or str(attempt["status"])


def _is_success(attempt: JsonObject) -> bool:
    return attempt.get("status") in SUCCESS_STATUSES
