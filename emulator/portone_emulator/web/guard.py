"""Access control for the dashboard, windows and controls, which need no secret.

They are for programs and browsers on this machine. The threats are other machines, if the emulator
listens on more than loopback; cross-site request forgery, when a page of another site makes a
browser send requests here; and DNS rebinding, when such a page's host name resolves to this
machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from portone_emulator.errors import EmulatedAPIError

if TYPE_CHECKING:
    from starlette.requests import Request

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"


class Guard:
    """Rejects foreign requests. `allowed_hosts` are allowed in addition to loopback names."""

    def __init__(self, allowed_hosts: Iterable[str]) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    def check(self, request: Request) -> None:
        """Check a request's host, client address and origin.

        Raises:
            EmulatedAPIError: FORBIDDEN.
        """
        host = _host(request)
        if host not in self._allowed:
            if not is_loopback(host):
                raise EmulatedAPIError(
                    "FORBIDDEN", "Host is neither loopback nor one of the allowed hosts"
                )
            if request.client is None or not is_loopback(request.client.host):
                raise EmulatedAPIError("FORBIDDEN", "the request does not come from this machine")
        if request.method not in _SAFE_METHODS:
            _check_same_site(request)


def media_type(request: Request) -> str:
    """Return a request's media type, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_same_site(request: Request) -> None:
    """Check that a browser does not send the request for a page of another site.

    Browsers send Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/), older ones only Origin.
    Programs send neither. But an old browser may omit Origin on forms, so forms must have one of
    them.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_ours = site in {"same-origin", "none"}
    elif origin is not None:
        is_ours = urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    else:
        is_ours = media_type(request) in {"", "application/json"}
    if not is_ours:
        raise EmulatedAPIError("FORBIDDEN", "the request comes from another site")


def _host(request: Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host name is of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
