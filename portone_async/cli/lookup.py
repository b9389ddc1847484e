"""`portone-async lookup`: many payments by their ids."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from attrs import frozen

from portone_async import PortOne, Reply, bulk, with_response
from portone_async._client import BASE_URL
from portone_async._errors import AuthenticationError
from portone_async.cli.account import BaseUrl, client, refused
from portone_async.cli.columns import COLUMNS_HELP
from portone_async.cli.display import Display
from portone_async.cli.exits import EXIT_CODES, Exit, Stop, ending
from portone_async.cli.failures import Failures
from portone_async.cli.ids import read_ids
from portone_async.cli.interrupt import interruption
from portone_async.cli.journal import Journal, Record
from portone_async.cli.loop import run_loop
from portone_async.cli.report import close
from portone_async.cli.tables import check_library
from portone_async.cli.tally import JsonObject
from portone_async.cli.target import FormatOption, OutputOption, Target

EPILOG = f"{COLUMNS_HELP}\n\n{EXIT_CODES}"


@frozen
class Limits:
    """How a run treats PortOne."""

    concurrency: int
    rate: float | None
    fail_over: int | None


def lookup(
    ids: Annotated[
        Path,
        typer.Argument(
            metavar="IDS",
            help="A file of payment ids, one a line, or a CSV file with --column; - for stdin.",
        ),
    ],
    output: OutputOption,
    output_format: FormatOption = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="IDS is a CSV file: the heading of the column with the ids."
        ),
    ] = None,
    encoding: Annotated[
        str,
        typer.Option(metavar="NAME", help="How IDS is encoded; cp949 for Excel's Korean files."),
    ] = "utf-8-sig",
    concurrency: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many requests run at once.")
    ] = 50,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="N", help="How many lookups to begin per second at most."),
    ] = None,
    fail_over: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Stop once N ids have failed; 1 for the first."),
    ] = None,
    base_url: BaseUrl = BASE_URL,
) -> None:
    """Look up many payments by their ids, and go on after an interruption.

    Each line of the .jsonl file is {"id": ..., "payment": ...} with the whole of what PortOne sent, and so with
    personal data: only its owner may read it. Ids that it has are not asked for again. Those that failed are
    written to the .errors.jsonl file beside it, and tried again by the next run.

    Ctrl-C waits for the requests that run, a second one does not.
    """
    limits = Limits(concurrency, rate, fail_over)
    raise typer.Exit(
        ending(
            lambda: _run(
                Target.of(output, output_format),
                client(base_url, connections=concurrency),
                read_ids(ids, column=column, encoding=encoding),
                limits,
            )
        )
    )


def _run(target: Target, portone: PortOne, ids: list[str], limits: Limits) -> Exit:
    check_library(target.format)
    with Journal(target.journal) as journal, Failures(target.failures) as failures:
        if journal.last is not None and journal.last.cursor is not None:
            raise Stop(Exit.USAGE, f"{journal.path} is an export: choose another --output")
        wanted = [key for key in ids if key not in journal.ids]
        had = journal.tally.payments
        started = time.monotonic()
        with Display(known=len(ids) - len(wanted), total=len(ids)) as display:
            ended = run_loop(_look_up, portone, wanted, limits, journal, failures, display)
        return close(
            target,
            journal.tally,
            ended,
            new=journal.tally.payments - had,
            elapsed=time.monotonic() - started,
        )


async def _look_up(
    portone: PortOne,
    wanted: list[str],
    limits: Limits,
    journal: Journal,
    failures: Failures,
    display: Display,
) -> Exit:
    async def get(payment_id: str) -> Reply[Any]:
        return await with_response(portone.payment.get_payment, payment_id)

    results = bulk.lookup(
        get,
        wanted,
        concurrency=limits.concurrency,
        # No more than that is asked twice after a crash.
        buffer_size=limits.concurrency,
        rate=limits.rate,
        max_failures=limits.fail_over,
        on_progress=display.show,
    )

    def stop() -> None:
        display.say("Finishing what runs. Ctrl-C again to stop now.")
        results.stop()

    async with portone:
        with interruption(stop) as interrupted:
            try:
                async with results:
                    async for result in results:
                        _keep(result, journal, failures)
            except bulk.TooManyFailuresError:
                return Exit.FAIL_OVER
    if interrupted.happened and results.progress.completed < len(wanted):
        return Exit.INTERRUPTED
    return Exit.FAILED if failures.count else Exit.OK


def _keep(result: bulk.Result[str, Reply[Any]], journal: Journal, failures: Failures) -> None:
    error = result.error
    if isinstance(error, AuthenticationError):
        raise refused(error)
    if error is None:
        response = result.value.response
        payment = response.json()
        if isinstance(payment, dict):
            journal.add(Record(result.argument, cast("JsonObject", payment)))
            return
        error = response.unreadable("is not an object")
    failures.add(result.argument, error)
    journal.tally.fail(error)
