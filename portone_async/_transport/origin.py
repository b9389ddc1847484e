"""The server that a client talks to, from its `base_url`."""

from __future__ import annotations

import os
import ssl
from typing import Final
from urllib.parse import urlsplit

from attrs import define, field

from portone_async._errors import InvalidArgumentError
from portone_async._transport.proxies import environment_proxy

_PORTS: Final = {"http": 80, "https": 443}


@define(frozen=True)
class Origin:
    """Where to connect, and how."""

    scheme: str
    host: str
    port: int
    named_port: int | None
    """The port where it is not the scheme's own: others are left out of URLs and of `Host`."""
    tls: ssl.SSLContext | None = field(repr=False)
    """`None` for plain http."""
    proxy: str | None = field(repr=False)
    """The proxy of the environment, which may have a password in it."""

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.named_port is None else f"{host}:{self.named_port}"

    @classmethod
    def of(cls, base_url: str, tls: ssl.SSLContext | None) -> Origin:
        """The origin of a URL. Raises `InvalidArgumentError`."""
        try:
            url = urlsplit(base_url)
            port = url.port or _PORTS[url.scheme]
            host = (url.hostname or "").encode("idna")
        except ValueError:
            raise InvalidArgumentError("base_url is no valid URL") from None
        if tls is not None and url.scheme != "https":
            raise InvalidArgumentError("ssl_context has no effect: base_url is not https")
        name = host.decode("ascii")
        if not name:
            raise InvalidArgumentError("base_url is no valid URL")
        return cls(
            url.scheme,
            name,
            port,
            None if port == _PORTS[url.scheme] else port,
            (tls or _trusted()) if url.scheme == "https" else None,
            environment_proxy(base_url),
        )


def _trusted() -> ssl.SSLContext:
    """Certificates are verified against certifi's authorities, or those that the environment names, as httpx does."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file:
            return ssl.create_default_context(cafile=file)
        if folder:
            return ssl.create_default_context(capath=folder)
    except OSError:
        raise InvalidArgumentError(
            "SSL_CERT_FILE and SSL_CERT_DIR name a file and a folder of certificates (PEM)"
        ) from None
    import certifi  # noqa: PLC0415  (slow to import, and plain http has no need of it)

    return ssl.create_default_context(cafile=certifi.where())
