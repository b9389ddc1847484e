"""`portone-async emulator`: the emulator's own command."""

from __future__ import annotations

import importlib.util

import typer

from portone_async.cli.command import CommandError, ExitCode, run_command


def emulator(context: typer.Context) -> None:
    """Run an emulator of PortOne on this machine, to develop against without an account.

    Takes the options of `portone-emulator`; --help lists them.
    """

    def run() -> ExitCode:
        if importlib.util.find_spec("portone_emulator") is None:
            raise CommandError(
                ExitCode.USAGE,
                "the emulator needs its extra: pip install 'portone-async[emulator]'",
            )
        from portone_emulator.__main__ import main  # noqa: PLC0415  (needs that extra)

        has_failed = main(context.args, command=context.command_path)
        return ExitCode.FAILED if has_failed else ExitCode.OK

    raise typer.Exit(run_command(run))
