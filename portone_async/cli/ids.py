"""Payment ids from a file: one per line, or a column of a CSV file."""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Final, TextIO

from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import STDIN
from portone_async.cli.formulas import unescape_formula
from portone_async.cli.language import translate

# fmt: off
_HEADINGS: Final = frozenset((
    "id", "ids", "paymentid", "paymentids", "order", "orderid", "orderno", "ordernumber", "merchantuid",
    "merchantorderid", "impuid", "transactionid", "txid",
    "아이디", "결제id", "결제아이디", "결제번호", "결제건id", "포트원결제번호", "주문id", "주문아이디", "주문번호",
    "고객사주문번호", "상점주문번호", "가맹점주문번호", "거래id", "거래번호",
))
# fmt: on
"""Usual headings of a column of ids, in lower case, without spaces, hyphens and underscores."""
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')


def read_ids(source: Path, *, column: str | None, encoding: str) -> list[str]:
    """Return the ids in a file, without duplicates, in the file's order. Blank ids and surrounding space are removed.

    Raises:
        CommandError: The file cannot be read, has no such column, or is a CSV file and no column was named.
    """
    try:
        with _open(source, encoding) as file:
            lines = _skip_start(file)
            texts = _read_lines(lines, source) if column is None else _read_column(lines, column)
            return list(dict.fromkeys(text for line in texts if (text := line.strip())))
    except UnicodeError as error:
        is_utf_16 = isinstance(error, UnicodeDecodeError) and error.object.startswith(
            (BOM_UTF16_LE, BOM_UTF16_BE)
        )
        raise CommandError(
            ExitCode.USAGE,
            "{path} is not {encoding}: Excel's Korean files need --encoding {other}",
            path=source,
            encoding=encoding,
            other="utf-16" if is_utf_16 else "cp949",
        ) from None
    except LookupError:
        raise CommandError(
            ExitCode.USAGE, "unknown encoding {encoding!r}", encoding=encoding
        ) from None
    except csv.Error as error:
        raise CommandError(
            ExitCode.USAGE, "{path} cannot be read as CSV: {error}", path=source, error=error
        ) from None
    except OSError as error:
        reason = translate(error.strerror or "")
        raise CommandError(
            ExitCode.USAGE, "cannot read {path}: {reason}", path=source, reason=reason
        ) from None


def _open(source: Path, encoding: str) -> TextIO | nullcontext[TextIO]:
    if source == STDIN:
        return nullcontext(io.TextIOWrapper(sys.stdin.buffer, encoding, newline=""))
    return source.open(encoding=encoding, newline="")


def _skip_start(lines: Iterable[str]) -> Iterator[str]:
    """Remove the byte order mark, which `--encoding utf-8` leaves in place, and blank lines before the first text."""
    iterator = iter(lines)
    first = next(iterator, "").removeprefix("\ufeff")
    return itertools.dropwhile(lambda line: not line.strip(), itertools.chain([first], iterator))


def _read_lines(lines: Iterator[str], source: Path) -> Iterator[str]:
    """Return the lines, unless they are those of a CSV file: its heading and its rows are not ids.

    What shows a CSV file is a first line with several fields, or with the usual heading of a column of ids. A file
    named .csv is one anyhow: under a heading like no other, a single column looks like a list of ids.
    """
    first = next(lines, "")
    names = _read_heading(_read_rows(first, ()))
    is_named_csv = source.suffix.lower() == ".csv"
    has_heading = len(names) > 1 or _is_heading_of_ids(names)
    if first and (has_heading or is_named_csv):
        hint = translate(". If that is an id and not a heading, pass the file on stdin")
        raise CommandError(
            ExitCode.USAGE,
            "{path} is a CSV file: name the column with the ids by --column; there are: {names}{hint}",
            path=source,
            names=", ".join(names),
            hint="" if has_heading else hint,
        )
    return (_unquote(line.strip()) for line in itertools.chain([first], lines))


def _read_column(lines: Iterator[str], column: str) -> Iterator[str]:
    first = next(lines, "")
    rows = _read_rows(first, lines)
    names = _read_heading(rows)
    if column not in names:
        raise CommandError(
            ExitCode.USAGE,
            "there is no column {name!r}{suggestion}; there are: {names}",
            name=column,
            suggestion="",
            names=", ".join(names) or translate("none"),
        )
    if names.count(column) > 1:
        raise CommandError(ExitCode.USAGE, "there are several columns {name!r}", name=column)
    index = names.index(column)
    return (unescape_formula(row[index]) for row in rows if index < len(row))


def _read_rows(heading: str, lines: Iterable[str]) -> Iterator[list[str]]:
    delimiter = _delimiter(heading)
    return csv.reader(itertools.chain([heading], lines), delimiter=delimiter, skipinitialspace=True)


def _read_heading(rows: Iterator[list[str]]) -> list[str]:
    return [name.strip() for name in next(rows)]


def _delimiter(heading: str) -> str:
    """Return what separates the columns: a tab in what is copied from Excel, in some countries a semicolon."""
    return max(",\t;", key=heading.count)


def _is_heading_of_ids(names: list[str]) -> bool:
    return len(names) == 1 and re.sub(r"[\s_-]", "", names[0]).casefold() in _HEADINGS


def _unquote(text: str) -> str:
    """Return the text of a quoted cell."""
    return next(csv.reader([text]))[0] if _QUOTED.fullmatch(text) else text
