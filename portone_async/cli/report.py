"""The end of a bulk command: the table, if one was requested, and the summary."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from attrs import frozen

from portone_async.cli.command import ExitCode
from portone_async.cli.journal import read_records
from portone_async.cli.language import translate
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
    notes: Sequence[str] = (),
    stores: Collection[str | None] = (None,),
    is_partial: bool = False,
) -> ExitCode:
    """Write the table if the run is complete, print the summary, and return the exit code.

    Args:
        target: Where the payments are.
        totals: Their totals, including those of earlier runs.
        outcome: How the run ended.
        new: How many payments this run has added.
        elapsed: How many seconds it took.
        notes: What to say of an export.
        stores: The stores that are complete, whose payments belong in the table.
        is_partial: Whether the table lacks payments of stores that are not.
    """
    has_table = outcome.is_complete and bool(stores)
    if has_table and target.format is not Format.JSONL:
        with spinner(
            translate("Writing {file}", file=target.path.name), target.journal.stat().st_size
        ):
            records = (r for r in read_records(target.journal) if r.store_id in stores)
            write_table(target, records, find_parquet_library())
    console = make_console()
    print_summary(console, totals)
    for note in notes:
        print_message(console, note)
    path = target.path if has_table and not is_partial else target.journal
    payments = count_payments(totals.payments)
    duration = format_duration(elapsed)
    text = translate(
        "{payments} in {path}, {new:,} of them new, in {duration}.",
        payments=payments,
        path=path,
        new=new,
        duration=duration,
    )
    print_message(console, text)
    failed = totals.failures.total()
    if failed:
        text = translate(
            "{number:,} lookup failed, see {path}. Run the same command again to retry."
            if failed == 1
            else "{number:,} lookups failed, see {path}. Run the same command again to retry.",
            number=failed,
            path=target.errors,
        )
        print_message(console, text, ERROR_STYLE)
    if outcome.message or not outcome.is_complete:
        message = outcome.message or translate(_MESSAGES[outcome.exit_code])
        resume = translate("Run the same command again to resume.")
        print_message(console, f"{message} {resume}", NOTICE_STYLE)
    return outcome.exit_code


def count_payments(number: int) -> str:
    """Return a number of payments as text."""
    return translate("{number:,} payment" if number == 1 else "{number:,} payments", number=number)
