"""`portone-async export`: every payment of a period."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any, cast

import anyio
import typer

from portone_async import PortOne, PortOneError, bulk, with_response
from portone_async._client import BASE_URL
from portone_async._errors import AuthenticationError
from portone_async.cli.account import BaseUrl, client, refused
from portone_async.cli.columns import COLUMNS_HELP
from portone_async.cli.display import Display
from portone_async.cli.exits import EXIT_CODES, Exit, Stop, ending
from portone_async.cli.interrupt import interruption
from portone_async.cli.journal import Journal, Record
from portone_async.cli.loop import run_loop
from portone_async.cli.period import Period, agree, moment
from portone_async.cli.report import close
from portone_async.cli.tables import check_library
from portone_async.cli.target import FormatOption, OutputOption, Target

EPILOG = f"{COLUMNS_HELP}\n\n{EXIT_CODES}"
PAGE_SIZE = 1000


def export(
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Payments created from this time on, such as 2026-07-01 or 2026-07-01T09:00+09:00; "
            "Korea's clock counts where no zone is given.",
        ),
    ],
    output: OutputOption,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Up to this time; a date is its first moment. Now."),
    ] = None,
    output_format: FormatOption = None,
    page_size: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            metavar="N",
            help="How many payments to ask for at a time, 1000 at most.",
        ),
    ] = PAGE_SIZE,
    base_url: BaseUrl = BASE_URL,
) -> None:
    """Export every payment of a period, and go on after an interruption.

    Each line of the .jsonl file is {"id": ..., "cursor": ..., "payment": ...} with the whole of what PortOne sent,
    and so with personal data: only its owner may read it. The period is kept in the .export.json file beside it.

    Ctrl-C waits for the page that is on its way, a second one does not.
    """

    def run() -> Exit:
        target = Target.of(output, output_format)
        check_library(target.format)
        portone = client(base_url)
        with Journal(target.journal) as journal:
            if journal.last is not None and journal.last.cursor is None:
                raise Stop(Exit.USAGE, f"{journal.path} is no export: choose another --output")
            is_begun = journal.last is not None
            period = agree(target.period, is_begun=is_begun, start=start, until=until)
            had = journal.tally.payments
            started = time.monotonic()
            with Display(known=had) as display:
                ended = run_loop(_export, portone, period, page_size, journal, display)
            return close(
                target,
                journal.tally,
                ended,
                new=journal.tally.payments - had,
                elapsed=time.monotonic() - started,
            )

    raise typer.Exit(ending(run))


async def _export(
    portone: PortOne, period: Period, page_size: int, journal: Journal, display: Display
) -> Exit:
    had = journal.tally.payments
    started = anyio.current_time()
    cursor = None if journal.last is None else journal.last.cursor
    asked = set[str | None]()
    is_complete = False

    def stop() -> None:
        display.say("Finishing the page. Ctrl-C again to stop now.")

    async with portone:
        with interruption(stop) as interrupted:
            while not interrupted.happened and not is_complete:
                asked.add(cursor)
                page = await _page(portone, period, page_size, cursor)
                for record in page:
                    if record.id not in journal.ids:
                        journal.add(record)
                    cursor = record.cursor
                is_complete = not page
                if not is_complete and cursor in asked:
                    raise Stop(Exit.FAILED, "PortOne repeats a cursor: this would never end")
                elapsed = anyio.current_time() - started
                display.show(bulk.Progress(journal.tally.payments - had, 0, elapsed, None))
    return Exit.OK if is_complete else Exit.INTERRUPTED


async def _page(
    portone: PortOne, period: Period, page_size: int, cursor: str | None
) -> list[Record]:
    try:
        reply = await with_response(
            portone.payment.get_all_payments_by_cursor,
            cursor=cursor,
            from_=moment(period.start),
            until=moment(period.until),
            size=page_size,
        )
    except AuthenticationError as error:
        raise refused(error) from error
    except PortOneError as error:
        raise Stop(Exit.FAILED, f"{error}. The same command goes on from here.") from error
    return list(_records(reply.response.json()))


def _records(body: Any) -> Iterator[Record]:
    try:
        for item in body["items"]:
            payment = cast("dict[str, Any]", item["payment"])
            yield Record(str(payment["id"]), payment, str(item["cursor"]))
    except (KeyError, TypeError):
        raise Stop(Exit.FAILED, "PortOne's answer has no payments with ids and cursors") from None
