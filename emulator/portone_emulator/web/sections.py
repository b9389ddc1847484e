"""The three tables of the dashboard, which the script keeps up to date."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from portone_emulator.payments.methods import type_name
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web.buttons import payment_buttons
from portone_emulator.web.html import Html, element
from portone_emulator.web.money import money
from portone_emulator.web.tables import table
from portone_emulator.webhooks.delivery import SUCCESS_STATUSES

_CLIENT_ERROR, _SERVER_ERROR = 400, 500
# CSS classes that colour each status.
_TONES = {
    "PAID": "good",
    "PARTIAL_CANCELLED": "spent",
    "CANCELLED": "spent",
    "FAILED": "bad",
    "VIRTUAL_ACCOUNT_ISSUED": "waiting",
    "PAY_PENDING": "waiting",
}


def live(snapshot: JsonObject) -> Html:
    """Render the tables of a snapshot."""
    sections = (
        _section(
            snapshot, "payments", _payments(snapshot), "No payment yet: simulate a customer above."
        ),
        _section(
            snapshot, "webhooks", _webhooks(snapshot), "No webhook yet, or no webhook URL is set."
        ),
        _section(snapshot, "requests", _requests(snapshot), "No request yet."),
    )
    return element("div", sections, id="live")


def _section(snapshot: JsonObject, name: str, content: Html, empty: str) -> Html:
    shown, count = len(snapshot[name]), snapshot["counts"][name]
    note = f"{count:,}" if shown == count else f"the last {shown} of {count:,}"
    return element(
        "section",
        element("h2", name.capitalize(), " ", element("small", note)),
        content if shown else element("p", empty, class_="empty"),
        id=name,
        class_="panel",
        tabindex=-1,
    )


def _payments(snapshot: JsonObject) -> Html:
    rows = [
        (
            [element("strong", payment["id"]), element("small", payment.get("orderName"))],
            badge(payment["status"], _TONES.get(payment["status"], "quiet")),
            _amount(payment),
            _method(payment),
            _time(payment["statusChangedAt"]),
            element("div", payment_buttons(payment), _window(payment), class_="row"),
        )
        for payment in snapshot["payments"]
    ]
    return table(
        "Payments, latest first",
        ("Payment", "Status", "Amount", "Method", "Since", "Actions"),
        rows,
    )


def _amount(payment: JsonObject) -> list[Html]:
    amount, currency = payment["amount"], payment["currency"]
    cancelled = amount["cancelled"]
    note = f"{money(cancelled, currency)} cancelled" if cancelled else None
    return [
        element("span", money(amount["total"], currency), class_="money"),
        element("small", note) if note else Html(),
    ]


def _method(payment: JsonObject) -> str:
    name = type_name(payment.get("method", {}).get("type", ""))
    return name.replace("_", " ").capitalize()


def _window(payment: JsonObject) -> Html | None:
    """Render a link to the payment window, if the payment can still be made."""
    if payment["status"] not in {"READY", "FAILED"}:
        return None
    query = urlencode({"storeId": payment["storeId"]})
    return element(
        "a",
        "Window",
        href=f"/checkout/{quote(payment['id'], safe='')}?{query}",
        aria_label=f"Window: {payment['id']}",
        data_key=f"window {payment['id']}",
    )


def _webhooks(snapshot: JsonObject) -> Html:
    count = snapshot["counts"]["webhooks"]
    rows = [
        (
            [element("strong", webhook["type"]), element("small", webhook.get("paymentId"))],
            _delivery(webhook),
            element("code", webhook["url"]),
            element(
                "details",
                element("summary", "Show", data_key=f"body {count - index}"),
                element("pre", webhook["body"]),
            ),
        )
        for index, webhook in enumerate(snapshot["webhooks"])
    ]
    return table("Webhooks, latest first", ("Event", "Delivery", "URL", "Body"), rows)


def _delivery(webhook: JsonObject) -> list[Html]:
    """Render each attempt's result, and when the next attempt is due."""
    items = [
        element(
            "li",
            badge(_result(attempt), "good" if _is_success(attempt) else "bad"),
            " ",
            _time(attempt["at"]),
        )
        for attempt in webhook["attempts"]
    ]
    due = webhook.get("nextAttemptAt")
    if due is not None:
        items.append(element("li", badge("due", "waiting"), " ", _time(due)))
    return [element("ol", items, class_="attempts")]


def _result(attempt: JsonObject) -> str:
    return attempt.get("error") or str(attempt["status"])


def _is_success(attempt: JsonObject) -> bool:
    return attempt.get("status") in SUCCESS_STATUSES


def _requests(snapshot: JsonObject) -> Html:
    rows = [
        (
            [
                element("code", f"{request['method']} {request['path']}"),
                element("small", request.get("operationId")),
            ],
            [_status(request.get("status")), _marks(request)],
            f"{request['milliseconds']} ms",
            _time(request["at"]),
        )
        for request in snapshot["requests"]
    ]
    return table("Requests, latest first", ("Request", "Response", "Duration", "At"), rows)


def _status(status: int | None) -> Html:
    if status is None:
        return badge("no response", "bad")
    if status >= _SERVER_ERROR:
        return badge(str(status), "bad")
    return badge(str(status), "waiting" if status >= _CLIENT_ERROR else "good")


def _marks(request: JsonObject) -> list[Html]:
    marks = [f"fault: {request['fault']}"] if "fault" in request else []
    if request["isReplay"]:
        marks.append("replay")
    return [element("small", mark) for mark in marks]


def badge(text: str, tone: str) -> Html:
    """Render a status as a coloured label."""
    return element("span", text, class_=f"badge {tone}")


def _time(time: str) -> Html:
    """Render a time of the emulator's clock, to the second; the tooltip has year and zone."""
    shown = time[5:19].replace("T", " ")
    return element("time", shown, datetime=time, title=f"{time[:4]}, UTC")
