"""Error pages for people. Programs, such as PortOne's webhooks, get JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from portone_async.fastapi import portone_error_handler

from . import views

if TYPE_CHECKING:
    from fastapi import Request

_SERVER_ERROR: Final = 500
_BY_STATUS: Final = {
    401: ("Staff only", "This page asks for the password that the shop printed when it started."),
    404: ("Not here", "The shop has no such page, order or subscription."),
}
_OTHER: Final = ("Not possible", "The shop did not understand this. Nothing was done.")
_UNCERTAIN: Final = (
    "Not known yet",
    "The payment service refused this, but may have done it at a first attempt. Look before you try again.",
)
_UNREACHABLE: Final = (
    "A moment, please",
    "The payment service does not respond. Try again in a minute.",
)


async def error_page(request: Request, error: Exception) -> Response:
    """Respond to an error that no handler caught."""
    if isinstance(error, HTTPException):
        response = await http_exception_handler(request, error)
    else:
        response = await portone_error_handler(request, error)
    if "text/html" not in request.headers.get("accept", ""):
        return response
    status = response.status_code
    if status >= _SERVER_ERROR:
        title, message = _UNREACHABLE
    elif getattr(error, "may_have_reached", False):
        # "Nothing was done" might be wrong: an earlier attempt of the call has an unknown result.
        title, message = _UNCERTAIN
    else:
        title, message = _BY_STATUS.get(status, _OTHER)
    page = HTMLResponse(views.error_page(title, message), status)
    for name in ("www-authenticate", "retry-after"):
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page
