"""What a person reads when something goes wrong. Programs, such as PortOne's webhooks, get JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from portone_async.fastapi import portone_error_handler

from . import views

if TYPE_CHECKING:
    from fastapi import Request

_SERVER: Final = 500
_OTHERS: Final = ("Not possible", "The shop did not understand this. Nothing was done.")
_WORDS: Final = {
    401: ("Staff only", "This page takes the password that the shop printed at its start."),
    404: ("Not here", "The shop has no such page, order or subscription."),
}
_LATER: Final = ("A moment, please", "The payment service does not answer. Try again in a minute.")


async def problem(request: Request, error: Exception) -> Response:
    """Answer for an error that a handler let through."""
    if isinstance(error, HTTPException):
        answer = await http_exception_handler(request, error)
    else:
        answer = await portone_error_handler(request, error)
    if "text/html" not in request.headers.get("accept", ""):
        return answer
    status = answer.status_code
    title, words = _LATER if status >= _SERVER else _WORDS.get(status, _OTHERS)
    page = HTMLResponse(views.problem_page(title, words), status)
    for name in ("www-authenticate", "retry-after"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page
