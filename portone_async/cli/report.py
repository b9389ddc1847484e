"""How a bulk command closes: the table that was asked for, and the summary."""

from __future__ import annotations

from portone_async.cli.display import clock
from portone_async.cli.exits import Exit
from portone_async.cli.journal import records
from portone_async.cli.summary import print_summary
from portone_async.cli.tables import write_table
from portone_async.cli.tally import Tally
from portone_async.cli.target import Format, Target
from portone_async.cli.terminal import NOTICE, WRONG, console, say, waiting

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
    out = console()
    is_complete = ended in (Exit.OK, Exit.FAILED)
    if is_complete and target.format is not Format.JSONL:
        with waiting(f"Making {target.path.name}", target.journal.stat().st_size):
            write_table(target.format, target.path, records(target.journal))
    print_summary(out, tally)
    place = target.path if is_complete else target.journal
    payments = _counted(tally.payments, "payment")
    say(out, f"{payments} in {place}, {new:,} of them new, in {clock(elapsed)}.")
    failed = sum(tally.failures.values())
    if failed:
        lookups = _counted(failed, "lookup")
        again = "The same command tries again."
        say(out, f"{lookups} failed, see {target.failures}. {again}", WRONG)
    if ended in MESSAGES:
        say(out, MESSAGES[ended], NOTICE)
    return ended


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
