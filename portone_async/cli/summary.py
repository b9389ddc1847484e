"""The summary of an output: a table by status with a bar chart, one by currency, and one of the failures."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from portone_async.cli.language import translate
from portone_async.cli.terminal import ERROR_STYLE
from portone_async.cli.totals import Subtotal, Totals

if TYPE_CHECKING:
    from rich.console import Console

_MAX_BAR_WIDTH: Final = 24
_MIN_BAR_WIDTH: Final = 4
_STYLES: Final = {
    "PAID": "green",
    "PARTIAL_CANCELLED": "magenta",
    "CANCELLED": "magenta",
    "FAILED": "red",
}


def print_summary(console: Console, totals: Totals) -> None:
    """Print the summary of an output."""
    if totals.payments:
        console.print()
        console.print(_status_table(console, totals))
        console.print()
        console.print(_currency_table(totals))
        console.print(translate("Amounts are in the currency's smallest unit."))
    if totals.failures:
        console.print()
        console.print(_failure_table(totals))
    console.print()


def _status_table(console: Console, totals: Totals) -> Table:
    rows = sorted(totals.subtotals.items(), key=lambda item: (-item[1].payments, item[0]))
    cells = [
        (status, f"{entry.payments:,}", f"{entry.total:,}", currency)
        for (status, currency), entry in rows
    ]
    status_heading, payments_heading, total_heading = map(
        translate, ("Status", "Payments", "Total")
    )
    headings = (status_heading, payments_heading, total_heading, "")
    widths = [max(cell_len(row[i]) for row in (headings, *cells)) for i in range(len(headings))]
    bar_width = min(_MAX_BAR_WIDTH, console.width - sum(widths) - 2 * len(headings))
    has_bars = bar_width >= _MIN_BAR_WIDTH
    table = _new_table()
    table.add_column(status_heading, no_wrap=True)
    table.add_column(payments_heading, justify="right", no_wrap=True)
    if has_bars:
        table.add_column("", width=bar_width, no_wrap=True)
    table.add_column(total_heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    most_payments = rows[0][1].payments
    for ((status, _), entry), (_, payments, total, currency) in zip(rows, cells, strict=True):
        share = entry.payments / most_payments
        chart = Text(_bar(share, bar_width, _has_blocks(console)), _STYLES.get(status, ""))
        table.add_row(status, payments, *([chart] if has_bars else []), total, currency)
    return table


def _currency_table(totals: Totals) -> Table:
    subtotals: defaultdict[str, Subtotal] = defaultdict(Subtotal)
    for (_, currency), entry in totals.subtotals.items():
        subtotal = subtotals[currency]
        subtotal.payments += entry.payments
        subtotal.paid += entry.paid
        subtotal.cancelled += entry.cancelled
    table = _new_table()
    table.add_column(translate("Currency"), no_wrap=True)
    for heading in ("Payments", "Paid", "Cancelled"):
        table.add_column(translate(heading), justify="right", no_wrap=True)
    for currency, entry in sorted(subtotals.items(), key=lambda item: -item[1].payments):
        numbers = (entry.payments, entry.paid, entry.cancelled)
        table.add_row(currency, *(f"{number:,}" for number in numbers))
    return table


def _failure_table(totals: Totals) -> Table:
    table = _new_table()
    table.add_column(translate("Lookup errors"), style=ERROR_STYLE, no_wrap=True)
    table.add_column(translate("Ids"), justify="right", no_wrap=True)
    for name, count in totals.failures.most_common():
        table.add_row(name, f"{count:,}")
    return table


def _new_table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _bar(share: float, width: int, has_blocks: bool) -> str:
    """Return a bar of at least an eighth of a character."""
    eighths = max(1, round(share * width * 8))
    if not has_blocks:
        return "#" * max(1, eighths // 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()


def _has_blocks(console: Console) -> bool:
    """Whether the terminal's encoding has the block characters."""
    return console.encoding.lower().startswith("utf")
