"""Where a window leads its customer when it is left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from portone_async.emulator.errors import invalid
from portone_async.emulator.wire import JsonObject

REDIRECT: Final = "redirect"
_NAMES: Final = (REDIRECT, "redirectUrl")  # the second is the name in PortOne's browser SDK
PROPERTIES: Final[JsonObject] = {name: {"type": "string"} for name in _NAMES}


class WayBack:
    """Leads to web pages; to those of some shops only, where `origins` are given."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_origin(urlsplit(origin)) for origin in origins)

    def take(self, asked: JsonObject) -> str | None:
        """Take the shop's address out of what a window's own address says.

        Raises:
            Refusal: INVALID_REQUEST for what is no web page (`javascript:` and the like), or is of
                another shop.
        """
        given: JsonObject = {name: asked.pop(name) for name in _NAMES if name in asked}
        for name, url in given.items():
            self._check(f"query.{name}", url)
        return next(iter(given.values()), None)

    def _check(self, where: str, url: object) -> None:
        text = url if isinstance(url, str) else ""
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.netloc or not text.isprintable():
            raise invalid(where, "must be an http or https URL")
        if self._origins and _origin(parts) not in self._origins:
            raise invalid(where, "leads to another shop than the emulator was started for")


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()
