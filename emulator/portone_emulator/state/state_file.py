"""Reading and writing state files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import cast

import orjson

from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.snapshots import SnapshotError


def write(path: Path, snapshot: JsonObject) -> None:
    """Write a snapshot atomically: the file is the old one or the new one, never a part of it.

    Raises:
        OSError: the file cannot be written.
    """
    path = path.resolve()  # keep a symbolic link: replace its target
    content = orjson.dumps(snapshot, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path) -> JsonObject:
    """Read a snapshot.

    Raises:
        OSError: the file does not exist or cannot be read.
        SnapshotError: the file is not a JSON object.
    """
    try:
        snapshot = cast("object", orjson.loads(path.read_bytes()))
    except orjson.JSONDecodeError:
        raise SnapshotError("it is damaged: it is not JSON") from None
    if not isinstance(snapshot, dict):
        raise SnapshotError("it is not an emulator state file")
    return cast("JsonObject", snapshot)
