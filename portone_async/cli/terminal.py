"""What is written for people: legible on a dark background and on a light one, plain where there is no terminal.

Of the terminal's own colours, only red and magenta suit both as text. Yellow, cyan, green, white and all bright ones
vanish on white, blue on black, and dim text on either. Green is for bars, which are blocks.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.theme import Theme
from typer import rich_utils

WRONG: Final = "bold red"
NOTICE: Final = "bold"
LONG: Final = 10_000_000
"""Bytes that take a moment, some tenths of a second."""
_LEGIBLE: Final = {"bold", "italic", "underline", "not", "none", "red", "magenta"}
_JSON: Final = {
    "json.key": "bold",
    "json.str": "none",
    "json.number": "magenta",
    "json.bool_true": "magenta",
    "json.bool_false": "magenta",
    "json.null": "magenta",
}


class _Console(Console):
    def show_cursor(self, show: bool = True) -> bool:
        # A hidden cursor stays hidden after Ctrl-Z or a kill.
        return show and super().show_cursor(show)


def console(*, stderr: bool = False) -> Console:
    """Where to write for people."""
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, theme=Theme(_JSON))


def is_live(console: Console) -> bool:
    """Whether what was written there can be written over. Not so in a file, though FORCE_COLOR may colour it."""
    return console.is_interactive and console.file.isatty()


def say(console: Console, text: str, style: str | None = None) -> None:
    """Write a message: wrapped between words for people, on one line for programs."""
    console.print(text, style=style, soft_wrap=not console.file.isatty())


def complain(text: str) -> None:
    """Write to stderr how a command ended."""
    say(console(stderr=True), f"portone-async: {text}")


@contextmanager
def waiting(text: str, size: int) -> Generator[None]:
    """Tell in a terminal what takes its time, until it is over, if it has so many bytes to go through."""
    terminal = console(stderr=True)
    if size < LONG or not is_live(terminal):
        yield
        return
    with terminal.status(text, spinner="line", spinner_style="green"):
        yield


def restyle_help() -> None:
    """Make Typer's help and its usage errors legible too. Typer has no option for it."""
    for name, value in list(vars(rich_utils).items()):
        if name.startswith("STYLE_") and not name.endswith("_BOX") and isinstance(value, str):
            setattr(rich_utils, name, legible(value))
    own = {
        "STYLE_ERRORS_PANEL_BORDER": "red",
        "RICH_HELP": str(getattr(rich_utils, "RICH_HELP", "")).replace("[blue]", "[bold]"),
        # In 60 columns there is no room for ranges beside the help, and URLs would be cut.
        "RANGE_STRING": "",
        # Typer takes GITHUB_ACTIONS for a terminal. Rich knows FORCE_COLOR by itself.
        "FORCE_TERMINAL": None,
    }
    for name, value in own.items():
        if hasattr(rich_utils, name):  # they are Typer's own affair, and may go
            setattr(rich_utils, name, value)


def legible(style: str) -> str:
    """A style without what cannot be read on some background."""
    return " ".join(word for word in style.split() if word in _LEGIBLE)
