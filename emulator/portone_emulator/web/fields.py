"""Fields of forms, with their labels."""

from __future__ import annotations

from collections.abc import Mapping

from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Text, Translator


def text_field(
    t: Translator, label: Text, name: str, *, required: bool = True, **attributes: object
) -> Html:
    """Render a field for a text."""
    return _field(t, label, name, type="text", required=required, **attributes)


def number_field(
    t: Translator, label: Text, name: str, *, required: bool = True, **attributes: object
) -> Html:
    """Render a field for a number."""
    return _field(t, label, name, type="number", required=required, **attributes)


def choice(t: Translator, label: Text, name: str, choices: Mapping[str, Text]) -> Html:
    """Render a choice of one of several values."""
    options = [element("option", t(text), value=value) for value, text in choices.items()]
    return element("label", t(label), element("select", options, name=name))


def _field(t: Translator, label: Text, name: str, **attributes: object) -> Html:
    return element("label", t(label), element("input", name=name, autocomplete="off", **attributes))
