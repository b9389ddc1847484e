"""Texts that spreadsheets would evaluate as formulas.

Whoever can influence a text, as a customer influences an order's name, could otherwise run formulas on the computer
where a CSV file is opened: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

from typing import Final

_STARTS: Final = tuple("=+-@＝＋－＠\t\r\n\0")  # noqa: RUF001  (the wide forms are formulas too)


def escape_formula(text: str) -> str:
    """Put an apostrophe before a text that starts like a formula: spreadsheets then take it for a text."""
    return f"'{text}" if _is_formula(text) else text


def unescape_formula(text: str) -> str:
    """Undo `escape_formula`, so that an id in the output is an id in the input."""
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    # Behind apostrophes too, so that a text that has some of its own comes back as it was.
    return text.lstrip("'").startswith(_STARTS)
