"""A journal: a file that has the state at any moment, so that it survives a crash.

What changed while the state's lock was held is written in one transaction before the lock is
released, so before the response is sent. Transactions are not synced to the disk one by one:
they survive the death of the process, not that of the machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

import orjson

from portone_emulator.http.idempotency import IdempotencyKeys
from portone_emulator.state import snapshots
from portone_emulator.state.containers import RecordDict, RecordList
from portone_emulator.state.journal_file import Changes, JournalFile, Row
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.snapshots import PART_TYPES, SnapshotError, record_types
from portone_emulator.state.state import State

Records: TypeAlias = RecordDict[Any, Any] | RecordList[Any]
_HEADER = "header"
_NO_KEY = "null"
"""The key of a part that is no records."""


class Journal:
    """Keeps a state in a file, from entering to leaving its `with` block."""

    def __init__(self, path: Path, state: State, keys: IdempotencyKeys) -> None:
        self._path = path
        self._state = state
        self._keys = keys
        self._converter = snapshots.new_converter(copies=False)
        self._file: JournalFile | None = None
        self._is_restored = False
        self._written: dict[str, object] = {}
        """What was last written of the parts that are no records, and of the header."""

    def __enter__(self) -> Self:
        """Open the file, and write changes from now on; the first time, restore what it has.

        Raises:
            SnapshotError: the file cannot be opened, another emulator uses it, or it is not a
                journal of this store.
            OSError: the file cannot be written.
        """
        with self._state.lock:
            self._file = JournalFile(self._path)
            try:
                snapshot = None if self._is_restored else self.read()
                if snapshot is not None:
                    snapshots.restore(snapshot, self._state, self._keys)
                self._is_restored = True
                self._written.clear()
                self._note_changes(since_now=snapshot is not None)
                self._write()
            except BaseException:
                self._close()
                raise
            self._state.lock.before_release = self._write
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file.

        Raises:
            OSError: the last changes cannot be written.
        """
        with self._state.lock:
            self._state.lock.before_release = None
            try:
                self._write()
            finally:
                self._close()

    def read(self) -> JsonObject | None:
        """Return what the file has, in the form of a snapshot; `None` if it is new.

        Raises:
            SnapshotError: the file is not open, or damaged.
        """
        if self._file is None:
            raise SnapshotError("it is not open")
        with closing(self._file.read()) as rows:
            return _snapshot(rows)

    def _write(self) -> None:
        """Write what changed since the last call. If that fails, the next call tries again."""
        changes, written = Changes(), dict[str, object]()
        for name, part in snapshots.parts(self._state, self._keys).items():
            if isinstance(part, RecordDict | RecordList):
                self._add_records(changes, name, cast("Records", part))
            elif (content := self._json(part, PART_TYPES[name])) != self._written.get(name):
                written[name] = content
                changes.put.append((name, _NO_KEY, content))
        clock = (self._state.ids.run, self._state.clock.offset)
        has_changed = bool(changes.cleared or changes.deleted or changes.put)
        if self._file is None or not (has_changed or clock != self._written.get(_HEADER)):
            return
        written[_HEADER] = clock
        changes.put.append((_HEADER, _NO_KEY, _dump(snapshots.header(self._state))))
        self._file.write(changes)
        self._written |= written
        self._note_changes(since_now=True)

    def _add_records(self, changes: Changes, name: str, records: Records) -> None:
        """Add the changed records, or all of them if they are not in the file yet."""
        keys: Iterable[Any] | None = records.changed
        if keys is not None and not keys:
            return
        if keys is None:
            changes.cleared.append((name,))
            keys = records if isinstance(records, RecordDict) else range(len(records))
        record_type = record_types(PART_TYPES[name])[-1]
        for key in keys:
            if isinstance(records, RecordDict) and key not in records:
                changes.deleted.append((name, _dump(key)))
            else:
                changes.put.append((name, _dump(key), self._json(records[key], record_type)))

    def _note_changes(self, *, since_now: bool) -> None:
        """Note the records that change from now on, or all that there are."""
        for part in snapshots.parts(self._state, self._keys).values():
            if isinstance(part, RecordDict | RecordList):
                part.changed = {} if since_now else None

    def _json(self, value: object, kind: Any) -> str:
        return _dump(self._converter.unstructure(value, kind))

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _snapshot(rows: Iterable[Row]) -> JsonObject | None:
    found: defaultdict[str, list[tuple[Any, Any]]] = defaultdict(list)
    try:
        for part, key, value in rows:
            found[part].append((orjson.loads(key), orjson.loads(value)))
    except orjson.JSONDecodeError:
        raise SnapshotError("it is damaged: a row is not JSON") from None
    if not found:
        return None
    parts = {name: _part(records) for name, records in found.items()}
    return snapshots.assemble(parts.pop(_HEADER, {}), parts)


def _part(records: list[tuple[Any, Any]]) -> Any:
    """Return a part as snapshots have it; the keys tell what it is."""
    match records[0][0]:
        case None:
            return records[0][1]
        case int():
            return [value for _, value in records]
        case str():
            return dict(records)
        case _:
            return [list(pair) for pair in records]


def _dump(value: object) -> str:
    return orjson.dumps(value).decode()
