"""HTML that cannot be injected into: whatever is not `Html` is text, and escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import cast

_VOID = frozenset({"input", "link", "meta"})


class Html(str):
    """HTML as it is."""

    __slots__ = ()


def element(tag: str, *content: object, **attributes: object) -> Html:
    """Write an element.

    An attribute's name is a keyword with `-` for `_` and without a last `_`, as in `class_`. One
    that is None or False is left out. Nones, and what is in lists, may stand in the content.
    """
    opened = "".join([f"<{tag}", *(_attribute(*item) for item in attributes.items()), ">"])
    return Html(opened if tag in _VOID else f"{opened}{text(content)}</{tag}>")


def text(content: object) -> Html:
    """Write content: HTML as it is, lists one by one, anything else as text."""
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
