"""The languages of the pages: texts in each, and the choice by the browser's `Accept-Language`."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from attrs import frozen

Language: TypeAlias = Literal["en", "ko"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ko")
"""The languages; the first is the default."""

# RFC 9110, section 12.4.2: a weight from 0 to 1 with at most three decimals.
_RANGE: Final = re.compile(
    r"(?P<tag>[a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*)"
    r"(?:\s*;\s*q\s*=\s*(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE | re.ASCII,
)


@frozen
class Text:
    """A text of the pages in each language. `{name}` stands for a value given to `Translator`."""

    en: str
    ko: str


@frozen
class Translator:
    """Gives texts in one language: `t(texts.PAYMENTS)`."""

    language: Language

    def __call__(self, text: Text, **values: object) -> str:
        """Return a text with its values filled in."""
        pattern = text.ko if self.language == "ko" else text.en
        return pattern.format(**values)


def negotiate(accept_language: str) -> Translator:
    """Return the translator for an `Accept-Language` header (RFC 9110, section 12.5.4).

    The language with the highest weight is chosen, and of equal ones the one named first. English
    is the default, if neither language is accepted or the header is empty.
    """
    ranges = [
        (match["tag"].lower().partition("-")[0], float(match["weight"] or 1), position)
        for position, item in enumerate(accept_language.split(","))
        if (match := _RANGE.fullmatch(item.strip()))
    ]

    def preference(language: Language) -> tuple[float, int]:
        """Return the weight and the position; `*` counts only where the language is not named."""
        named = [each for each in ranges if each[0] == language]
        applying = named or [each for each in ranges if each[0] == "*"]
        return max(((weight, -position) for _, weight, position in applying), default=(0, 0))

    return Translator(max(LANGUAGES, key=preference))
