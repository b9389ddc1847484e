"""`portone-async export`: every payment of a period."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from portone_async import PortOne, PortOneError, bulk, with_response
from portone_async._errors import AuthenticationError
from portone_async._origin import BASE_URL
from portone_async.cli.client import BaseUrlOption, create_client, secret_refused
from portone_async.cli.columns import COLUMNS_HELP
from portone_async.cli.command import EXIT_CODES, CommandError, ExitCode, run_command
from portone_async.cli.event_loop import run_async
from portone_async.cli.files import check_outputs
from portone_async.cli.journal import Journal, Record
from portone_async.cli.period import Period, parse_datetime, resolve_period, utc_now
from portone_async.cli.progress_display import ProgressDisplay
from portone_async.cli.report import RESUME, Outcome, finish_run
from portone_async.cli.signals import graceful_shutdown
from portone_async.cli.tables import check_table, find_parquet_library
from portone_async.cli.target import FormatOption, OutputOption, Target

EPILOG = f"{COLUMNS_HELP}\n\n{EXIT_CODES}"
PAGE_SIZE: Final = 1000
"""PortOne's maximum."""


def export(
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Payments created from this time on, such as 2026-07-01 or 2026-07-01T09:00+09:00; "
            "in Korean time if no time zone is given.",
        ),
    ],
    output: OutputOption,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Up to this time; a date means its first moment. Without it, up to now: run again after it is "
            "complete, the same command adds the payments created since.",
        ),
    ] = None,
    output_format: FormatOption = None,
    page_size: Annotated[
        int,
        typer.Option(
            min=1,
            max=PAGE_SIZE,
            metavar="N",
            help="How many payments to request at a time, 1000 at most.",
        ),
    ] = PAGE_SIZE,
    base_url: BaseUrlOption = BASE_URL,
) -> None:
    """Export every payment of a period, and resume after an interruption.

    Each line of the .jsonl file is {"id": ..., "cursor": ..., "payment": ...} with everything that PortOne sent,
    including personal data: only its owner may read it. The period is kept in the .export.json file beside it.

    An interrupted export is resumed with the end that it started with, even without --until. Payments that are
    already in the output stay as they were.

    Ctrl-C lets the running request finish, a second one does not.
    """

    def run() -> ExitCode:
        target = Target.resolve(output, output_format)
        check_outputs((target.path, target.journal, target.period))
        check_table(target.format, target.path, find_parquet_library())
        return _run(target, create_client(base_url), start, until, page_size)

    raise typer.Exit(run_command(run))


def _run(
    target: Target,
    portone: PortOne,
    start: str,
    until: str | None,
    page_size: int,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = utc_now,
) -> ExitCode:
    with Journal(target.journal) as journal:
        period_before = _load_period(target, journal)
        payments_before = journal.totals.payments
        listing_started = now()
        period = resolve_period(
            period_before,
            start=start,
            until=until,
            store_id=os.environ.get("PORTONE_STORE_ID") or None,
            payments=payments_before,
            now=listing_started,
        )
        started_at = clock()
        with ProgressDisplay(completed=payments_before) as display:
            outcome = run_async(
                _export, portone, period, target.period, page_size, journal, display, clock
            )
        if outcome.is_complete:
            period.complete(listing_started).save(target.period)
        return finish_run(
            target,
            journal.totals,
            outcome,
            new=journal.totals.payments - payments_before,
            elapsed=clock() - started_at,
            period=period.describe(),
        )


def _load_period(target: Target, journal: Journal) -> Period | None:
    """Return the period of the existing output; `None` if there is no output yet."""
    period = Period.load(target.period)
    if journal.last is None:
        return None
    if journal.last.cursor is None:
        raise CommandError(
            ExitCode.USAGE, f"{journal.path} is not an export: choose another --output"
        )
    if period is None:
        raise CommandError(
            ExitCode.USAGE,
            f"{target.period} is missing, so the period of {journal.path} is unknown: choose another --output",
        )
    return period


async def _export(
    portone: PortOne,
    period: Period,
    period_path: Path,
    page_size: int,
    journal: Journal,
    display: ProgressDisplay,
    clock: Callable[[], float],
) -> Outcome:
    payments_before = journal.totals.payments
    started_at = clock()
    is_resumed = journal.last is not None and payments_before > period.payments_before
    cursor = journal.last.cursor if journal.last is not None and is_resumed else None
    requested = set[str | None]()
    is_complete = False

    def stop() -> None:
        display.print("Finishing the running request. Press Ctrl-C again to stop now.")

    async with portone:
        with graceful_shutdown(stop) as shutdown:
            while not shutdown.is_requested and not is_complete:
                page = await _get_page(portone, period, page_size, cursor)
                if not requested:
                    # Not before: a request that PortOne refuses must not leave a file behind.
                    period.save(period_path)
                requested.add(cursor)
                for record in page:
                    if record.id not in journal.ids:
                        journal.add(record)
                    cursor = record.cursor
                is_complete = not page
                if not is_complete and cursor in requested:
                    raise CommandError(
                        ExitCode.FAILED,
                        "PortOne returned the same cursor twice: this would never end",
                    )
                new = journal.totals.payments - payments_before
                display.update(bulk.Progress(new, 0, clock() - started_at, None))
    return Outcome(ExitCode.OK if is_complete else ExitCode.INTERRUPTED)


async def _get_page(
    portone: PortOne, period: Period, page_size: int, cursor: str | None
) -> list[Record]:
    try:
        result = await with_response(
            portone.payment.get_all_payments_by_cursor,
            cursor=cursor,
            from_=parse_datetime(period.list_from),
            until=parse_datetime(period.until),
            size=page_size,
        )
    except AuthenticationError as error:
        raise secret_refused(error) from error
    except PortOneError as error:
        raise CommandError(ExitCode.FAILED, f"{error}. {RESUME}") from error
    return list(_parse_page(result.response.json()))


def _parse_page(body: Any) -> Iterator[Record]:
    try:
        items = body["items"]
        if not isinstance(items, list):
            raise TypeError  # noqa: TRY301  (an empty object would look like the end of the list)
        for item in cast("list[Any]", items):
            payment = cast("dict[str, Any]", item["payment"])
            yield Record(str(payment["id"]), payment, str(item["cursor"]))
    except (KeyError, TypeError):
        raise CommandError(
            ExitCode.FAILED, "PortOne's response has no payments with ids and cursors"
        ) from None
