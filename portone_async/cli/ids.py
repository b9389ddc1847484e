"""Payment ids from a file: one a line, or a column of a CSV file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

from portone_async.cli.exits import Exit, Stop

STDIN = Path("-")


def read_ids(source: Path, *, column: str | None, encoding: str) -> list[str]:
    """The ids of a file, each once, in the order of the file. White space around them and empty ones go.

    Raises:
        Stop: The file cannot be read, or has no such column.
    """
    try:
        with _open(source, encoding) as lines:
            found = lines if column is None else _column(lines, column)
            return list(dict.fromkeys(text for line in found if (text := line.strip())))
    except UnicodeDecodeError:
        hint = f"{source} is not {encoding}: Excel's Korean files take --encoding cp949"
        raise Stop(Exit.USAGE, hint) from None
    except LookupError:
        raise Stop(Exit.USAGE, f"there is no encoding {encoding!r}") from None
    except csv.Error as error:
        raise Stop(Exit.USAGE, f"{source} cannot be read as CSV: {error}") from None
    except OSError as error:
        raise Stop(Exit.USAGE, f"cannot read {source}: {error.strerror}") from None


def _open(source: Path, encoding: str) -> TextIO | nullcontext[TextIO]:
    if source == STDIN:
        return nullcontext(io.TextIOWrapper(sys.stdin.buffer, encoding, newline=""))
    return source.open(encoding=encoding, newline="")


def _column(lines: Iterable[str], column: str) -> Iterator[str]:
    rows = csv.DictReader(lines)
    names = rows.fieldnames or []
    if column not in names:
        there = ", ".join(names) or "none"
        raise Stop(Exit.USAGE, f"there is no column {column!r}; there are: {there}")
    return (row[column] or "" for row in rows)
