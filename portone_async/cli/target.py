"""The output of a command: its path, its format, and the files beside it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from attrs import frozen

from portone_async.bulk.columns import COLUMNS
from portone_async.cli.columns import Columns, choose_columns
from portone_async.cli.command import CommandError, ExitCode


class Format(StrEnum):
    """The formats of an output."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_FORMATS_BY_SUFFIX: Final = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}

OutputOption: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The file to write: .jsonl, .csv or .parquet. CSV and Parquet are created at the end, from the .jsonl "
        "file beside it, which also makes it possible to resume. A file that this command has not written is never "
        "replaced.",
    ),
]
FormatOption: TypeAlias = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="KIND",
        help="jsonl, csv or parquet, if it does not follow from the name of FILE.",
    ),
]


@frozen
class Target:
    """The output file, its columns, and the names of the files beside it."""

    path: Path
    format: Format
    columns: Columns = COLUMNS

    @classmethod
    def resolve(cls, path: Path, chosen: Format | None, columns: str | None = None) -> Target:
        """Return the target for the options.

        Raises:
            CommandError: The format or a column is unknown, or no such file can be written.
        """
        output_format = chosen or _FORMATS_BY_SUFFIX.get(path.suffix.lower())
        if output_format is None:
            raise CommandError(
                ExitCode.USAGE,
                "{path}: name it .jsonl, .csv or .parquet, or give --format",
                path=path,
            )
        if not path.parent.is_dir():
            raise CommandError(ExitCode.USAGE, "{path}: directory does not exist", path=path)
        if path.is_dir():
            raise CommandError(ExitCode.USAGE, "{path} is a directory", path=path)
        if output_format is not Format.JSONL and path.suffix.lower() == ".jsonl":
            raise CommandError(
                ExitCode.USAGE,
                "{path} is the name of the working file: choose another --output",
                path=path,
            )
        if output_format is Format.JSONL and columns is not None:
            raise CommandError(
                ExitCode.USAGE, "--columns is for CSV and Parquet: name --output .csv or .parquet"
            )
        return cls(path, output_format, choose_columns(columns))

    @property
    def journal(self) -> Path:
        """The journal, or working file."""
        return self.path if self.format is Format.JSONL else self.path.with_suffix(".jsonl")

    @property
    def errors(self) -> Path:
        """The errors file of a lookup."""
        return self.path.with_suffix(".errors.jsonl")

    @property
    def period(self) -> Path:
        """The file in which an export keeps its period."""
        return self.path.with_suffix(".export.json")
