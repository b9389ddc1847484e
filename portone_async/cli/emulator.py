"""`portone-async emulator`: the emulator's own command."""

from __future__ import annotations

import importlib.util

import typer

from portone_async.cli.exits import Exit, Stop, ending


def emulator(context: typer.Context) -> None:
    """Serve a PortOne on loopback, to develop against without an account.

    Takes the options of `python -m portone_async.emulator`; --help lists them.
    """

    def run() -> Exit:
        missing = [
            name
            for name in ("jsonschema", "starlette", "uvicorn")
            if importlib.util.find_spec(name) is None
        ]
        if missing:
            raise Stop(
                Exit.USAGE,
                f"the emulator needs {', '.join(missing)}: pip install 'portone-async[emulator]'",
            )
        from portone_async.emulator.__main__ import main  # noqa: PLC0415  (needs that extra)

        return Exit.FAILED if main(context.args) else Exit.OK

    raise typer.Exit(ending(run))
