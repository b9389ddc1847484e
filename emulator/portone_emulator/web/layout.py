"""The common layout of the HTML pages, with their security headers."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.responses import HTMLResponse, Response

from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator

_JAVASCRIPT = "text/javascript"
_TYPES = {"page.css": "text/css", "page.js": _JAVASCRIPT, "window.js": _JAVASCRIPT}
# No external content, and nothing injected by an order name, runs.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; frame-ancestors "
)
_HEADERS = {
    "Content-Security-Policy": f"{_POLICY}'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer", forms would send `Origin: null`
    "Cache-Control": "no-store",
}
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%232f6f5e'/%3E"
    "%3Cpath d='M5 12V4h4a2.5 2.5 0 0 1 0 5H5' fill='none' stroke='white' stroke-width='2'/%3E"
    "%3C/svg%3E"
)


def page(
    t: Translator,
    title: str,
    *content: object,
    status: int = 200,
    body_class: str | None = None,
    script: str = "page.js",
    framed_by: str | None = None,
) -> Response:
    """Return a complete page, whose texts are in the translator's language, as a response.

    Only pages of the origin `framed_by` may frame it.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href=_ICON),
        element("link", rel="stylesheet", href="/_emulator/static/page.css"),
        element("script", src=f"/_emulator/static/{script}", defer=True),
    )
    body = element("body", content, class_=body_class)
    document = element("html", head, body, lang=t.language)
    response = html_response(t, Html(f"<!doctype html>{document}"), status)
    if framed_by is not None:
        response.headers["Content-Security-Policy"] = f"{_POLICY}{framed_by}"
    return response


def html_response(t: Translator, content: Html, status: int = 200) -> Response:
    """Return HTML as a response."""
    headers = {**_HEADERS, "Content-Language": t.language, "Vary": "Accept-Language"}
    return HTMLResponse(content, status, headers=headers)


def static_file(name: str) -> Response | None:
    """Return the style sheet or the script, `None` for another name."""
    if name not in _TYPES:
        return None
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(_read(name), media_type=_TYPES[name], headers=headers)


def browser_sdk(name: str) -> Response:
    """Return a script of the drop-in for PortOne's browser SDK, which pages of any site may load."""
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(_read(name), media_type=_JAVASCRIPT, headers=headers)


@cache
def _read(name: str) -> bytes:
    return (files("portone_emulator.web") / "static" / name).read_bytes()
