"""The errors file: a JSON line for each id whose lookup failed. Every run tries those again, and writes a new file."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import orjson

from portone_async import PortOneError
from portone_async._errors import APIError
from portone_async.cli.files import not_written_here, open_private, write_all

_START: Final = b'{"id":"'


class ErrorsFile:
    """The errors file of a run. It exists only if there are errors."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.count = 0
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Check an existing file.

        Raises:
            CommandError: It is not an errors file.
        """
        if self.path.exists() and not _is_errors_file(self.path):
            raise not_written_here(self.path)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
        elif exc_type is None:
            # The errors of the previous run are resolved.
            self.path.unlink(missing_ok=True)

    def add(self, payment_id: str, error: PortOneError) -> None:
        """Write an error, without PortOne's own message: it may quote a customer."""
        if self._file is None:
            self.path.unlink(missing_ok=True)
            self._file = open_private(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        fields: dict[str, Any] = {
            "id": payment_id,
            "error": type(error).__name__,
            "message": str(error),
        }
        if isinstance(error, APIError):
            fields |= {"status": error.status, "type": error.type}
        write_all(self._file, orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1


def _is_errors_file(path: Path) -> bool:
    """Whether the first line is one of ours; an empty file and a torn line, left by a kill, count as ours too."""
    with path.open("rb") as file:
        line = file.readline()
    if not line.endswith(b"\n"):
        return _START.startswith(line[: len(_START)])
    try:
        fields: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return (
        isinstance(fields, dict)
        and {"id", "error", "message"} <= cast("dict[str, Any]", fields).keys()
    )
