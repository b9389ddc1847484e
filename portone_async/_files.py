"""Files that appear complete or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from portone_async._errors import InvalidArgumentError, PortOneError


@contextmanager
def atomic_write(path: Path, mode: str = "wb", **open_kwargs: Any) -> Generator[IO[Any]]:
    """Open a file beside `path` and move it there when the block ends well; leave nothing when it does not."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # Not Path.open, which takes no opener.
        with open(partial, mode.replace("w", "x"), **open_kwargs) as file:  # noqa: PTH123
            yield file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_download(path: Path) -> Generator[IO[bytes]]:
    """Write what is downloaded within the block; errors of the disk are the package's own."""
    opened = False
    try:
        with atomic_write(path) as file:
            opened = True
            yield file
    except OSError as error:
        if not opened:
            raise InvalidArgumentError(
                f"the file cannot be written there: {error.strerror}"
            ) from error
        raise PortOneError(
            f"the response was received, but the file cannot be written: {error.strerror}"
        ) from error
