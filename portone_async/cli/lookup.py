"""`portone-async lookup`: many payments by their ids."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer
from attrs import frozen

from portone_async import PortOne, TypedResponse, bulk, with_response
from portone_async._client import BASE_URL
from portone_async._errors import APIConnectionError, AuthenticationError
from portone_async.bulk.columns import JsonObject
from portone_async.cli.client import (
    AllowHttpOption,
    BaseUrlOption,
    create_client,
    secret_refused,
)
from portone_async.cli.columns import COLUMNS_HELP, ColumnsOption
from portone_async.cli.command import EXIT_CODES, CommandError, ExitCode, run_command
from portone_async.cli.errors_file import ErrorsFile
from portone_async.cli.event_loop import run_async
from portone_async.cli.files import check_outputs
from portone_async.cli.ids import read_ids
from portone_async.cli.journal import Journal, Record
from portone_async.cli.language import translate
from portone_async.cli.progress_display import ProgressDisplay
from portone_async.cli.report import Outcome, finish_run
from portone_async.cli.signals import graceful_shutdown
from portone_async.cli.tables import check_table, find_parquet_library
from portone_async.cli.target import FormatOption, OutputOption, Target

EPILOG = f"{COLUMNS_HELP}\n\n{EXIT_CODES}"
MAX_CONNECTION_FAILURES: Final = 10
"""After so many failures to connect in a row, each of them retried, PortOne cannot be reached."""


@frozen
class Limits:
    """The limits of a run."""

    concurrency: int
    rate: float | None
    max_failures: int | None


def lookup(
    ids: Annotated[
        Path,
        typer.Argument(
            metavar="IDS",
            help="A file of payment ids, one per line, or a CSV file with --column; - for stdin.",
        ),
    ],
    output: OutputOption,
    output_format: FormatOption = None,
    columns: ColumnsOption = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="IDS is a CSV file: the heading of the column with the ids."
        ),
    ] = None,
    encoding: Annotated[
        str,
        typer.Option(metavar="NAME", help="The encoding of IDS; cp949 for Excel's Korean files."),
    ] = "utf-8-sig",
    concurrency: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many requests run at once.")
    ] = 50,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="N", help="How many lookups to start per second at most."),
    ] = None,
    max_failures: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Stop after N ids have failed; 1 for the first. In any case, stop after 10 failures to connect "
            "in a row.",
        ),
    ] = None,
    base_url: BaseUrlOption = BASE_URL,
    allow_http: AllowHttpOption = False,
) -> None:
    """Look up many payments by their ids, and resume after an interruption.

    Each line of the .jsonl file is {"id": ..., "payment": ...} with everything that PortOne sent, including personal
    data: only its owner may read it. Ids that are in it are not looked up again. Ids that failed are written to the
    .errors.jsonl file beside it, and tried again by the next run.

    Ctrl-C lets the running requests finish, a second one does not.
    """

    def run() -> ExitCode:
        target = Target.resolve(output, output_format, columns)
        check_outputs((target.path, target.journal, target.errors), source=ids)
        check_table(target, find_parquet_library())
        portone = create_client(base_url, allow_http=allow_http, connections=concurrency)
        payment_ids = read_ids(ids, column=column, encoding=encoding)
        return _run(target, portone, payment_ids, Limits(concurrency, rate, max_failures))

    raise typer.Exit(run_command(run))


def _run(
    target: Target,
    portone: PortOne,
    ids: list[str],
    limits: Limits,
    clock: Callable[[], float] = time.monotonic,
) -> ExitCode:
    with Journal(target.journal) as journal, ErrorsFile(target.errors) as errors:
        if journal.last is not None and journal.last.cursor is not None:
            raise CommandError(
                ExitCode.USAGE, "{path} is an export: choose another --output", path=journal.path
            )
        present = journal.stores[None].ids
        missing = [key for key in ids if key not in present]
        payments_before = journal.totals.payments
        started_at = clock()
        with ProgressDisplay(completed=len(ids) - len(missing), total=len(ids)) as display:
            outcome = run_async(_look_up, portone, missing, limits, journal, errors, display)
        exit_code = finish_run(
            target,
            journal.totals,
            outcome,
            new=journal.totals.payments - payments_before,
            elapsed=clock() - started_at,
        )
        if exit_code is ExitCode.TOO_MANY_FAILURES:
            journal.remove_if_new_and_empty()
        return exit_code


async def _look_up(
    portone: PortOne,
    ids: list[str],
    limits: Limits,
    journal: Journal,
    errors: ErrorsFile,
    display: ProgressDisplay,
) -> Outcome:
    async def get(payment_id: str) -> TypedResponse[Any]:
        return await with_response(portone.payment.get_payment, payment_id)

    results = bulk.lookup(
        get,
        ids,
        concurrency=limits.concurrency,
        # After a crash, no more than these are looked up twice.
        buffer_size=limits.concurrency,
        rate=limits.rate,
        max_failures=limits.max_failures,
        on_progress=display.update,
    )

    def stop() -> None:
        display.print(translate("Finishing the running requests. Press Ctrl-C again to stop now."))
        results.stop()

    connection_failures = 0
    async with portone:
        with graceful_shutdown(stop) as shutdown:
            try:
                async with results:
                    async for result in results:
                        _save(result, journal, errors)
                        is_unreachable = isinstance(result.error, APIConnectionError)
                        connection_failures = connection_failures + 1 if is_unreachable else 0
                        if connection_failures == MAX_CONNECTION_FAILURES:
                            return Outcome(
                                ExitCode.TOO_MANY_FAILURES,
                                translate(
                                    "Stopped: PortOne could not be reached ({error}).",
                                    error=result.error,
                                ),
                            )
            except bulk.TooManyFailuresError:
                return Outcome(ExitCode.TOO_MANY_FAILURES)
    if shutdown.is_requested and results.progress.completed < len(ids):
        return Outcome(ExitCode.INTERRUPTED)
    return Outcome(ExitCode.FAILED if errors.count else ExitCode.OK)


def _save(
    result: bulk.Result[str, TypedResponse[Any]], journal: Journal, errors: ErrorsFile
) -> None:
    error = result.error
    if isinstance(error, AuthenticationError):
        raise secret_refused(error)
    if error is None:
        response = result.value.response
        payment = response.json()
        if isinstance(payment, dict):
            journal.add(Record(result.argument, cast("JsonObject", payment)))
            return
        error = response.unreadable("is not an object")
    errors.add(result.argument, error)
    journal.totals.add_failure(error)
