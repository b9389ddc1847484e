"""Parsing forms. FastAPI's `Form` does the same with the package python-multipart."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

_ID: Final = re.compile(r"[a-z]+[0-9a-f]{24}")
_MAX_SIZE: Final = 10_000
_MAX_DIGITS: Final = 12


async def _parse(request: Request) -> dict[str, str]:
    content = await request.body()
    try:
        if len(content) > _MAX_SIZE:
            raise HTTPException(413)
        return dict(parse_qsl(content.decode(), errors="strict", max_num_fields=20))
    except ValueError:
        raise HTTPException(400, "not a form") from None


Form = Annotated[dict[str, str], Depends(_parse)]
"""A handler's parameter: the fields of the form."""


def integer_field(form: dict[str, str], name: str) -> int:
    """Return a field as an integer; 400 if it is anything but ASCII digits."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise HTTPException(400, f"{name} is not a whole number")
    return int(text)


def new_id(kind: str) -> str:
    """Make an id to put into a form, so that submitting the form twice does one thing."""
    return f"{kind}{secrets.token_hex(12)}"


def id_field(form: dict[str, str], name: str) -> str:
    """Return an id that was put into a form; 400 if it does not look like one."""
    text = form.get(name, "")
    if _ID.fullmatch(text) is None:
        raise HTTPException(400, f"{name} is missing")
    return text
