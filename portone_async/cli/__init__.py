"""The command `portone-async`. Needs the extra `cli`."""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(_explain(missing))
    try:
        from portone_async.cli.app import app  # noqa: PLC0415  (needs what may be missing)
        from portone_async.cli.terminal import restyle_help  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(130)
    restyle_help()
    app()


def _explain(missing: list[str]) -> int:
    print(  # noqa: T201
        f"The command line needs {' and '.join(missing)}: pip install 'portone-async[cli]'",
        file=sys.stderr,
    )
    return 2
