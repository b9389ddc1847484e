"""The pages' header: the title, the clock, and what applies to everything."""

from __future__ import annotations

from portone_emulator.web import texts
from portone_emulator.web.buttons import button
from portone_emulator.web.html import Html, element
from portone_emulator.web.language import Translator
from portone_emulator.web.times import clock_text

_STEPS = (
    (texts.PLUS_MINUTE, "minutes", 1),
    (texts.PLUS_HOUR, "hours", 1),
    (texts.PLUS_DAY, "days", 1),
    (texts.PLUS_MONTH, "days", 30),
)


def header(t: Translator, now: str, title: str | None = None) -> Html:
    """Render the header; with the title of a page other than the dashboard, a link to that."""
    steps = [
        element("button", t(label), name=name, value=value, data_key=f"{name} {value}")
        for label, name, value in _STEPS
    ]
    return element(
        "header",
        element("h1", title or t(texts.TITLE)),
        element("a", t(texts.BACK), href="/") if title else None,
        element("p", element("span", clock_text(now), id="now"), class_="clock"),
        element(
            "form",
            steps,
            method="post",
            action="/_emulator/advance",
            class_="row",
            aria_label=t(texts.ADVANCE),
        ),
        None if title else _buttons(t),
    )


def _buttons(t: Translator) -> Html:
    return element(
        "div",
        button("decline", t(texts.DECLINE), subject=t(texts.DECLINE_SUBJECT)),
        button(
            "reset",
            t(texts.RESET),
            kind="danger",
            subject=t(texts.RESET_SUBJECT),
            confirm=t(texts.CONFIRM_RESET),
        ),
        class_="row end",
    )


def notice(t: Translator, problem: str | None) -> Html:
    """Render the status line, where the script shows the result of a button."""
    return element(
        "p",
        problem,
        id="notice",
        role="status",
        class_="problem" if problem else None,
        data_done=t(texts.DONE),
        data_gone=t(texts.NO_RESPONSE),
    )
