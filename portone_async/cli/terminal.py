"""Output for people: legible on dark and light backgrounds, and plain text where there is no terminal.

Of the terminal's own colours, only red and magenta are legible as text on both. Yellow, cyan, green, white and all
bright colours are hard to read on white, blue on black, and dim text on either. Green is used for bars, which are
solid blocks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.theme import Theme
from typer import rich_utils

from portone_async.cli.language import translate
from portone_async.cli.standard_streams import discard_output

ERROR_STYLE: Final = "bold red"
NOTICE_STYLE: Final = "bold"
SPINNER_SIZE: Final = 10_000_000
"""From this number of bytes on, going through a file takes a noticeable time: some tenths of a second."""
_LEGIBLE_WORDS: Final = {"bold", "italic", "underline", "not", "none", "red", "magenta"}
_JSON_STYLES: Final = {
    "json.key": "bold",
    "json.str": "none",
    "json.number": "magenta",
    "json.bool_true": "magenta",
    "json.bool_false": "magenta",
    "json.null": "magenta",
}


class _Console(Console):
    def show_cursor(self, show: bool = True) -> bool:
        # Never hide the cursor: it would stay hidden after Ctrl-Z or a kill.
        return show and super().show_cursor(show)

    def on_broken_pipe(self) -> None:
        # Rich would end the process with exit code 1. That nobody reads the messages does not make the command fail.
        self.quiet = True
        discard_output(self.file.fileno())


def make_console(*, stderr: bool = False) -> Console:
    """Return a console for messages to people."""
    return _Console(
        stderr=stderr, highlight=False, markup=False, emoji=False, theme=Theme(_JSON_STYLES)
    )


def is_live(console: Console) -> bool:
    """Whether output can be overwritten. Not in a file, even if FORCE_COLOR asks for colours there."""
    return console.is_interactive and console.file.isatty()


def print_message(console: Console, text: str, style: str | None = None) -> None:
    """Print a message: wrapped between words in a terminal, on one line elsewhere."""
    console.print(text, style=style, soft_wrap=not console.file.isatty())


def print_error(text: str) -> None:
    """Print the error that ended a command to stderr."""
    print_message(make_console(stderr=True), f"portone-async: {text}")


@contextmanager
def spinner(text: str, size: int) -> Generator[None]:
    """Show a text and a spinner in a terminal until the block ends, if it processes many bytes."""
    console = make_console(stderr=True)
    if size < SPINNER_SIZE or not is_live(console):
        yield
        return
    with console.status(text, spinner="line", spinner_style="green"):
        yield


class _HelpTable(Table):
    """A table that leaves every character there: Rich cuts the last one off a line of wide ones for an ellipsis."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*cells, **options)
        for column in self.columns:
            column.overflow = "fold"


def _stack(parts: Iterable[RenderableType]) -> Group:
    return Group(*parts)


_HELP_TEXTS: Final = (
    "ARGUMENTS_PANEL_TITLE",
    "OPTIONS_PANEL_TITLE",
    "COMMANDS_PANEL_TITLE",
    "ERRORS_PANEL_TITLE",
    "REQUIRED_LONG_STRING",
    "DEFAULT_STRING",
    "ENVVAR_STRING",
    "RICH_HELP",
)


def restyle_help() -> None:
    """Make Typer's help and usage errors legible, and in the user's language. Typer has no option for it."""
    for name, value in list(vars(rich_utils).items()):
        if name.startswith("STYLE_") and not name.endswith("_BOX") and isinstance(value, str):
            setattr(rich_utils, name, make_legible(value))
    overrides: dict[str, Any] = {
        "STYLE_ERRORS_PANEL_BORDER": "red",
        "RICH_HELP": str(getattr(rich_utils, "RICH_HELP", "")).replace("[blue]", "[bold]"),
        # In 60 columns there is no room for ranges beside the help, and URLs would be cut.
        "RANGE_STRING": "",
        "Table": _HelpTable,
        "Columns": _stack,  # a table too, inside of that
        # Typer takes GITHUB_ACTIONS for a terminal. Rich handles FORCE_COLOR by itself.
        "FORCE_TERMINAL": None,
    }
    for name, value in overrides.items():
        if hasattr(rich_utils, name):  # they are private to Typer, which may remove them
            setattr(rich_utils, name, value)
    for name in _HELP_TEXTS:
        if hasattr(rich_utils, name):
            setattr(rich_utils, name, translate(getattr(rich_utils, name)))


def make_legible(style: str) -> str:
    """Return a style without the words that are not legible on every background."""
    return " ".join(word for word in style.split() if word in _LEGIBLE_WORDS)
