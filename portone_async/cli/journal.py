"""The working file: a JSON line per payment, which survives a kill at any moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import orjson
from attrs import frozen

from portone_async.cli.exits import Exit, Stop
from portone_async.cli.locking import lock
from portone_async.cli.tally import JsonObject, Tally
from portone_async.cli.terminal import waiting

OWNER_ONLY: Final = 0o600
_START: Final = b'{"id":"'


@frozen
class Record:
    """A line of the working file."""

    id: str
    """The id that was asked for."""
    payment: JsonObject
    """What PortOne sent, whole."""
    cursor: str | None = None
    """The payment's cursor, in an export."""

    def line(self) -> bytes:
        """The record as a compact JSON line."""
        fields: JsonObject = {"id": self.id}
        if self.cursor is not None:
            fields["cursor"] = self.cursor
        return orjson.dumps(fields | {"payment": self.payment}, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def of(cls, line: bytes) -> Record | None:
        """The record of a line; `None` if it is none."""
        try:
            fields: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(fields, dict):
            return None
        known = cast("JsonObject", fields)
        key, payment, cursor = known.get("id"), known.get("payment"), known.get("cursor")
        if not isinstance(key, str) or not isinstance(payment, dict):
            return None
        return cls(key, cast("JsonObject", payment), cursor if isinstance(cursor, str) else None)


class Journal:
    """A working file that is being written.

    What it has already is read when it is opened; half a line at its end, left by a kill, is cut off first. Lines are
    appended whole, each by one write. One process at a time has it.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.ids: Final = set[str]()
        self.tally: Final = Tally()
        self.last: Record | None = None
        self._file = -1

    def __enter__(self) -> Self:
        """Open the file and read what it has.

        Raises:
            Stop: Another process has it, or it holds what no journal does.
            OSError: It cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(self.path, flags, OWNER_ONLY)
        try:
            self._lock()
            with waiting(f"Reading {self.path.name}", os.fstat(self._file).st_size):
                self._read()
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def add(self, record: Record) -> None:
        """Append a record.

        Raises:
            OSError: It cannot be written, the disk being full, say.
        """
        write_whole(self._file, record.line())
        self._note(record)

    def _note(self, record: Record) -> None:
        self.ids.add(record.id)
        self.tally.add(record.payment)
        self.last = record

    def _lock(self) -> None:
        if not lock(self._file):
            raise Stop(Exit.USAGE, f"another run is writing {self.path}")

    def _read(self) -> None:
        end = 0
        for number, line in enumerate(_lines(self.path), 1):
            if not line.endswith(b"\n"):
                self._check_torn(line)
                os.ftruncate(self._file, end)
                break
            record = Record.of(line)
            if record is None:
                raise self._foreign(f"line {number}")
            self._note(record)
            end += len(line)

    def _check_torn(self, tail: bytes) -> None:
        # Zeros are what some file systems leave after a loss of power.
        if not (tail.startswith(_START) or _START.startswith(tail.rstrip(b"\0"))):
            raise self._foreign("the last line")

    def _foreign(self, where: str) -> Stop:
        return Stop(
            Exit.USAGE,
            f"{where} of {self.path} was not written by this command: choose another --output",
        )


def records(path: Path) -> Iterator[Record]:
    """The records of a finished working file."""
    return (record for line in _lines(path) if (record := Record.of(line)) is not None)


def write_whole(file: int, data: bytes) -> None:
    """Write all of it to a file descriptor: one write does, unless the system is short of something."""
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, data[written:])


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
