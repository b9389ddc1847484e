"""Bodies that are sent as forms: `multipart/form-data` with files, and `application/x-www-form-urlencoded`."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast
from urllib.parse import urlencode

from portone_async._errors import InvalidArgumentError
from portone_async._json import dumps

MULTIPART: Final = "multipart/form-data"


def encode_form(media: str, fields: dict[str, Any]) -> bytes:
    """The body of a form: bytes are files, lists are repeated, objects are sent as JSON.

    Raises `InvalidArgumentError` for what JSON cannot hold.
    """
    parts = [
        (name, item)
        for name, value in fields.items()
        for item in (cast("list[Any]", value) if isinstance(value, list) else [value])
    ]
    if media != MULTIPART:
        return urlencode([(name, _text(item)) for name, item in parts]).encode()
    boundary = uuid.uuid4().hex
    lines: list[bytes] = []
    for name, item in parts:
        quoted = (
            name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        )
        disposition = f'Content-Disposition: form-data; name="{quoted}"'
        if isinstance(item, bytes):
            disposition += f'; filename="{quoted}"\r\nContent-Type: application/octet-stream'
        content = item if isinstance(item, bytes) else _text(item).encode()
        lines += [f"--{boundary}".encode(), disposition.encode(), b"", content]
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def content_type(media: str, content: bytes) -> str:
    """The `Content-Type` of a form that `encode_form` made: its first line is the boundary."""
    if media != MULTIPART:
        return media
    first = content.partition(b"\r\n")[0].decode()
    return f"{MULTIPART}; boundary={first.removeprefix('--').removesuffix('--')}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return dumps(value).decode()
    except TypeError as error:
        raise InvalidArgumentError(f"an argument cannot be written in a form: {error}") from None
