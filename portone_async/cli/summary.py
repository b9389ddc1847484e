"""The summary of an output: by status with a bar chart, by currency, and what failed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from portone_async.cli.tally import Sum, Tally
from portone_async.cli.terminal import WRONG

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_BAR: Final = 24
_SHORTEST_BAR: Final = 4
_STYLES: Final = {
    "PAID": "green",
    "PARTIAL_CANCELLED": "magenta",
    "CANCELLED": "magenta",
    "FAILED": "red",
}


def print_summary(console: Console, tally: Tally) -> None:
    """Print what an output comes to."""
    if tally.payments:
        console.print()
        console.print(_statuses(console, tally))
        console.print()
        console.print(_currencies(tally))
        console.print("Amounts are in the currency's smallest unit.")
    if tally.failures:
        console.print()
        console.print(_failures(tally))
    console.print()


def _statuses(console: Console, tally: Tally) -> Table:
    rows = sorted(tally.sums.items(), key=lambda item: (-item[1].payments, item[0]))
    cells = [
        (status, f"{entry.payments:,}", f"{entry.total:,}", currency)
        for (status, currency), entry in rows
    ]
    headings = ("Status", "Payments", "Total", "")
    widths = [max(len(row[i]) for row in (headings, *cells)) for i in range(len(headings))]
    room = min(_LONGEST_BAR, console.width - sum(widths) - 2 * len(headings))
    has_bars = room >= _SHORTEST_BAR
    table = _table()
    table.add_column("Status", no_wrap=True)
    table.add_column("Payments", justify="right", no_wrap=True)
    if has_bars:
        table.add_column("", width=room, no_wrap=True)
    table.add_column("Total", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    most = rows[0][1].payments
    for ((status, _), entry), (_, payments, total, currency) in zip(rows, cells, strict=True):
        chart = Text(_bar(entry.payments / most, room, _can_draw(console)), _STYLES.get(status, ""))
        table.add_row(status, payments, *([chart] if has_bars else []), total, currency)
    return table


def _currencies(tally: Tally) -> Table:
    sums: defaultdict[str, Sum] = defaultdict(Sum)
    for (_, currency), entry in tally.sums.items():
        found = sums[currency]
        found.payments += entry.payments
        found.paid += entry.paid
        found.cancelled += entry.cancelled
    table = _table()
    table.add_column("Currency", no_wrap=True)
    for heading in ("Payments", "Paid", "Cancelled"):
        table.add_column(heading, justify="right", no_wrap=True)
    for currency, entry in sorted(sums.items(), key=lambda item: -item[1].payments):
        numbers = (entry.payments, entry.paid, entry.cancelled)
        table.add_row(currency, *(f"{number:,}" for number in numbers))
    return table


def _failures(tally: Tally) -> Table:
    table = _table()
    table.add_column("Lookup errors", style=WRONG, no_wrap=True)
    table.add_column("Ids", justify="right", no_wrap=True)
    for name, count in tally.failures.most_common():
        table.add_row(name, f"{count:,}")
    return table


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _bar(share: float, width: int, can_draw: bool) -> str:
    """A bar of at least a sliver, in eighths of a character."""
    eighths = max(1, round(share * width * 8))
    if not can_draw:
        return "#" * max(1, eighths // 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()


def _can_draw(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
