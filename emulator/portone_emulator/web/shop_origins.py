"""The origins of shops: where windows may redirect to, and which pages may open them as the SDK does.

Any page that the developer's browser shows could name a window's address, since no secret is
needed. What it could do, and what is done about it:

- Make the customer press a button without seeing it, in a frame. So only the page of an allowed
  origin may frame a window (`frame-ancestors`), which tells its result only to that origin.
- Press a button itself. That is a POST from another site, which `Guard` refuses; a page that opened
  a window may ask it by message to be left, and nothing else.
- Read a result, or whether a payment is paid. Windows post their result to the origin that they
  were opened for, and the browser delivers it to no other; the check before opening a window tells
  other origins only that they are not allowed.
- Redirect through the emulator to a page of its own: an open redirect, harmless on a developer's
  machine, and refused where `shop_origins` are given.

Without `shop_origins`, pages of this machine (`localhost` and other loopback names) may open windows.
They are the developer's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.state.json_values import JsonObject
from portone_emulator.web.guard import is_loopback

REDIRECT: Final = "redirect"
SHOP_ORIGIN: Final = "shopOrigin"
_REDIRECTS: Final = (REDIRECT, "redirectUrl")  # the second is the name in PortOne's browser SDK
PROPERTIES: Final[JsonObject] = {name: {"type": "string"} for name in (*_REDIRECTS, SHOP_ORIGIN)}
# An origin as browsers write it (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin).
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d{1,5})?", re.ASCII)


class ShopOrigins:
    """Allows redirects to, and windows for, the pages of `origins`.

    Without any, it allows redirects to all web pages, and windows for pages of this machine.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_origin(urlsplit(origin)) for origin in origins)

    def pop_redirect(self, parameters: JsonObject) -> str | None:
        """Remove the redirect URL from a window's parameters, and return it.

        Raises:
            EmulatedAPIError: INVALID_REQUEST if it is not a web page's (`javascript:` and the
                like), or of an origin that is not allowed.
        """
        urls: JsonObject = {name: parameters.pop(name) for name in _REDIRECTS if name in parameters}
        for name, url in urls.items():
            self.check_redirect(f"query.{name}", url)
        return next(iter(urls.values()), None)

    def pop_shop_origin(self, parameters: JsonObject) -> str | None:
        """Remove the origin of the page that opened a window from its parameters, and return it.

        Raises:
            EmulatedAPIError: FORBIDDEN.
        """
        origin: str | None = parameters.pop(SHOP_ORIGIN, None)
        if origin is not None:
            self.check(origin)
        return origin

    def check(self, origin: str) -> None:
        """Check that the pages of an origin may open windows.

        Raises:
            EmulatedAPIError: FORBIDDEN.
        """
        parts = _split(origin)
        if _ORIGIN.fullmatch(origin) is None or not parts.hostname:
            raise EmulatedAPIError("FORBIDDEN", "the shop's page has no origin of a web page")
        if self._origins:
            is_allowed = _origin(parts) in self._origins
        else:
            is_allowed = is_loopback(parts.hostname)
        if not is_allowed:
            raise EmulatedAPIError(
                "FORBIDDEN",
                f"the emulator opens no windows for pages of {origin}: add it to shop_origins "
                "(--shop-origin)",
            )

    def check_redirect(self, location: str, url: object) -> None:
        """Check that windows may redirect to a URL.

        Raises:
            EmulatedAPIError: INVALID_REQUEST, naming the location.
        """
        text = url if isinstance(url, str) else ""
        parts = _split(text)
        if parts.scheme not in {"http", "https"} or not parts.netloc or not text.isprintable():
            raise invalid(location, "must be an http or https URL")
        if self._origins and _origin(parts) not in self._origins:
            raise invalid(location, "is not of an origin that the emulator may redirect to")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()
