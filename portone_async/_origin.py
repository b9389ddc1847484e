"""The server that a client talks to, read from its `base_url`."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import define

from portone_async._errors import InvalidArgumentError

BASE_URL: Final = "https://api.portone.io"
"""PortOne's own server."""
_PORTS: Final = {"http": 80, "https": 443}
# The path in the characters of RFC 3986: a transport would escape others.
_BASE_URL: Final = re.compile(
    r"https?://[^/?#\s@]+(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
)
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_LIKE_IPV4: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}")


@define(frozen=True)
class Origin:
    """Scheme, host and port of a server."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in the `Host` header: without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The origin as a URL."""
        return f"{self.scheme}://{self.authority}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, so that nobody else sees what is sent."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_base_url(base_url: Any, *, allow_http: bool) -> tuple[Origin, str]:
    """Return the origin of a base URL, and the path that stands before each operation's."""
    if not isinstance(base_url, str) or not _BASE_URL.fullmatch(base_url):
        raise InvalidArgumentError(
            "base_url takes a URL such as https://api.portone.io, without a query or credentials, its path escaped"
        )
    origin = _origin(base_url)
    if origin is None:
        raise InvalidArgumentError("base_url is not a valid URL")
    if origin.scheme == "http" and not allow_http and not origin.is_loopback:
        raise InvalidArgumentError(
            "base_url is http:// to another machine, which would show the API secret to everyone in between: "
            "use https://, or allow_http=True if that is what you want"
        )
    path = base_url.split("/", 3)[3:]
    return origin, f"/{path[0]}".rstrip("/") if path else ""


def _origin(base_url: str) -> Origin | None:
    try:
        url = urlsplit(base_url)
        port = url.port or _PORTS[url.scheme]
        host = (url.hostname or "").encode("idna").decode("ascii")
        if ":" in host or _LIKE_IPV4.fullmatch(host):
            host = str(ipaddress.ip_address(host))
    except ValueError:
        return None
    is_valid = ":" in host or _HOST_NAME.fullmatch(host)
    return Origin(url.scheme, host, port) if is_valid else None
