"""The journal: a JSON line per payment, appended so that a kill at any moment loses at most the last line."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import orjson
from attrs import define, field, frozen

from portone_async.bulk.columns import JsonObject
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import open_private, write_all
from portone_async.cli.language import translate
from portone_async.cli.locking import try_lock
from portone_async.cli.terminal import spinner
from portone_async.cli.totals import Totals

_START: Final = b'{"id":"'


@frozen
class Record:
    """A line of the journal."""

    id: str
    """The id that was looked up."""
    payment: JsonObject
    """The payment's JSON, as PortOne sent it."""
    cursor: str | None = None
    """The payment's cursor, in an export."""
    store_id: str | None = None
    """The store that was exported; `None` for that of the API secret."""

    def to_line(self) -> bytes:
        """Return the record as a compact JSON line."""
        fields: JsonObject = {"id": self.id}
        if self.store_id is not None:
            fields["storeId"] = self.store_id
        if self.cursor is not None:
            fields["cursor"] = self.cursor
        return orjson.dumps(fields | {"payment": self.payment}, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_line(cls, line: bytes) -> Record | None:
        """Return the record in a line; `None` if it is not a record."""
        try:
            raw: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(raw, dict):
            return None
        fields = cast("JsonObject", raw)
        key, payment = fields.get("id"), fields.get("payment")
        if not isinstance(key, str) or not isinstance(payment, dict):
            return None
        cursor, store_id = (
            value if isinstance(value := fields.get(name), str) else None
            for name in ("cursor", "storeId")
        )
        return cls(key, cast("JsonObject", payment), cursor, store_id)


@define
class StoreProgress:
    """What a journal has of a store. Another store may have payments with the same ids."""

    ids: set[str] = field(factory=set[str])
    cursor: str | None = None
    """That of the store's last payment, in an export."""


class Journal:
    """A journal that is open for writing, by one process at a time.

    Opening it reads the existing records, and first cuts off an incomplete last line, which a kill may have left.
    Each record is appended by a single write.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.stores: Final = defaultdict[str | None, StoreProgress](StoreProgress)
        self.totals: Final = Totals()
        self.last: Record | None = None
        self._file = -1
        self._is_new = False

    def __enter__(self) -> Self:
        """Open the file, or create it, and read its records.

        Raises:
            CommandError: Another process has locked it, or it is not a journal.
            OSError: It cannot be opened.
        """
        self._file = self._open_and_lock()
        try:
            with spinner(
                translate("Reading {file}", file=self.path.name), os.fstat(self._file).st_size
            ):
                self._read()
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if exc_type is not None:
                self.remove_if_new_and_empty()
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def add(self, record: Record) -> None:
        """Append a record.

        Raises:
            OSError: It cannot be written, for example because the disk is full.
        """
        write_all(self._file, record.to_line())
        self._count(record)

    def remove_if_new_and_empty(self) -> None:
        """Remove the file if this run has created it and then written nothing. To be called before it is closed."""
        if self._is_new and self.last is None:
            # While it is locked: another process that has just opened it notices when it gets the lock.
            with suppress(PermissionError):  # Windows removes no file that is open
                self.path.unlink(missing_ok=True)

    def _open_and_lock(self) -> int:
        while True:
            file = self._open()
            if not try_lock(file):
                os.close(file)
                raise CommandError(ExitCode.USAGE, "another run is writing {path}", path=self.path)
            if self._is_at_path(file):
                return file
            os.close(file)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            file = open_private(self.path, flags | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            self._is_new = False
            return open_private(self.path, flags | os.O_CREAT)
        self._is_new = True
        return file

    def _is_at_path(self, file: int) -> bool:
        """Whether the file is still there: another process may have removed it between opening and locking."""
        if sys.platform == "win32":  # where open files cannot be removed
            return True
        try:
            return os.path.samestat(os.fstat(file), self.path.lstat())
        except FileNotFoundError:
            return False

    def _count(self, record: Record) -> None:
        store = self.stores[record.store_id]
        store.ids.add(record.id)
        store.cursor = record.cursor
        self.totals.add(record.payment)
        self.last = record

    def _read(self) -> None:
        end = 0
        with open(self._file, "rb", closefd=False) as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    self._check_incomplete(line)
                    os.ftruncate(self._file, end)
                    break
                record = Record.from_line(line)
                if record is None:
                    raise CommandError(
                        ExitCode.USAGE,
                        "line {number} of {path} was not written by this command: choose another --output",
                        number=number,
                        path=self.path,
                    )
                self._count(record)
                end += len(line)

    def _check_incomplete(self, line: bytes) -> None:
        # Some file systems leave zeros after a power failure.
        if not (line.startswith(_START) or _START.startswith(line.rstrip(b"\0"))):
            raise CommandError(
                ExitCode.USAGE,
                "the last line of {path} was not written by this command: choose another --output",
                path=self.path,
            )


def read_records(path: Path) -> Iterator[Record]:
    """Return the records of a complete journal."""
    with path.open("rb") as file:
        for line in file:
            record = Record.from_line(line)
            if record is not None:
                yield record
