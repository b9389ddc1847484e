"""Access checks. A real shop has a login instead."""

from __future__ import annotations

import secrets
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from .shop import CurrentShop

_basic: Final = HTTPBasic()
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def require_staff(
    shop: CurrentShop, given: Annotated[HTTPBasicCredentials, Depends(_basic)]
) -> None:
    """Let only staff in: refunds pay out money."""
    password = shop.settings.staff_password.encode()
    if not secrets.compare_digest(given.password.encode(), password):
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})


async def require_same_site(request: Request) -> None:
    """Refuse forms that another site submits: the browser would add the staff password to them."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")  # for browsers that do not send Sec-Fetch-Site
    if site is None and origin is not None:
        is_same = urlsplit(origin).netloc == request.headers.get("host")
        site = "same-origin" if is_same else "cross-site"
    if site not in {None, "none", "same-origin"}:
        raise HTTPException(403, "this form was submitted by another site")
