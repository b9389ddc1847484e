"""How commands end: exit codes for scripts, messages for people."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from portone_async.cli.language import translate
from portone_async.cli.standard_streams import discard_output
from portone_async.cli.terminal import print_error


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAUTHORIZED = 3
    TOO_MANY_FAILURES = 4
    INTERRUPTED = 130


EXIT_CODES: Final = (
    "Exit codes: 0 everything is there; 1 something failed, the rest is there; 2 wrong usage; 3 no API secret, or"
    " PortOne refused it; 4 stopped early, after --max-failures or because PortOne could not be reached;"
    " 130 interrupted. After 1, 3, 4 and 130, the same command resumes where it stopped."
)


class CommandError(Exception):
    """Ends a command with an exit code and a message: a text to be translated, and the values in its braces."""

    def __init__(self, exit_code: ExitCode, message: str, /, **values: Any) -> None:
        super().__init__(translate(message, **values))
        self.exit_code: Final = exit_code


def run_command(command: Callable[[], ExitCode]) -> ExitCode:
    """Run a command, print the error that ended it if there is one, and return the exit code."""
    try:
        return command()
    except CommandError as error:
        print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            # Overwrite the ^C that the terminal has echoed.
            sys.stderr.write("\r")
        print_error(translate("interrupted"))
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout has gone, as `head` does.
        discard_output(sys.stdout.fileno())
        return ExitCode.INTERRUPTED
    except OSError as error:
        reason = translate(error.strerror or "")
        if error.filename:
            print_error(
                translate("cannot use {path}: {reason}", path=error.filename, reason=reason)
            )
        else:
            print_error(translate("cannot read or write: {reason}", reason=reason))
        return ExitCode.FAILED
