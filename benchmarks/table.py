"""Tables of results, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.section import Section, contender_names, format_ratio, format_value

# Up to so many contenders are columns. With more, the cases are the columns.
MAX_CONTENDER_COLUMNS = 3
_MISSING = "\N{EN DASH}"


def text(section: Section, labels: Mapping[str, str]) -> str:
    """Format a section as a table for the terminal."""
    table = _rows(section, labels)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    table.insert(1, ["-" * width for width in widths])
    lines = (
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )
    return "\n  ".join([section["title"], *lines]) + "\n"


def markdown(section: Section, labels: Mapping[str, str]) -> str:
    """Format a section as a Markdown table."""
    table = _rows(section, labels)
    table.insert(1, ["---", *["--:"] * (len(table[0]) - 1)])
    lines = ("| " + " | ".join(row) + " |" for row in table)
    return "\n".join([f"**{section['title']}**", "", *lines]) + "\n"


def _rows(section: Section, labels: Mapping[str, str]) -> list[list[str]]:
    names = contender_names(section)
    rows = [
        ["", *(labels[name] for name in names)],
        *([case, *(_cell(section, case, name) for name in names)] for case in section["cases"]),
    ]
    if len(names) <= MAX_CONTENDER_COLUMNS:
        return rows
    return [list(column) for column in zip(*rows, strict=True)]


def _cell(section: Section, case: str, name: str) -> str:
    measurement = section["cases"][case].get(name)
    if measurement is None:
        return _MISSING
    ratio = format_ratio(measurement)
    return format_value(measurement, section["unit"]) + (f" ({ratio})" if ratio else "")
