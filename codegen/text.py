"""Text in generated code: docstrings, wrapped and escaped."""

from __future__ import annotations

import textwrap
from typing import Final

WIDTH: Final = 120


def escaped(text: str) -> str:
    """Text escaped for triple quotes."""
    return text.replace("\\", "\\\\").replace('"""', "'''")


def docstring(text: str, indent: int = 4) -> str:
    """A docstring, wrapped, with a blank line between paragraphs."""
    room = WIDTH - indent
    paragraphs = [
        textwrap.fill(" ".join(part.split()), room) for part in text.strip().split("\n\n")
    ]
    body = escaped("\n\n".join(paragraphs))
    if "\n" in body or len(body) + 6 > room:
        body += "\n"
    if body.endswith('"'):
        body += " "
    return textwrap.indent(f'"""{body}"""', " " * indent, lambda line: bool(line.strip()))


def wrapped(text: str, indent: int = 4) -> str:
    """A paragraph in a docstring."""
    prefix = " " * indent
    return textwrap.fill(
        " ".join(escaped(text).split()), WIDTH, initial_indent=prefix, subsequent_indent=prefix
    )


def hanging(text: str) -> str:
    """An entry of a list in a docstring."""
    return textwrap.fill(
        " ".join(escaped(text).split()),
        WIDTH,
        initial_indent=" " * 8,
        subsequent_indent=" " * 12,
        break_on_hyphens=False,
    )
