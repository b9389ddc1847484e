"""How a bulk command closes: the table that was asked for, and the summary."""

from __future__ import annotations

from rich.console import Console

from portone_async.cli.display import clock
from portone_async.cli.exits import Exit
from portone_async.cli.journal import records
from portone_async.cli.summary import print_summary
from portone_async.cli.tables import write_table
from portone_async.cli.tally import Tally
from portone_async.cli.target import Format, Target

MESSAGES = {
    Exit.INTERRUPTED: "Interrupted. The same command goes on from here.",
    Exit.FAIL_OVER: "Stopped: too many failed. The same command goes on from here.",
}


def close(target: Target, tally: Tally, ended: Exit, *, new: int, elapsed: float) -> Exit:
    """Write the table if the run is complete, print what the output comes to, and tell the exit code.

    Args:
        target: Where the payments went.
        tally: What they come to, those of earlier runs included.
        ended: How the run ended.
        new: Payments of this run.
        elapsed: Seconds that it took.
    """
    console = Console(highlight=False)
    is_complete = ended in (Exit.OK, Exit.FAILED)
    if is_complete and target.format is not Format.JSONL:
        write_table(target.format, target.path, records(target.journal))
    print_summary(console, tally)
    place = target.path if is_complete else target.journal
    payments = _counted(tally.payments, "payment")
    _say(console, f"{payments} in {place}, {new:,} of them new, in {clock(elapsed)}.")
    failed = sum(tally.failures.values())
    if failed:
        lookups = _counted(failed, "lookup")
        again = "The same command tries again."
        _say(console, f"{lookups} failed, see {target.failures}. {again}", "red")
    if ended in MESSAGES:
        _say(console, MESSAGES[ended], "yellow")
    return ended


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _say(console: Console, text: str, style: str | None = None) -> None:
    # Words are wrapped for people, and left on one line for programs.
    console.print(text, style=style, markup=False, soft_wrap=not console.is_terminal)
