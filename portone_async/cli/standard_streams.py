"""stdin, stdout and stderr: open whatever the caller did, and able to write any text."""

from __future__ import annotations

import io
import os
import sys
from typing import Final

_STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def prepare_standard_streams() -> None:
    """Open the standard streams that the caller has closed, and escape what their encoding cannot represent."""
    for descriptor, (name, mode) in enumerate(_STREAMS):
        _open_descriptor(descriptor)
        if getattr(sys, name) is None:  # what Python does for a closed stream
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_descriptor(descriptor: int) -> None:
    """Open /dev/null as a standard stream that is closed.

    Otherwise the next file or socket would get its number. Messages would then be written into that file, and libuv,
    on which uvloop is built, aborts the process when it closes one of these numbers (an assertion in `uv__close`).
    """
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one


def discard_output(descriptor: int) -> None:
    """Send everything that is still written there to /dev/null, after its reader has gone.

    Python flushes its streams when it ends, which would raise the error once more:
    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
