"""A lock between processes."""

from __future__ import annotations

import sys


def try_lock(file: int) -> bool:
    """Lock an open file until it is closed; return `False` if another process has locked it.

    On Windows, nothing is locked.
    """
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415  (does not exist on Windows)

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
