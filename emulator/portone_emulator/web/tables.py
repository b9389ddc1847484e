"""Tables that turn into cards on narrow screens, and stay tables for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from portone_emulator.web.html import Html, element


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Html:
    """Render a table. The first cell of each row is its header.

    The ARIA roles repeat what the elements mean, because `display: block`, which turns rows into
    cards, removes that meaning.
    """
    heads = [element("th", column, scope="col", role="columnheader") for column in columns]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", heads, role="row"), role="rowgroup"),
        element("tbody", [_row(columns, cells) for cells in rows], role="rowgroup"),
        role="table",
    )


def _row(columns: Sequence[str], cells: Sequence[object]) -> Html:
    first, *others = cells
    head = element("th", first, scope="row", role="rowheader", data_label=columns[0])
    rest = [
        element("td", cell, role="cell", data_label=column)
        for column, cell in zip(columns[1:], others, strict=True)
    ]
    return element("tr", head, rest, role="row")
