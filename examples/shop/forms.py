"""Reading forms. FastAPI's `Form` does it too, with the package python-multipart."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

_TOKEN: Final = re.compile(r"[a-z]+-[0-9a-f]{24}")
_LONGEST: Final = 10_000


async def _read(request: Request) -> dict[str, str]:
    content = await request.body()
    try:
        if len(content) > _LONGEST:
            raise HTTPException(413)
        return dict(parse_qsl(content.decode(), errors="strict", max_num_fields=20))
    except ValueError:
        raise HTTPException(400, "not a form") from None


Form = Annotated[dict[str, str], Depends(_read)]
"""A handler's parameter: the fields of the form."""


def whole_number(form: dict[str, str], name: str) -> int:
    """Return a field that is a whole number in ASCII digits; 400 otherwise."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004
        raise HTTPException(400, f"{name} is not a whole number")
    return int(text)


def new_token(kind: str) -> str:
    """Make an id to put into a form, so that sending the form twice does one thing."""
    return f"{kind}-{secrets.token_hex(12)}"


def token(form: dict[str, str], name: str) -> str:
    """Return the id that was put into a form; 400 for what cannot be one."""
    text = form.get(name, "")
    if _TOKEN.fullmatch(text) is None:
        raise HTTPException(400, f"{name} is missing")
    return text
