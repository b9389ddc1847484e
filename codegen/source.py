"""Fetching a document: a path or a URL into JSON."""

from __future__ import annotations

import http
import json
import re
import time
from pathlib import Path
from typing import Any, Final, cast

from codegen.document import CodegenError, Json

_LONGEST: Final = 60
"""Seconds that a download may take."""


def fetch(source: str) -> bytes:
    """What is at a path or a URL."""
    if not source.startswith(("http://", "https://")):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise CodegenError(f"{source} cannot be read: {error.strerror}") from None
    import httpx  # noqa: PLC0415  (only a download needs it)

    deadline = time.monotonic() + _LONGEST
    content = b""
    try:
        with httpx.stream("GET", source, follow_redirects=True, timeout=_LONGEST) as response:
            for chunk in response.iter_bytes():
                content += chunk
                # httpx limits each wait, and a server may send a byte now and then.
                if time.monotonic() > deadline:
                    raise CodegenError(f"{source} takes longer than {_LONGEST} seconds to download")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CodegenError(
            f"{source} cannot be downloaded: {type(error).__name__}: {error}"
        ) from None
    if response.status_code != http.HTTPStatus.OK:
        raise CodegenError(f"{source} returned {response.status_code} {response.reason_phrase}")
    return content


def parse_json(source: str, content: bytes) -> Json:
    """The JSON object in some bytes; an error says what they are instead."""
    try:
        document: Any = json.loads(content)
    except RecursionError:
        raise CodegenError(f"{source} is nested too deeply") from None
    except ValueError as error:
        text = content.decode("utf-8", "replace").strip()
        if not text:
            raise CodegenError(f"{source} is empty") from None
        ended = "Unterminated string" in str(error) or getattr(error, "pos", 0) >= len(text)
        cut = text.startswith("{") and (ended or not text.endswith("}"))
        hint = (
            "it ends too early: a truncated download?" if cut else "an OpenAPI document is needed"
        )
        if content.startswith(b"\x1f\x8b"):
            hint = "it is packed with gzip"
        elif re.match(r"(---\s+)?(openapi|swagger)\s*:", text):
            hint = "it looks like YAML, which has to be converted first"
        raise CodegenError(f"{source} is not JSON: {hint}") from None
    if not isinstance(document, dict):
        raise CodegenError(f"{source} is JSON, but not an OpenAPI document: an object is needed")
    return cast("Json", document)
