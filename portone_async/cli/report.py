"""The end of a bulk command: the table, if one was requested, and the summary."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from portone_async.cli.command import ExitCode
from portone_async.cli.journal import read_records
from portone_async.cli.progress_display import format_duration
from portone_async.cli.summary import print_summary
from portone_async.cli.tables import find_parquet_library, write_table
from portone_async.cli.target import Format, Target
from portone_async.cli.terminal import (
    ERROR_STYLE,
    NOTICE_STYLE,
    make_console,
    print_message,
    spinner,
)
from portone_async.cli.totals import Totals

RESUME: Final = "Run the same command again to resume."
_MESSAGES: Final = {
    ExitCode.INTERRUPTED: "Interrupted.",
    ExitCode.TOO_MANY_FAILURES: "Stopped: too many lookups failed.",
}


@frozen
class Outcome:
    """How a run ended."""

    exit_code: ExitCode
    message: str | None = None
    """Why it ended early; `None` for the exit code's usual message."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do, apart from retrying what failed."""
        return self.exit_code in (ExitCode.OK, ExitCode.FAILED)


def finish_run(
    target: Target,
    totals: Totals,
    outcome: Outcome,
    *,
    new: int,
    elapsed: float,
    period: str | None = None,
) -> ExitCode:
    """Write the table if the run is complete, print the summary, and return the exit code.

    Args:
        target: Where the payments are.
        totals: Their totals, including those of earlier runs.
        outcome: How the run ended.
        new: How many payments this run has added.
        elapsed: How many seconds it took.
        period: What an export covers.
    """
    if outcome.is_complete and target.format is not Format.JSONL:
        with spinner(f"Writing {target.path.name}", target.journal.stat().st_size):
            records = read_records(target.journal)
            write_table(target.format, target.path, records, find_parquet_library())
    console = make_console()
    print_summary(console, totals)
    if period is not None:
        print_message(console, period)
    path = target.path if outcome.is_complete else target.journal
    payments = _count(totals.payments, "payment")
    duration = format_duration(elapsed)
    print_message(console, f"{payments} in {path}, {new:,} of them new, in {duration}.")
    failed = totals.failures.total()
    if failed:
        lookups = _count(failed, "lookup")
        text = f"{lookups} failed, see {target.errors}. Run the same command again to retry."
        print_message(console, text, ERROR_STYLE)
    if not outcome.is_complete:
        message = outcome.message or _MESSAGES[outcome.exit_code]
        print_message(console, f"{message} {RESUME}", NOTICE_STYLE)
    return outcome.exit_code


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
