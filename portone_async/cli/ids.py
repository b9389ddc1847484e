"""Payment ids from a file: one per line, or a column of a CSV file."""

from __future__ import annotations

import csv
import io
import itertools
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import STDIN


def read_ids(source: Path, *, column: str | None, encoding: str) -> list[str]:
    """Return the ids in a file, without duplicates, in the file's order. Blank ids and surrounding space are removed.

    Raises:
        CommandError: The file cannot be read, has no such column, or is a CSV file and no column was named.
    """
    try:
        with _open(source, encoding) as file:
            lines = _skip_bom(file)
            texts = _read_lines(lines, source) if column is None else _read_column(lines, column)
            return list(dict.fromkeys(text for line in texts if (text := line.strip())))
    except UnicodeDecodeError:
        raise CommandError(
            ExitCode.USAGE,
            f"{source} is not {encoding}: Excel's Korean files need --encoding cp949",
        ) from None
    except LookupError:
        raise CommandError(ExitCode.USAGE, f"unknown encoding {encoding!r}") from None
    except csv.Error as error:
        raise CommandError(ExitCode.USAGE, f"{source} cannot be read as CSV: {error}") from None
    except OSError as error:
        raise CommandError(ExitCode.USAGE, f"cannot read {source}: {error.strerror}") from None


def _open(source: Path, encoding: str) -> TextIO | nullcontext[TextIO]:
    if source == STDIN:
        return nullcontext(io.TextIOWrapper(sys.stdin.buffer, encoding, newline=""))
    return source.open(encoding=encoding, newline="")


def _skip_bom(lines: Iterable[str]) -> Iterator[str]:
    """Remove the byte order mark, which `--encoding utf-8` leaves in place."""
    iterator = iter(lines)
    first = next(iterator, "")
    return itertools.chain([first.removeprefix("\ufeff")], iterator)


def _read_lines(lines: Iterator[str], source: Path) -> Iterator[str]:
    """Return the lines, unless they are those of a CSV file: its heading and its rows are not ids.

    A file named .csv is one, as a single column with a heading looks like a list of ids. Under any other name, and on
    stdin, a first line with several fields shows it.
    """
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return iter(())
    names = next(csv.reader([first.strip()]))
    if len(names) > 1 or source.suffix.lower() == ".csv":
        hint = (
            "" if len(names) > 1 else ". If that is an id and not a heading, pass the file on stdin"
        )
        raise CommandError(
            ExitCode.USAGE,
            f"{source} is a CSV file: name the column with the ids by --column; there are: {', '.join(names)}{hint}",
        )
    return itertools.chain([first], lines)


def _read_column(lines: Iterable[str], column: str) -> Iterator[str]:
    rows = csv.DictReader(lines)
    names = rows.fieldnames or []
    if column not in names:
        raise CommandError(
            ExitCode.USAGE,
            f"there is no column {column!r}; there are: {', '.join(names) or 'none'}",
        )
    return (row[column] or "" for row in rows)
