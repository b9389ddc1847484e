"""The proxy that the environment names."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit


def environment_proxy(base_url: str) -> str | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a URL."""
    names_one = any(name.lower().endswith("_proxy") for name in os.environ)
    if not names_one and sys.platform not in ("darwin", "win32"):  # those have settings for it
        return None
    import urllib.request  # noqa: PLC0415  (slow to import)

    target = urlsplit(base_url)
    # NO_PROXY may name a host with its port or without.
    if any(urllib.request.proxy_bypass(name) for name in (target.hostname or "", target.netloc)):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
