"""The commands, and the options that they share."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from portone_async._version import __version__
from portone_async.cli import export, lookup
from portone_async.cli.command import EXIT_CODES
from portone_async.cli.emulator import emulator
from portone_async.cli.get import get
from portone_async.cli.help import Command, Group

app: Final = typer.Typer(
    name="portone-async",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    # Typer's tracebacks contain the values of variables, and so would show secrets.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
    help="Bulk work with the PortOne V2 payment API. The API secret comes from the environment variable "
    "PORTONE_API_SECRET, the store id from PORTONE_STORE_ID.",
)
app.command(cls=Command, epilog=lookup.EPILOG)(lookup.lookup)
app.command(cls=Command, epilog=export.EPILOG)(export.export)
app.command(cls=Command, epilog=EXIT_CODES)(get)
app.command(
    cls=Command,
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(emulator)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"portone-async {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Handle the options of every command."""
