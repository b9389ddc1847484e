"""Tables of what was found, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.section import Section, contenders, show, show_ratio

# As many contenders go side by side; with more, the cases do.
ACROSS = 3


def text(section: Section, labels: Mapping[str, str]) -> str:
    """A table for the terminal."""
    table = _grid(section, labels)
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
    """A table for a document."""
    table = _grid(section, labels)
    table.insert(1, ["---", *["--:"] * (len(table[0]) - 1)])
    lines = ("| " + " | ".join(row) + " |" for row in table)
    return "\n".join([f"**{section['title']}**", "", *lines]) + "\n"


def _grid(section: Section, labels: Mapping[str, str]) -> list[list[str]]:
    names = contenders(section)
    rows = [
        ["", *(labels[name] for name in names)],
        *([case, *(_cell(section, case, name) for name in names)] for case in section["cases"]),
    ]
    return rows if len(names) <= ACROSS else [list(column) for column in zip(*rows, strict=True)]


def _cell(section: Section, case: str, name: str) -> str:
    figure = section["cases"][case].get(name)
    if figure is None:
        return "–"
    ratio = show_ratio(figure)
    return show(figure, section["unit"]) + (f" ({ratio})" if ratio else "")
