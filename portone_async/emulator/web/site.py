"""The page, the windows and the controls, in front of the API."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import orjson
from attrs import frozen
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from portone_async.emulator.answers import JSON
from portone_async.emulator.app import RequestRecord
from portone_async.emulator.errors import Refusal, invalid
from portone_async.emulator.state import State
from portone_async.emulator.validation import RequestValidator
from portone_async.emulator.web import frame
from portone_async.emulator.web.card_window import CARD
from portone_async.emulator.web.controls import Control
from portone_async.emulator.web.dashboard import SHOWN, TITLE, clock_text, dashboard
from portone_async.emulator.web.forms import read_body, read_query
from portone_async.emulator.web.guard import FORM, Guard, media_type
from portone_async.emulator.web.html import Html
from portone_async.emulator.web.payment_window import PAYMENT
from portone_async.emulator.web.sections import live
from portone_async.emulator.web.view import snapshot
from portone_async.emulator.web.way_back import PROPERTIES, WayBack
from portone_async.emulator.web.window import LEAVE, Window
from portone_async.emulator.wire import JsonObject

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from portone_async.emulator.emulator import Emulator

_PREFIX = "/_emulator/"
_WINDOWS = {"/checkout/": PAYMENT, "/issue-billing-key/": CARD}
_READING = frozenset({"GET", "HEAD"})

_STATUSES = {"INVALID_REQUEST": 400, "FORBIDDEN": 403, "METHOD_NOT_ALLOWED": 405}
_CONFLICT = 409
_STATE_SHOWN = 10_000


@frozen(kw_only=True)
class Site:
    """Answers what is for browsers and other programs; the rest goes on to the API."""

    api: ASGIApp
    emulator: Emulator
    state: State
    requests: Sequence[RequestRecord]
    controls: dict[str, Control]
    validator: RequestValidator
    guard: Guard
    way_back: WayBack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _is_ours(Request(scope)):
            await self.api(scope, receive, send)
            return
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path: str = request.scope["path"]
        try:
            self.guard.check(request)
            if path == "/":
                return frame.page(TITLE, dashboard(self._seen(SHOWN)))
            for prefix, window in _WINDOWS.items():
                if path.startswith(prefix):
                    return await self._window(request, window, path.removeprefix(prefix))
            name = path.removeprefix(_PREFIX)
            if request.method in _READING:
                return self._read(request, name)
            return await self._control(request, name)
        except Refusal as refusal:
            return _json(refusal.wire(), _status(refusal))

    def _read(self, request: Request, name: str) -> Response:
        match name:
            case "":
                return _json({name: self._describe(name) for name in self.controls})
            case "state":
                return _json(self._seen(_STATE_SHOWN))
            case "live":
                return self._live(request)
            case _ if name in self.controls:
                raise Refusal("METHOD_NOT_ALLOWED", "a control is used by POST")
            case _:
                found = frame.static(name.removeprefix("static/"))
                return found or _unknown()

    def _live(self, request: Request) -> Response:
        """Answer with the tables, unless the page has them; the time it gets either way."""
        seen = self._seen(SHOWN)
        content = live(seen)
        tag = f'"{hashlib.sha256(content.encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            response = Response(status_code=304)
        else:
            response = frame.answer(content)
        response.headers["ETag"] = tag
        response.headers["Emulator-Now"] = clock_text(seen)
        return response

    async def _control(self, request: Request, name: str) -> Response:
        control = self.controls.get(name)
        if control is None:
            return _unknown()
        if request.method != "POST":
            raise Refusal("METHOD_NOT_ALLOWED", "a control is used by POST")
        try:
            answer = await self._use(control, await read_body(request, control.properties))
        except Refusal as refusal:
            if not _is_page_wanted(request):
                raise
            content = dashboard(self._seen(SHOWN), refusal.message)
            return frame.page(TITLE, content, status=_status(refusal))
        return RedirectResponse("/", 303) if _is_page_wanted(request) else _json(answer)

    async def _window(self, request: Request, window: Window, key: str) -> Response:
        """Show a window, or leave it by one of its buttons."""
        properties = self._window_properties(window)
        if request.method in _READING:
            asked = read_query(request, properties)
        else:
            asked = await read_body(request, properties)
        redirect = self.way_back.take(asked)
        outcome: str | None = asked.pop("outcome", None)
        try:
            wanted = window.asked_for(self.state, key, asked)
            self._check(self.controls[window.control], wanted)
            if request.method in _READING or outcome is None:
                return _window_page(window.content(wanted, redirect))
            heard = await self._leave(window, wanted, outcome)
        except Refusal as refusal:
            heard = window.refused(key, refusal)
            content = window.closing(window.impossible, heard, redirect)
            return _window_page(content, _status(refusal))
        if redirect is not None:
            return RedirectResponse(window.back(redirect, heard), 303)
        return _window_page(window.closing("Done", heard))

    async def _leave(self, window: Window, wanted: JsonObject, outcome: str) -> JsonObject:
        control = self.controls[window.control]
        if outcome != LEAVE:
            return await self._use(control, {**wanted, "outcome": outcome})
        heard: JsonObject = {}
        if window.when_left is not None:
            heard = await self._use(control, {**wanted, "outcome": window.when_left})
        return window.left(wanted[window.key], heard)

    async def _use(self, control: Control, body: JsonObject) -> JsonObject:
        """Check what a control is told, and do it: in a thread, as time may have to pass."""
        self._check(control, body)
        try:
            return await anyio.to_thread.run_sync(partial(control.run, self.emulator, body))
        except ValueError as error:
            raise invalid("body", str(error)) from None

    def _check(self, control: Control, body: JsonObject) -> None:
        control.check_names(body)
        self.validator.check(control.schema, body, "body")

    def _seen(self, limit: int) -> JsonObject:
        return snapshot(self.state, self.requests, limit)

    def _describe(self, name: str) -> JsonObject:
        control = self.controls[name]
        path = f"{_PREFIX}{name}"
        return {"method": "POST", "path": path, "about": control.about, "body": control.schema}

    def _window_properties(self, window: Window) -> JsonObject:
        """What a window's address may say; a customer does not fit into it."""
        properties = self.controls[window.control].properties
        fitting = {name: about for name, about in properties.items() if name != "customer"}
        return {**fitting, **PROPERTIES}


def _is_ours(request: Request) -> bool:
    """Whether a request is not PortOne's.

    A client's request for `/` is: that is where an unescaped id of `..` leads.
    """
    path: str = request.scope["path"]
    if path == "/":
        return request.method in _READING and "authorization" not in request.headers
    return path.startswith((_PREFIX, *_WINDOWS))


def _is_page_wanted(request: Request) -> bool:
    """Whether a browser without our script sends one of the page's forms."""
    return media_type(request) == FORM and "text/html" in request.headers.get("accept", "")


def _window_page(content: Html, status: int = 200) -> Response:
    return frame.page("PortOne's window", content, status=status, body_class="narrow")


def _json(content: JsonObject, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, JSON)


def _unknown() -> Response:
    return _json({"type": "NOT_FOUND", "message": "the path is unknown"}, 404)


def _status(refusal: Refusal) -> int:
    not_found = 404 if refusal.type.endswith("_NOT_FOUND") else _CONFLICT
    return _STATUSES.get(refusal.type, not_found)
