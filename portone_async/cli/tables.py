"""CSV and Parquet, made from the working file when a run is complete."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from portone_async.cli.columns import COLUMNS, texts, values
from portone_async.cli.exits import Exit, Stop
from portone_async.cli.journal import OWNER_ONLY, Record
from portone_async.cli.target import Format

# Rows that are in memory at once, and a row group of Parquet.
_BATCH: Final = 10_000


def check_library(wanted: Format) -> None:
    """Find out at the start whether the format can be written at the end.

    Raises:
        Stop: It cannot.
    """
    if wanted is Format.PARQUET and _parquet_library() is None:
        raise Stop(
            Exit.USAGE, "Parquet needs polars or pyarrow: pip install 'portone-async[parquet]'"
        )


def write_table(wanted: Format, path: Path, records: Iterable[Record]) -> None:
    """Write a table, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    with _replacing(path) as partial:
        if wanted is Format.CSV:
            _write_csv(partial, records)
        elif _parquet_library() == "pyarrow":
            _write_by_pyarrow(partial, records)
        else:
            _write_by_polars(partial, records)


def _parquet_library() -> str | None:
    # pyarrow writes batch by batch; polars wants all rows at once.
    return next((name for name in ("pyarrow", "polars") if importlib.util.find_spec(name)), None)


@contextmanager
def _replacing(path: Path) -> Generator[Path]:
    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(path: Path, records: Iterable[Record]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in COLUMNS])
        writer.writerows(texts(record) for record in records)


def _write_by_pyarrow(path: Path, records: Iterable[Record]) -> None:
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    types = {"text": arrow.string(), "integer": arrow.int64(), "time": arrow.timestamp("us", "UTC")}
    schema = arrow.schema([(column.name, types[column.kind]) for column in COLUMNS])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _batches(records):
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))


def _write_by_polars(path: Path, records: Iterable[Record]) -> None:
    polars: Any = importlib.import_module("polars")
    types = {
        "text": polars.String,
        "integer": polars.Int64,
        "time": polars.Datetime("us", "UTC"),
    }
    schema = {column.name: types[column.kind] for column in COLUMNS}
    frames = [polars.DataFrame(schema=schema)]
    frames += [polars.DataFrame(rows, schema=schema) for rows in _batches(records)]
    polars.concat(frames).write_parquet(path)


def _batches(records: Iterable[Record]) -> Iterator[list[dict[str, Any]]]:
    rows = ({name: _utc(value) for name, value in values(record).items()} for record in records)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _utc(value: str | int | datetime | None) -> str | int | datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
