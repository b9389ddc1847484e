"""Files with personal data: only their owner may read them, and no existing file is replaced by accident."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from portone_async.cli.command import CommandError, ExitCode

STDIN: Final = Path("-")
OWNER_ONLY: Final = 0o600
# Without it on Windows, where creating a symbolic link needs a privilege.
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)


def open_private(path: str | Path, flags: int) -> int:
    """Open a file like `os.open`, without following a symbolic link. A file that it creates has mode 0600.

    Also serves as the `opener` of `open`.
    """
    return os.open(path, flags | _NO_FOLLOW, OWNER_ONLY)


def write_all(file: int, data: bytes) -> None:
    """Write all of the data to a file descriptor. Normally that is a single write."""
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, data[written:])


def check_outputs(paths: Iterable[Path], *, source: Path | None = None) -> None:
    """Check the files that a command is going to write.

    Raises:
        CommandError: One of them is the input, by whatever path, or a symbolic link, or not a regular file.
    """
    source_status = None if source is None else _status(source)
    for path in paths:
        status = _status(path)
        if status and source_status and os.path.samestat(status, source_status):
            raise CommandError(
                ExitCode.USAGE,
                "{path} is the input: choose another --output, it would be overwritten",
                path=path,
            )
        if path.is_symlink():
            raise CommandError(
                ExitCode.USAGE, "{path} is a symbolic link: choose another --output", path=path
            )
        if status is not None and not path.is_file():
            raise CommandError(
                ExitCode.USAGE, "{path} is not a regular file: choose another --output", path=path
            )


def not_written_here(path: Path) -> CommandError:
    """Return the error for an existing file that this command has not written."""
    return CommandError(
        ExitCode.USAGE, "{path} was not written by this command: choose another --output", path=path
    )


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.fstat(sys.stdin.fileno()) if path == STDIN else path.stat()
    except OSError:
        return None
