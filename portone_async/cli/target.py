"""Where a command writes to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from attrs import frozen

from portone_async.cli.exits import Exit, Stop


class Format(StrEnum):
    """What an output file is."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_SUFFIXES: Final = {
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
        help="The file to write: .jsonl, .csv or .parquet. CSV and Parquet are made at the end from the .jsonl file "
        "beside it, by which a run is resumed.",
    ),
]
FormatOption: TypeAlias = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="KIND",
        help="jsonl, csv or parquet, if the name of FILE does not tell.",
    ),
]


@frozen
class Target:
    """The output file, and the files beside it."""

    path: Path
    format: Format

    @classmethod
    def of(cls, path: Path, chosen: Format | None) -> Target:
        """The target that the options name.

        Raises:
            Stop: They name none.
        """
        found = chosen or _SUFFIXES.get(path.suffix.lower())
        if found is None:
            raise Stop(Exit.USAGE, f"{path}: name it .jsonl, .csv or .parquet, or give --format")
        if path.is_dir() or not path.parent.is_dir():
            raise Stop(Exit.USAGE, f"{path} is no file in a folder that exists")
        if found is not Format.JSONL and path.suffix.lower() == ".jsonl":
            raise Stop(Exit.USAGE, f"{path} is the name of the working file: choose another")
        return cls(path, found)

    @property
    def journal(self) -> Path:
        """The working file."""
        return self.path if self.format is Format.JSONL else self.path.with_suffix(".jsonl")

    @property
    def failures(self) -> Path:
        """The errors file."""
        return self.path.with_suffix(".errors.jsonl")

    @property
    def period(self) -> Path:
        """Where an export keeps what it was asked for."""
        return self.path.with_suffix(".export.json")
