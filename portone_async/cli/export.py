"""`portone-async export`: every payment of a period, of one store or several."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, cast

import typer
from attrs import frozen

from portone_async import PortOne, PortOneError, bulk, with_response
from portone_async._errors import AuthenticationError
from portone_async._origin import BASE_URL
from portone_async.cli.client import (
    AllowHttpOption,
    BaseUrlOption,
    create_client,
    secret_refused,
)
from portone_async.cli.columns import COLUMNS_HELP, ColumnsOption
from portone_async.cli.command import EXIT_CODES, CommandError, ExitCode, run_command
from portone_async.cli.event_loop import run_async
from portone_async.cli.files import check_outputs
from portone_async.cli.journal import Journal, Record
from portone_async.cli.language import translate
from portone_async.cli.period import Period, PeriodFile, parse_datetime, resolve_periods, utc_now
from portone_async.cli.progress_display import ProgressDisplay
from portone_async.cli.report import Outcome, count_payments, finish_run
from portone_async.cli.signals import Shutdown, graceful_shutdown
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
    columns: ColumnsOption = None,
    page_size: Annotated[
        int,
        typer.Option(
            min=1,
            max=PAGE_SIZE,
            metavar="N",
            help="How many payments to request at a time, 1000 at most.",
        ),
    ] = PAGE_SIZE,
    store: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="The store to export, also several times for several stores; without it that of PORTONE_STORE_ID, or"
            " else of the API secret.",
        ),
    ] = None,
    base_url: BaseUrlOption = BASE_URL,
    allow_http: AllowHttpOption = False,
) -> None:
    """Export every payment of a period, and resume after an interruption.

    Each line of the .jsonl file is {"id": ..., "cursor": ..., "payment": ...} with everything that PortOne sent,
    including personal data: only its owner may read it; with "storeId" if the store was named. The period is kept in
    the .export.json file beside it.

    An interrupted export is resumed with the end that it started with, even without --until. Payments that are
    already in the output stay as they were. If one of several stores fails, CSV and Parquet have the payments of those
    that are complete.

    Ctrl-C lets the running request finish, a second one does not.
    """

    def run() -> ExitCode:
        target = Target.resolve(output, output_format, columns)
        check_outputs((target.path, target.journal, target.period))
        check_table(target, find_parquet_library())
        portone = create_client(base_url, allow_http=allow_http)
        stores = list(dict.fromkeys(store or [os.environ.get("PORTONE_STORE_ID") or None]))
        return _run(target, portone, stores, start, until, page_size)

    raise typer.Exit(run_command(run))


def _run(
    target: Target,
    portone: PortOne,
    stores: Sequence[str | None],
    start: str,
    until: str | None,
    page_size: int,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = utc_now,
) -> ExitCode:
    with Journal(target.journal) as journal:
        saved = _load_periods(target, journal)
        payments_before = journal.totals.payments
        listing_started = now()
        periods = resolve_periods(
            saved.periods,
            start=start,
            until=until,
            payments={store_id: len(journal.stores[store_id].ids) for store_id in stores},
            now=listing_started,
        )
        started_at = clock()
        with ProgressDisplay(completed=payments_before) as display:

            def show() -> None:
                new = journal.totals.payments - payments_before
                display.update(bulk.Progress(new, 0, clock() - started_at, None))

            export = _Export(portone, journal, saved, page_size, listing_started, display, show)
            outcome = run_async(export.run, periods)
        return finish_run(
            target,
            journal.totals,
            outcome,
            new=journal.totals.payments - payments_before,
            elapsed=clock() - started_at,
            notes=[periods[0].describe(), *(_describe_stores(stores, journal, saved))],
            stores=saved.complete_stores,
            is_partial=not saved.complete_stores.issuperset(stores),
        )


def _describe_stores(
    stores: Sequence[str | None], journal: Journal, saved: PeriodFile
) -> Iterator[str]:
    if len(stores) == 1:
        return
    for store_id in stores:
        count = count_payments(len(journal.stores[store_id].ids))
        is_complete = store_id in saved.complete_stores
        text = (
            "{store}: {payments}"
            if is_complete
            else "{store}: {payments}, not complete (left out of CSV and Parquet)"
        )
        yield translate(text, store=store_id, payments=count)


def _load_periods(target: Target, journal: Journal) -> PeriodFile:
    """Return the periods of the existing output; none if there is no output yet."""
    saved = PeriodFile.load(target.period)
    if journal.last is None:
        return PeriodFile(target.period)
    if journal.last.cursor is None:
        raise CommandError(
            ExitCode.USAGE, "{path} is not an export: choose another --output", path=journal.path
        )
    if not saved.periods:
        raise CommandError(
            ExitCode.USAGE,
            "{file} is missing, so the period of {path} is unknown: choose another --output",
            file=target.period,
            path=journal.path,
        )
    return saved


@frozen
class _Export:
    """A run over one or several stores."""

    portone: PortOne
    journal: Journal
    saved: PeriodFile
    page_size: int
    started: datetime
    display: ProgressDisplay
    show_progress: Callable[[], None]

    async def run(self, periods: Sequence[Period]) -> Outcome:
        """Export the stores one after another. One that fails does not stop the others."""
        failed = 0

        def stop() -> None:
            self.display.print(
                translate("Finishing the running request. Press Ctrl-C again to stop now.")
            )

        async with self.portone:
            with graceful_shutdown(stop) as shutdown:
                for period in periods:
                    if period.listed_until is not None:
                        continue
                    try:
                        await self._export_store(period, shutdown)
                    except CommandError as error:
                        if error.exit_code is not ExitCode.FAILED:
                            raise
                        if len(periods) == 1:
                            raise CommandError(
                                error.exit_code,
                                "{error}. Run the same command again to resume.",
                                error=error,
                            ) from error
                        self.display.print(f"portone-async: {period.store_id}: {error}")
                        failed += 1
        if shutdown.is_requested and self.saved.complete_stores < {p.store_id for p in periods}:
            return Outcome(ExitCode.INTERRUPTED)
        if failed:
            message = translate("{failed} of {all} stores failed.", failed=failed, all=len(periods))
            return Outcome(ExitCode.FAILED, message)
        return Outcome(ExitCode.OK)

    async def _export_store(self, period: Period, shutdown: Shutdown) -> None:
        store = self.journal.stores[period.store_id]
        cursor = store.cursor if len(store.ids) > period.payments_before else None
        requested = set[str | None]()
        while not shutdown.is_requested:
            page = await _get_page(self.portone, period, self.page_size, cursor)
            if not requested:
                # Not before: a request that PortOne refuses must not leave a file behind.
                self.saved.save(period)
            requested.add(cursor)
            for record in page:
                if record.id not in store.ids:
                    self.journal.add(record)
                cursor = record.cursor
            self.show_progress()
            if not page:
                self.saved.save(period.complete(self.started))
                return
            if cursor in requested:
                raise CommandError(
                    ExitCode.FAILED, "PortOne returned the same cursor twice: this would never end"
                )


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
            store_id=period.store_id,
        )
    except AuthenticationError as error:
        raise secret_refused(error) from error
    except PortOneError as error:
        raise CommandError(ExitCode.FAILED, "{error}", error=error) from error
    return list(_parse_page(result.response.json(), period.store_id))


def _parse_page(body: Any, store_id: str | None) -> Iterator[Record]:
    try:
        items = body["items"]
        if not isinstance(items, list):
            raise TypeError  # noqa: TRY301  (an empty object would look like the end of the list)
        for item in cast("list[Any]", items):
            payment = cast("dict[str, Any]", item["payment"])
            yield Record(str(payment["id"]), payment, str(item["cursor"]), store_id)
    except (KeyError, TypeError):
        raise CommandError(
            ExitCode.FAILED, "PortOne's response has no payments with ids and cursors"
        ) from None
