"""Tables that turn into cards on narrow screens, and stay tables for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator


@frozen
class Column:
    """A column. Numbers are aligned at the right."""

    title: Text
    is_number: bool = False

    @property
    def css_class(self) -> str | None:
        """The class of its cells."""
        return "number" if self.is_number else None


def table(
    t: Translator, caption: str, columns: Sequence[Column], rows: Sequence[Sequence[object]]
) -> Html:
    """Render a table. The first cell of each row is its header.

    The ARIA roles repeat what the elements mean, because `display: block`, which turns rows into
    cards, removes that meaning.
    """
    heads = [
        element("th", t(column.title), scope="col", role="columnheader", class_=column.css_class)
        for column in columns
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", heads, role="row"), role="rowgroup"),
        element("tbody", [_row(t, columns, cells) for cells in rows], role="rowgroup"),
        role="table",
    )


def _row(t: Translator, columns: Sequence[Column], cells: Sequence[object]) -> Html:
    first, *others = cells
    head = element("th", first, scope="row", role="rowheader", data_label=t(columns[0].title))
    rest = [
        element("td", cell, role="cell", class_=column.css_class, data_label=t(column.title))
        for column, cell in zip(columns[1:], others, strict=True)
    ]
    return element("tr", head, rest, role="row")
