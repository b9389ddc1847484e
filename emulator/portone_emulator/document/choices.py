"""Checks of arguments that have a fixed set of values."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MAX_LISTED = 20


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Check that an argument is one of its choices.

    Raises:
        ValueError: it is not. The message suggests the right spelling or lists the choices.
    """
    choices = list(choices)
    if value in choices:
        return
    message = f"unknown {name} {value!r}"
    similar = get_close_matches(str(value), choices, n=1)
    if similar:
        message += f"; did you mean {similar[0]!r}?"
    elif len(choices) <= _MAX_LISTED:
        message += f"; the choices are {', '.join(choices)}"
    raise ValueError(message)
