"""The dashboard, the windows and the controls, in front of the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import orjson
from attrs import Factory, frozen
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from portone_emulator.actions import Actions
from portone_emulator.errors import EmulatedAPIError, internal_error, invalid
from portone_emulator.http.request_history import RequestHistory
from portone_emulator.http.responses import JSON
from portone_emulator.http.validation import RequestValidator
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web import layout, pages, window_texts
from portone_emulator.web.billing_key_window import ISSUE, ISSUE_AND_PAY
from portone_emulator.web.browser_requests import parse_request
from portone_emulator.web.controls import Control
from portone_emulator.web.forms import read_body, read_query
from portone_emulator.web.guard import FORM, Guard, media_type
from portone_emulator.web.html import Html
from portone_emulator.web.identity_window import VERIFY_IDENTITY
from portone_emulator.web.language import Translator
from portone_emulator.web.openapi import PREFIX
from portone_emulator.web.pages import Pages
from portone_emulator.web.payment_window import PAYMENT
from portone_emulator.web.reads import READS
from portone_emulator.web.shop_origins import PROPERTIES, ShopOrigins
from portone_emulator.web.window import LEAVE, LEFT, Visit, Window, redirect_url

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


_WINDOWS = {
    "/checkout/": PAYMENT,
    "/issue-billing-key/": ISSUE,
    "/issue-billing-key-and-pay/": ISSUE_AND_PAY,
    "/identity-verification/": VERIFY_IDENTITY,
}
_BROWSER_SDK = {f"/v2/{name}": name for name in ("browser-sdk.js", "browser-sdk.esm.js")}
_REQUEST = "request"
"""The query parameter with a request of the browser SDK."""
_READ_METHODS = frozenset({"GET", "HEAD"})

_READABLE = {"Access-Control-Allow-Origin": "*"}
_STATUSES = {"INVALID_REQUEST": 400, "FORBIDDEN": 403, "METHOD_NOT_ALLOWED": 405, "TIMEOUT": 504}
_CONFLICT = 409


@frozen(kw_only=True)
class Site:
    """Serves the pages and controls for browsers and programs, and passes the rest to the API."""

    api: ASGIApp
    actions: Actions
    state: State
    requests: RequestHistory
    controls: dict[str, Control]
    validator: RequestValidator
    guard: Guard
    shop_origins: ShopOrigins
    started_at: datetime = Factory(lambda: datetime.now(UTC))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not _is_for_site(Request(scope)):
            await self.api(scope, receive, send)
            return
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path: str = request.scope["path"]
        try:
            if not _is_public(request):
                self.guard.check(request)
            if path in {pages.DASHBOARD, pages.STORY} and request.method in _READ_METHODS:
                return await self._pages.show(request, pages.requested(request))
            if path in _BROWSER_SDK:
                return layout.browser_sdk(_BROWSER_SDK[path])
            for prefix, window in _WINDOWS.items():
                if path.startswith(prefix):
                    return await self._window(request, window, path.removeprefix(prefix))
            name = path.removeprefix(PREFIX)
            if request.method in _READ_METHODS:
                return await self._read(request, name)
            return await self._control(request, name)
        except EmulatedAPIError as error:
            return _json(error.to_json(), _status(error))
        except OSError as error:  # the journal cannot be written
            return _json(internal_error(error), 500)

    async def _read(self, request: Request, name: str) -> Response:
        if name in READS:
            return _json(READS[name].run(self))
        if name == "live":
            return await self._pages.live(request)
        if name in self.controls:
            raise EmulatedAPIError("METHOD_NOT_ALLOWED", "controls need POST")
        return layout.static_file(name.removeprefix("static/")) or _not_found()

    async def _control(self, request: Request, name: str) -> Response:
        control = self.controls.get(name)
        if control is None:
            return _not_found()
        if request.method != "POST":
            raise EmulatedAPIError("METHOD_NOT_ALLOWED", "controls need POST")
        page = pages.sender(request)
        try:
            result = await self._run_in_thread(
                control, await read_body(request, control.properties, control.max_bytes)
            )
        except EmulatedAPIError as error:
            if _wants_html(request):
                return await self._pages.show(request, page, error, _status(error))
            message = pages.problem_text(pages.translator(request), error)
            return _json({**error.to_json(), "message": message}, _status(error))
        return RedirectResponse(page.geturl(), 303) if _wants_html(request) else _json(result)

    async def _window(self, request: Request, window: Window, key: str) -> Response:
        """Show a window, or leave it with the outcome of one of its buttons."""
        if _is_check(request):
            return await self._check_window(request, window, key)
        t = pages.translator(request)
        visit = await self._visit(request, window, key)
        outcome: str | None = visit.parameters.pop("outcome", None)
        try:
            body = self._prepare(window, visit)
            if request.method in _READ_METHODS or outcome is None:
                return _window_page(t, window.content(t, visit, body), visit)
            result = await self._leave(window, visit, body, outcome)
        except EmulatedAPIError as error:
            result = window.error_result(visit, error)
            content = window.result_page(t, window.error_title, result, visit)
            return _window_page(t, content, visit, _status(error))
        if visit.redirect is not None:
            return RedirectResponse(redirect_url(visit.redirect, result), 303)
        return _window_page(t, window.result_page(t, window_texts.DONE, result, visit), visit)

    async def _check_window(self, request: Request, window: Window, key: str) -> Response:
        """Tell the browser SDK in a shop's page whether a window opens, before it opens one.

        Whatever the page's origin, its script may read the response: to other origins it says only
        that they are not allowed.
        """
        visit = Visit(parameters={}, redirect=None, shop_origin=None)
        try:
            self.shop_origins.check(request.headers.get("origin", ""))
            visit = await self._visit(request, window, key)
            self._prepare(window, visit)
        except EmulatedAPIError as error:
            return _json(window.error_result(visit, error), _status(error), _READABLE)
        return _json({"unknownFields": visit.unknown_fields}, headers=_READABLE)

    async def _visit(self, request: Request, window: Window, key: str) -> Visit:
        """Read how a window is opened or left."""
        text: JsonObject = {"type": "string"}
        properties = {
            **self.controls[window.control].properties,
            **PROPERTIES,
            _REQUEST: text,
        }
        parameters = read_query(request, properties)
        if request.method not in _READ_METHODS:
            parameters |= await read_body(request, properties)
        unknown_fields: list[str] = []
        if _REQUEST in parameters:
            asked = parse_request(parameters.pop(_REQUEST))
            self.validator.check(window.request.schema, asked, _REQUEST)
            if "redirectUrl" in asked:
                self.shop_origins.check_redirect(f"{_REQUEST}.redirectUrl", asked["redirectUrl"])
            unknown_fields = window.request.unknown_fields(asked)
            parameters = window.request.convert(asked, self.state.clock.now()) | parameters
        if key:
            parameters[window.key] = key
        return Visit(
            redirect=self.shop_origins.pop_redirect(parameters),
            shop_origin=self.shop_origins.pop_shop_origin(parameters),
            parameters=parameters,
            unknown_fields=unknown_fields,
        )

    def _prepare(self, window: Window, visit: Visit) -> JsonObject:
        """Return the body of a window's control, once that can be run."""
        body = window.prepare(self.state, visit.parameters)
        self._check(self.controls[window.control], body)
        window.check(self.state, body)
        return body

    async def _leave(
        self, window: Window, visit: Visit, body: JsonObject, outcome: str
    ) -> JsonObject:
        control = self.controls[window.control]
        if outcome != LEAVE:
            return window.result(
                visit, await self._run_in_thread(control, {**body, "outcome": outcome})
            )
        return window.left_result(
            visit, await self._run_in_thread(control, {**body, "outcome": LEFT})
        )

    async def _run_in_thread(self, control: Control, body: JsonObject) -> JsonObject:
        """Run a control, in a thread: advancing the clock may take time."""
        return await anyio.to_thread.run_sync(
            partial(self.run_control, control, body),
            abandon_on_cancel=True,  # waiting must not keep the server from stopping
            limiter=anyio.CapacityLimiter(1),  # held requests may occupy the default one
        )

    def run_control(self, control: Control, body: JsonObject) -> JsonObject:
        """Validate a control's body and run it.

        Raises:
            EmulatedAPIError: INVALID_REQUEST, or what the control raises.
        """
        self._check(control, body)
        try:
            return control.run(self.actions, body)
        except ValueError as error:
            raise invalid("body", str(error)) from None

    def _check(self, control: Control, body: JsonObject) -> None:
        if control.is_checked_by_run:
            return
        control.check_names(body)
        self.validator.check(control.schema, body, "body")

    @property
    def _pages(self) -> Pages:
        return Pages(state=self.state, requests=self.requests)


