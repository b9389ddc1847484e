"""Who may do what. In place of the login that a real shop has."""

from __future__ import annotations

import secrets
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from .shop import OpenShop

_basic: Final = HTTPBasic()
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def staff(shop: OpenShop, given: Annotated[HTTPBasicCredentials, Depends(_basic)]) -> None:
    """Let only staff in: whoever can press "refund" gives money away."""
    right = shop.settings.staff_password.encode()
    if not secrets.compare_digest(given.password.encode(), right):
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})


async def same_site(request: Request) -> None:
    """Refuse forms of other sites: a browser sends the password along for whoever asks it to."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")  # of a browser that does not know the other header
    if site is None and origin is not None:
        is_same = urlsplit(origin).netloc == request.headers.get("host")
        site = "same-origin" if is_same else "cross-site"
    if site not in {None, "none", "same-origin"}:
        raise HTTPException(403, "the form is another site's")
