"""The errors file: a JSON line per id that could not be had. It is begun anew by every run, which tries them again."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from portone_async import PortOneError
from portone_async._errors import APIError
from portone_async.cli.journal import OWNER_ONLY, write_whole


class Failures:
    """The errors file of a run; there is none while there are no errors."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.count = 0
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Forget the errors of the run before."""
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)

    def add(self, key: str, error: PortOneError) -> None:
        """Write an error down, without what PortOne says in it: that may quote a customer."""
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            self._file = os.open(self.path, flags, OWNER_ONLY)
        fields: dict[str, Any] = {"id": key, "error": type(error).__name__, "message": str(error)}
        if isinstance(error, APIError):
            fields |= {"status": error.status, "type": error.type}
        write_whole(self._file, orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1