def _is_for_site(request: Request) -> bool:
    """Whether a request is for the site rather than for PortOne's API.

    A request for `/` with credentials is for the API: an SDK that does not escape the ID `..`
    sends one.
    """
    path: str = request.scope["path"]
    if path == "/":
        return request.method in _READ_METHODS and "authorization" not in request.headers
    return path in _BROWSER_SDK or path.startswith((PREFIX, *_WINDOWS))


def _is_public(request: Request) -> bool:
    """Whether a request is for something that any host may read, such as a container's probe."""
    read = READS.get(request.scope["path"].removeprefix(PREFIX))
    return request.method in _READ_METHODS and read is not None and read.is_public


def _is_check(request: Request) -> bool:
    """Whether the browser SDK asks if a window opens."""
    return request.method == "GET" and request.headers.get("accept") == JSON


def _wants_html(request: Request) -> bool:
    """Whether a browser sends one of the dashboard's forms without the script."""
    return media_type(request) == FORM and "text/html" in request.headers.get("accept", "")


def _window_page(t: Translator, content: Html, visit: Visit, status: int = 200) -> Response:
    return layout.page(
        t,
        t(window_texts.TITLE),
        content,
        status=status,
        body_class="narrow",
        script="window.js",
        framed_by=visit.shop_origin,
    )


def _json(
    content: JsonObject, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(content), status, all_headers, JSON)


def _not_found() -> Response:
    return _json({"type": "NOT_FOUND", "message": "the path is unknown"}, 404)


def _status(error: EmulatedAPIError) -> int:
    default = 404 if error.type.endswith("_NOT_FOUND") else _CONFLICT
    return _STATUSES.get(error.type, default)
