"""The command `portone-async`. It needs the extra `cli`."""

from __future__ import annotations

import importlib.util
import sys

from portone_async.cli.language import translate
from portone_async.cli.standard_streams import prepare_standard_streams

__all__ = ["main"]


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    prepare_standard_streams()
    missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(_print_missing(missing))
    try:
        from portone_async.cli.app import app  # noqa: PLC0415  (imports what may be missing)
        from portone_async.cli.terminal import restyle_help  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(130)
    restyle_help()
    app()


def _print_missing(missing: list[str]) -> int:
    print(  # noqa: T201
        translate(
            "The command line needs {missing}: pip install 'portone-async[cli]'",
            missing=", ".join(missing),
        ),
        file=sys.stderr,
    )
    return 2
