"""The user's language: Korean or English, as the environment says."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""As gettext reads them: the first one that is set counts, and may be a list."""
_KOREAN: Final = re.compile(r"ko(?![a-z])", re.IGNORECASE)
_ENGLISH: Final = re.compile(r"(?:en|C|POSIX)(?![a-z])", re.IGNORECASE)


def translate(text: str, /, **values: Any) -> str:
    """Return a text in the user's language, with the values filled in if there are any.

    Args:
        text: The English text, as it is in the table of Korean ones. One that is not there stays as it is.
        values: What stands in its braces.
    """
    if is_korean():
        from portone_async.cli.korean import TEXTS  # noqa: PLC0415  (needed in Korean only)

        text = TEXTS.get(text, text)
    return text.format(**values) if values else text


def is_korean(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the user reads Korean, and the streams can carry it."""
    chosen = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    languages = (
        bool(_KOREAN.match(name))
        for name in chosen.split(":")
        if _KOREAN.match(name) or _ENGLISH.match(name)
    )
    return next(languages, False) and all(map(_has_hangul, (sys.stdout, sys.stderr)))


def _has_hangul(stream: Any) -> bool:
    try:
        "가".encode(getattr(stream, "encoding", None) or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
