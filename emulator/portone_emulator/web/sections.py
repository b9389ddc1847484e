"""The three tables of the dashboard, which the script keeps up to date."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from portone_emulator.payments.methods import type_name
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.buttons import payment_buttons
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator
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


def live(t: Translator, snapshot: JsonObject) -> Html:
    """Render the tables of a snapshot."""
    sections = (
        _section(
            t,
            snapshot,
            "payments",
            texts.PAYMENTS,
            _payments(t, snapshot),
            texts.PAYMENTS_EMPTY,
        ),
        _section(
            t,
            snapshot,
            "webhooks",
            texts.WEBHOOKS,
            _webhooks(t, snapshot),
            texts.WEBHOOKS_EMPTY,
        ),
        _section(
            t,
            snapshot,
            "requests",
            texts.REQUESTS,
            _requests(t, snapshot),
            texts.REQUESTS_EMPTY,
        ),
    )
    return element("div", sections, id="live")


def _section(
    t: Translator, snapshot: JsonObject, name: str, title: Text, content: Html, empty: Text
) -> Html:
    shown, count = len(snapshot[name]), snapshot["counts"][name]
    counts = texts.COUNT if shown == count else texts.SHOWN
    note = t(counts, shown=shown, count=count)
    return element(
        "section",
        element("h2", t(title), " ", element("small", note)),
        content if shown else element("p", t(empty), class_="empty"),
        id=name,
        class_="panel",
        tabindex=-1,
    )


def _payments(t: Translator, snapshot: JsonObject) -> Html:
    rows = [
        (
            [element("strong", payment["id"]), element("small", payment.get("orderName"))],
            _payment_status(t, payment["status"]),
            _amount(t, payment),
            _method(t, payment),
            _time(payment["statusChangedAt"]),
            element("div", payment_buttons(t, payment), _window(t, payment), class_="row"),
        )
        for payment in snapshot["payments"]
    ]
    return table(
        t(texts.PAYMENTS_CAPTION),
        (
            t(texts.PAYMENT),
            t(texts.STATUS),
            t(texts.AMOUNT),
            t(texts.METHOD),
            t(texts.SINCE),
            t(texts.ACTIONS),
        ),
        rows,
    )


def _payment_status(t: Translator, status: str) -> list[Html]:
    """Render a status; under a translated one stands its name in the API."""
    label = t(texts.PAYMENT_STATUSES[status])
    name = [] if label == status else [element("small", status)]
    return [badge(label, _TONES.get(status, "quiet")), *name]


def _amount(t: Translator, payment: JsonObject) -> list[Html]:
    amount, currency = payment["amount"], payment["currency"]
    cancelled = amount["cancelled"]
    note = t(texts.CANCELLED_AMOUNT, amount=money(cancelled, currency)) if cancelled else None
    return [
        element("span", money(amount["total"], currency), class_="money"),
        element("small", note) if note else Html(),
    ]


def _method(t: Translator, payment: JsonObject) -> str:
    name = type_name(payment.get("method", {}).get("type", ""))
    return t(texts.METHODS[name]) if name in texts.METHODS else name


def _window(t: Translator, payment: JsonObject) -> Html | None:
    """Render a link to the payment window, if the payment can still be made."""
    if payment["status"] not in {"READY", "FAILED"}:
        return None
    query = urlencode({"storeId": payment["storeId"]})
    return element(
        "a",
        t(texts.WINDOW),
        href=f"/checkout/{quote(payment['id'], safe='')}?{query}",
        aria_label=f"{t(texts.WINDOW)}: {payment['id']}",
        data_key=f"window {payment['id']}",
    )


def _webhooks(t: Translator, snapshot: JsonObject) -> Html:
    count = snapshot["counts"]["webhooks"]
    rows = [
        (
            [element("strong", webhook["type"]), element("small", webhook.get("paymentId"))],
            _delivery(t, webhook),
            element("code", webhook["url"]),
            element(
                "details",
                element("summary", t(texts.SHOW), data_key=f"body {count - index}"),
                element("pre", webhook["body"]),
            ),
        )
        for index, webhook in enumerate(snapshot["webhooks"])
    ]
    columns = t(texts.EVENT), t(texts.DELIVERY), t(texts.URL), t(texts.BODY)
    return table(t(texts.WEBHOOKS_CAPTION), columns, rows)


def _delivery(t: Translator, webhook: JsonObject) -> list[Html]:
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
        items.append(element("li", badge(t(texts.DUE), "waiting"), " ", _time(due)))
    return [element("ol", items, class_="attempts")]


def _result(attempt: JsonObject) -> str:
    return attempt.get("error") or str(attempt["status"])


def _is_success(attempt: JsonObject) -> bool:
    return attempt.get("status") in SUCCESS_STATUSES


def _requests(t: Translator, snapshot: JsonObject) -> Html:
    rows = [
        (
            [
                element("code", f"{request['method']} {request['path']}"),
                element("small", request.get("operationId")),
            ],
            [_status(t, request.get("status")), _marks(t, request)],
            f"{request['milliseconds']} ms",
            _time(request["at"]),
        )
        for request in snapshot["requests"]
    ]
    columns = t(texts.REQUEST), t(texts.RESPONSE), t(texts.DURATION), t(texts.AT)
    return table(t(texts.REQUESTS_CAPTION), columns, rows)


def _status(t: Translator, status: int | None) -> Html:
    if status is None:
        return badge(t(texts.NO_RESPONSE_SENT), "bad")
    if status >= _SERVER_ERROR:
        return badge(str(status), "bad")
    return badge(str(status), "waiting" if status >= _CLIENT_ERROR else "good")


def _marks(t: Translator, request: JsonObject) -> list[Html]:
    marks = [t(texts.FAULT, kind=request["fault"])] if "fault" in request else []
    if request["isReplay"]:
        marks.append(t(texts.REPLAY))
    if "error" in request:
        marks.append(request["error"])
    return [element("small", mark) for mark in marks]


def badge(text: str, tone: str) -> Html:
    """Render a status as a coloured label."""
    return element("span", text, class_=f"badge {tone}")


def _time(time: str) -> Html:
    """Render a time of the emulator's clock, to the second; the tooltip has year and zone."""
    shown = time[5:19].replace("T", " ")
    return element("time", shown, datetime=time, title=f"{time[:4]}, UTC")
