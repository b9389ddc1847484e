"""Text in generated code: docstrings, wrapped and escaped."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Final

WIDTH: Final = 120
_SENTENCE: Final = re.compile(r".+?[.!?](?=\s+[^a-z\s]|\s*$)", re.DOTALL)
"""Up to a full stop with a new sentence after it; not that of `e.g.` or of a version."""


def escaped(text: str) -> str:
    """Text escaped for triple quotes."""
    return text.replace("\\", "\\\\").replace('"""', "'''")


def first_sentence(text: str) -> str:
    """The first sentence of a text; all of it, if there is no end to be seen."""
    line = " ".join(text.split())
    found = _SENTENCE.match(line)
    return found.group() if found else line


def docstring(text: str, indent: int = 4, attributes: Iterable[Mapping[str, str]] = ()) -> str:
    """A docstring, wrapped, with a blank line between paragraphs; of a class, with the words of its attributes."""
    room = WIDTH - indent
    first, *others = text.strip().split("\n\n")
    paragraphs = [_filled(first, room, '"""'), *(_filled(part, room) for part in others)]
    entries = [
        textwrap.indent(_entry(f"{each['name']}: {each['words']}", room - 4), " " * 4)
        for each in attributes
        if each["words"]
    ]
    if entries:
        paragraphs.append("\n".join(["Attributes:", *entries]))
    body = "\n\n".join(paragraphs)
    if "\n" in body or len(body) + 3 > room:
        body += "\n"
    if body.endswith('"'):
        body += " "
    return textwrap.indent(f'{body}"""', " " * indent, lambda line: bool(line.strip()))


def wrapped(text: str, indent: int = 4) -> str:
    """A paragraph in a docstring."""
    return textwrap.indent(_filled(text, WIDTH - indent), " " * indent)


def hanging(text: str) -> str:
    """An entry of a list of arguments or of errors in a docstring."""
    return textwrap.indent(_entry(text, WIDTH - 8), " " * 8)


def _filled(text: str, room: int, opening: str = "") -> str:
    """A paragraph, or a list whose items begin with `- `; with the docstring's quotes if it is the first."""
    lines = escaped(text).strip().split("\n- ")
    if len(lines) == 1 and not lines[0].startswith("- "):
        return textwrap.fill(" ".join(lines[0].split()), room, initial_indent=opening)
    lines[0] = lines[0].removeprefix("- ")
    return opening + "\n".join(
        textwrap.fill(" ".join(f"- {line}".split()), room, subsequent_indent="  ") for line in lines
    )


def _entry(text: str, room: int) -> str:
    return textwrap.fill(
        " ".join(escaped(text).split()), room, subsequent_indent=" " * 4, break_on_hyphens=False
    )
