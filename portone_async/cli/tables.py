"""CSV and Parquet files, created from the journal when a run is complete."""

from __future__ import annotations

import csv
import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from portone_async._files import atomic_write
from portone_async.bulk.columns import COLUMN_NAMES
from portone_async.cli.columns import Columns, are_columns, to_texts, to_values
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.files import not_written_here, open_private
from portone_async.cli.journal import Record
from portone_async.cli.payment_fields import Kind
from portone_async.cli.target import Format, Target

# How many rows are in memory at once, and in a row group of Parquet.
_BATCH_SIZE: Final = 10_000
# With a byte order mark, without which Excel takes a CSV file for one in the system's encoding: cp949 in Korea.
_CSV_ENCODING: Final = "utf-8-sig"
_LONGEST_HEADER: Final = 10_000


def find_parquet_library() -> str | None:
    """Return the name of an installed library for Parquet."""
    # pyarrow writes batch by batch; polars needs all rows at once.
    return next((name for name in ("pyarrow", "polars") if importlib.util.find_spec(name)), None)


def check_table(target: Target, parquet_library: str | None) -> None:
    """Check before a run that its table can be written at the end, and will not replace a foreign file.

    Raises:
        CommandError: A library is missing, or the existing file was not written by this module.
    """
    if target.format is Format.JSONL:
        return
    if target.format is Format.PARQUET and parquet_library is None:
        raise CommandError(
            ExitCode.USAGE, "Parquet needs polars or pyarrow: pip install 'portone-async[parquet]'"
        )
    path = target.path
    if not path.exists() or not path.stat().st_size:
        return
    if target.format is Format.CSV:
        names = _read_csv_header(path)
    else:
        names = _read_parquet_header(path, parquet_library)
    if names == COLUMN_NAMES:
        return
    # Columns that a user has chosen are not unmistakable: a table of this command has a journal too.
    if not target.journal.exists() or not are_columns(names):
        raise not_written_here(path)
    if names != [column.name for column in target.columns]:
        raise CommandError(
            ExitCode.USAGE,
            "{path} has other columns: remove it to write it again, or choose another --output",
            path=path,
        )


def write_table(target: Target, records: Iterable[Record], parquet_library: str | None) -> None:
    """Write a table atomically, readable by its owner only.

    Raises:
        OSError: It cannot be written.
    """
    if target.format is Format.CSV:
        with atomic_write(
            target.path, "w", encoding=_CSV_ENCODING, newline="", opener=open_private
        ) as file:
            _write_csv(file, records, target.columns)
        return
    write = _write_with_pyarrow if parquet_library == "pyarrow" else _write_with_polars
    with atomic_write(target.path, opener=open_private) as file:
        write(file, records, target.columns)


def _read_csv_header(path: Path) -> list[str]:
    try:
        with path.open(encoding=_CSV_ENCODING, newline="") as file:
            return next(csv.reader([file.readline(_LONGEST_HEADER)]))
    except (UnicodeDecodeError, csv.Error):
        return []


def _read_parquet_header(path: Path, library: str | None) -> list[str]:
    try:
        if library == "pyarrow":
            return importlib.import_module("pyarrow.parquet").read_schema(path).names
        return list(importlib.import_module("polars").read_parquet_schema(path))
    except Exception:  # noqa: BLE001  (whatever the library says of a file that is not Parquet)
        return []


def _write_csv(file: IO[str], records: Iterable[Record], columns: Columns) -> None:
    writer = csv.writer(file)
    writer.writerow([column.name for column in columns])
    writer.writerows(to_texts(record, columns) for record in records)


def _write_with_pyarrow(file: IO[bytes], records: Iterable[Record], columns: Columns) -> None:
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    types: dict[Kind, Any] = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "boolean": arrow.bool_(),
        "time": arrow.timestamp("us", "UTC"),
        "json": arrow.string(),
    }
    schema = arrow.schema([(column.name, types[column.kind]) for column in columns])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _batches(records, columns):
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))


def _write_with_polars(file: IO[bytes], records: Iterable[Record], columns: Columns) -> None:
    polars: Any = importlib.import_module("polars")
    types: dict[Kind, Any] = {
        "text": polars.String,
        "integer": polars.Int64,
        "boolean": polars.Boolean,
        "time": polars.Datetime("us", "UTC"),
        "json": polars.String,
    }
    schema = {column.name: types[column.kind] for column in columns}
    frames = [polars.DataFrame(schema=schema)]
    frames += [polars.DataFrame(rows, schema=schema) for rows in _batches(records, columns)]
    polars.concat(frames).write_parquet(file)


def _batches(records: Iterable[Record], columns: Columns) -> Iterator[list[dict[str, Any]]]:
    rows = (to_values(record, columns) for record in records)
    while batch := list(islice(rows, _BATCH_SIZE)):
        yield batch
