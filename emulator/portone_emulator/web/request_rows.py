"""The rows of requests to the API."""

from __future__ import annotations

from portone_emulator.state.json_values import JsonObject
from portone_emulator.web import texts
from portone_emulator.web.badges import http_badge
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.payment_rows import story_url
from portone_emulator.web.tables import Column
from portone_emulator.web.times import time_element

COLUMNS = (
    Column(texts.REQUEST),
    Column(texts.RESPONSE),
    Column(texts.DURATION, is_number=True),
    Column(texts.AT),
)


def row(t: Translator, request: JsonObject) -> list[object]:
    """Render the cells of a request."""
    return [
        _linked(request),
        [http_badge(t, request.get("status")), marks(t, request)],
        element("span", duration(request), class_="money"),
        time_element(request["at"]),
    ]


def _linked(request: JsonObject) -> Html | list[Html]:
    """Render the call, as a link to the story of the payment that it is about."""
    if "paymentId" not in request:
        return call(request)
    url = story_url(request["paymentId"], request["storeId"])
    return element("a", call(request), href=url, class_="call")


def call(request: JsonObject) -> list[Html]:
    """Render the method, the path and the operation's ID."""
    return [
        element("code", f"{request['method']} {request['path']}"),
        element("small", request.get("operationId")),
    ]


def duration(request: JsonObject) -> str:
    """Format how long the request took."""
    return f"{request['milliseconds']} ms"


def marks(t: Translator, request: JsonObject) -> list[Html]:
    """Render what is special about a request."""
    marked = [t(texts.FAULT, kind=request["fault"])] if "fault" in request else []
    if request["isReplay"]:
        marked.append(t(texts.REPLAY))
    if "error" in request:
        marked.append(request["error"])
    return [element("small", mark) for mark in marked]
