"""The pages for browsers: the dashboard at `/`, and the story of a payment."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

import anyio.to_thread
from attrs import frozen
from starlette.responses import Response

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.request_history import RequestHistory
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State
from portone_emulator.web import layout, texts
from portone_emulator.web.dashboard import MAX_ROWS, dashboard
from portone_emulator.web.forms import parse_query, read_query
from portone_emulator.web.language import Translator, negotiate
from portone_emulator.web.page_data import page_data
from portone_emulator.web.sections import live
from portone_emulator.web.story import story
from portone_emulator.web.story_page import live_story, story_page, story_title
from portone_emulator.web.times import clock_text

if TYPE_CHECKING:
    from starlette.requests import Request

DASHBOARD: Final = "/"
STORY: Final = "/_emulator/payment"
_QUERY: Final[JsonObject] = {"paymentId": {"type": "string"}, "storeId": {"type": "string"}}


@frozen(kw_only=True)
class Pages:
    """Renders the pages in the browser's language."""

    state: State
    requests: RequestHistory

    async def show(
        self,
        request: Request,
        address: SplitResult,
        problem: EmulatedAPIError | None = None,
        status: int = 200,
    ) -> Response:
        """Return the page at an address, with an error if there is one.

        Raises:
            EmulatedAPIError: FORBIDDEN if the story's store does not belong to the account;
                INVALID_REQUEST if its payment ID is missing.
        """
        t = translator(request)
        message = None if problem is None else problem_text(t, problem)
        if address.path == DASHBOARD:
            content = dashboard(t, page_data(self.state, self.requests, MAX_ROWS), message)
            return layout.page(t, t(texts.TITLE), content, status=status)
        current = await self._story(parse_query(address.query.encode(), _QUERY))
        title = f"{story_title(t, current)} · {t(texts.TITLE)}"
        if problem is None and not current["events"]:
            status = 404
        return layout.page(t, title, story_page(t, current, message), status=status)

    async def live(self, request: Request) -> Response:
        """Return what changes in a page, unless the page has it already, and the current time.

        Raises:
            EmulatedAPIError: as `show()`.
        """
        t = translator(request)
        query = read_query(request, _QUERY)
        if "paymentId" in query:
            current = await self._story(query)
            content = live_story(t, current)
        else:
            current = page_data(self.state, self.requests, MAX_ROWS)
            content = live(t, current)
        etag = f'"{hashlib.sha256(content.encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            response = Response(status_code=304)
        else:
            response = layout.html_response(t, content)
        response.headers["ETag"] = etag
        response.headers["Emulator-Now"] = clock_text(current["now"])
        return response

    async def _story(self, query: JsonObject) -> JsonObject:
        """Return the story of the payment that a query names."""
        if "paymentId" not in query:
            raise invalid("query.paymentId", "is required")
        key = self.state.store(query.get("storeId")), query["paymentId"]
        return await anyio.to_thread.run_sync(story, self.state, self.requests, key)


def translator(request: Request) -> Translator:
    """Return the translator into the language that the browser prefers."""
    return negotiate(",".join(request.headers.getlist("accept-language")))


def problem_text(t: Translator, error: EmulatedAPIError) -> str:
    """Return an error's message in the page's language, if that has one for its type."""
    known = texts.ERRORS.get(error.type)
    return error.message if known is None else t(known, message=error.message)


def requested(request: Request) -> SplitResult:
    """Return the address of a request, without its host."""
    query = request.scope["query_string"].decode("latin-1")
    return SplitResult("", "", request.scope["path"], query, "")


def sender(request: Request) -> SplitResult:
    """Return the address, without its host, of the page that has the form of the request."""
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return SplitResult("", "", DASHBOARD, "", "")
    if referer.path != STORY:
        return SplitResult("", "", DASHBOARD, "", "")
    return SplitResult("", "", STORY, referer.query, "")
