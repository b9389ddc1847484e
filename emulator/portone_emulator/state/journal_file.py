"""The file of a journal: an SQLite database with a row for each record."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import TypeAlias

from attrs import Factory, define

from portone_emulator.state.snapshots import SnapshotError

_TABLE = "portone_emulator"
_CREATE = f"""CREATE TABLE IF NOT EXISTS {_TABLE} (
    part TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (part, key)
)"""
# An updated row keeps its place, as a key does in a dictionary.
_READ = f"SELECT part, key, value FROM {_TABLE} ORDER BY rowid"  # noqa: S608  (a constant)
_CLEAR = f"DELETE FROM {_TABLE} WHERE part = ?"  # noqa: S608
_DELETE = f"DELETE FROM {_TABLE} WHERE part = ? AND key = ?"  # noqa: S608
_PUT = (
    f"INSERT INTO {_TABLE} VALUES (?, ?, ?) "  # noqa: S608
    "ON CONFLICT (part, key) DO UPDATE SET value = excluded.value"
)
# In this mode a second emulator cannot open the file, and a write needs no other file but the log.
_SETTINGS = ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL")

Row: TypeAlias = tuple[str, str, str]
"""A part of the state, the key of a record in it and the record, both as JSON."""


@define
class Changes:
    """What one transaction writes, in this order: parts emptied, rows deleted, rows put."""

    cleared: list[tuple[str]] = Factory(list[tuple[str]])
    deleted: list[tuple[str, str]] = Factory(list[tuple[str, str]])
    put: list[Row] = Factory(list[Row])


class JournalFile:
    """An open journal. Calls may come from any thread, one at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or create it.

        Raises:
            SnapshotError: the file cannot be opened, another emulator uses it, or it is no journal.
        """
        self._path = path
        try:
            # Like a state file, it is for its owner only.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise SnapshotError(f"it cannot be opened: {_reason(error)}") from None
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        try:
            for setting in _SETTINGS:
                self._connection.execute(f"PRAGMA {setting}")
            found = self._connection.execute("SELECT name FROM sqlite_master").fetchall()
            if not found:
                self._connection.execute(_CREATE)
        except sqlite3.Error as error:
            raise SnapshotError(_meaning(error)) from None
        if found and (_TABLE,) not in found:
            raise SnapshotError("it is not an emulator journal")

    def read(self) -> Generator[Row]:
        """Read the rows, in the order in which their records came.

        Raises:
            SnapshotError: the file is damaged.
        """
        try:
            yield from self._connection.execute(_READ)
        except sqlite3.Error as error:
            raise SnapshotError(_meaning(error)) from None

    def write(self, changes: Changes) -> None:
        """Write changes, all or none.

        Raises:
            OSError: they cannot be written.
        """
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_CLEAR, changes.cleared)
            connection.executemany(_DELETE, changes.deleted)
            connection.executemany(_PUT, changes.put)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise OSError(f"cannot write the journal {self._path}: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _meaning(error: sqlite3.Error) -> str:
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return "another emulator uses it"
    return f"it is damaged, or no journal ({error})"
