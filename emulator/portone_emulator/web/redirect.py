"""The redirect from a window back to the shop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from portone_emulator.errors import invalid
from portone_emulator.state.json_values import JsonObject

REDIRECT: Final = "redirect"
_NAMES: Final = (REDIRECT, "redirectUrl")  # the second is the name in PortOne's browser SDK
PROPERTIES: Final[JsonObject] = {name: {"type": "string"} for name in _NAMES}


class RedirectPolicy:
    """Allows redirects to web pages; only to those of `origins`, if any are given."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_origin(urlsplit(origin)) for origin in origins)

    def pop_redirect(self, parameters: JsonObject) -> str | None:
        """Remove the redirect URL from a window's parameters, and return it.

        Raises:
            EmulatedAPIError: INVALID_REQUEST if it is not a web page's (`javascript:` and the
                like), or of an origin that is not allowed.
        """
        urls: JsonObject = {name: parameters.pop(name) for name in _NAMES if name in parameters}
        for name, url in urls.items():
            self._check(f"query.{name}", url)
        return next(iter(urls.values()), None)

    def _check(self, location: str, url: object) -> None:
        text = url if isinstance(url, str) else ""
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.netloc or not text.isprintable():
            raise invalid(location, "must be an http or https URL")
        if self._origins and _origin(parts) not in self._origins:
            raise invalid(location, "is not of an origin that the emulator may redirect to")


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()
