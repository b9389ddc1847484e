"""HTML rendering safe from injection: everything but `Html` is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import cast

_VOID = frozenset({"input", "link", "meta"})


class Html(str):
    """Trusted HTML, which is not escaped."""

    __slots__ = ()


def element(tag: str, *content: object, **attributes: object) -> Html:
    """Render an element.

    Keyword names become attribute names: `_` becomes `-`, and a trailing `_` is dropped, as in
    `class_`. Attributes that are `None` or `False` are omitted. Content may contain `None` and
    lists.
    """
    opened = "".join([f"<{tag}", *(_attribute(*item) for item in attributes.items()), ">"])
    return Html(opened if tag in _VOID else f"{opened}{text(content)}</{tag}>")


def text(content: object) -> Html:
    """Render content: `Html` unchanged, lists item by item, anything else escaped."""
    if content is None:
        return Html()
    if isinstance(content, Html):
        return content
    if isinstance(content, list | tuple):
        return Html("".join(text(each) for each in cast("Iterable[object]", content)))
    return Html(escape(str(content)))


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
