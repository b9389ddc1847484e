"""One process at a time."""

from __future__ import annotations

import sys


def lock(file: int) -> bool:
    """Lock an open file until it is closed; whether nobody else had it. On Windows nothing is locked."""
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415  (not there on Windows)

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
