"""How commands end: exit codes for scripts, messages for people."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from portone_async.cli.terminal import complain


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    FAIL_OVER = 4
    INTERRUPTED = 130


EXIT_CODES: Final = (
    "Exit codes: 0 everything is there; 1 something failed, the rest is there; 2 wrong usage; 3 no API secret, or"
    " PortOne refused it; 4 stopped by --fail-over; 130 interrupted. After 1, 3, 4 and 130 the same command goes on"
    " where it ended."
)


class Stop(Exception):  # noqa: N818  (an ending, not always an error)
    """Ends a command with a message and an exit code."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code: Final = code


def ending(command: Callable[[], Exit]) -> Exit:
    """Run a command and tell how it ended."""
    try:
        return command()
    except Stop as stop:
        complain(str(stop))
        return stop.code
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            # Over the ^C that the terminal has echoed.
            sys.stderr.write("\r")
        complain("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone, as `head` does. Nothing may be written there when Python ends.
        sys.stdout = None
        return Exit.INTERRUPTED
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        complain(f"cannot use{name}: {error.strerror}")
        return Exit.FAILED
