"""CSV and Parquet, created from the journal."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portone_async.cli import tables
from portone_async.cli.columns import COLUMNS
from portone_async.cli.command import CommandError
from portone_async.cli.journal import Record
from portone_async.cli.target import Format

from .conftest import PortOne, Shell

PAYMENT: dict[str, Any] = {
    "status": "PAID",
    "currency": "KRW",
    "amount": {"total": 1000, "paid": 1000, "cancelled": 0},
    "orderName": "=1+1",
    "paidAt": "2026-07-03T09:00:00.5Z",
    "customer": {"name": "Kim Minsu"},
}
ODD: dict[str, Any] = {
    "status": ["?"],
    "amount": {"total": "many", "paid": True},
    "channel": "none",
    "paidAt": "yesterday",
    "requestedAt": "2026-07-03T09:00:00",
}
RECORDS = [Record("a,\n한글", PAYMENT), Record("odd", ODD)]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_the_documented_columns(tmp_path: Path) -> None:
    tables.write_table(Format.CSV, tmp_path / "t.csv", RECORDS, None)
    first, odd = read_csv(tmp_path / "t.csv")
    assert list(first) == [column.name for column in COLUMNS]
    assert (first["id"], first["total"], first["paid_at"]) == (
        "a,\n한글",
        "1000",
        PAYMENT["paidAt"],
    )
    assert (odd["total"], odd["paid_at"], odd["pg_provider"]) == ("many", "yesterday", "")


def test_csv_has_no_formulas_and_no_personal_data(tmp_path: Path) -> None:
    tables.write_table(Format.CSV, tmp_path / "t.csv", RECORDS, None)
    assert read_csv(tmp_path / "t.csv")[0]["order_name"] == "'=1+1"
    assert "Minsu" not in (tmp_path / "t.csv").read_text()


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_parquet_has_typed_columns(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    polars = pytest.importorskip("polars")
    tables.write_table(Format.PARQUET, tmp_path / "t.parquet", RECORDS, library)
    frame = polars.read_parquet(tmp_path / "t.parquet")
    assert frame.columns == [column.name for column in COLUMNS]
    first, odd = frame.to_dicts()
    assert first["total"] == 1000
    assert first["paid_at"] == datetime(2026, 7, 3, 9, 0, 0, 500_000, UTC)
    assert first["order_name"] == "=1+1"
    assert (odd["id"], odd["status"], odd["total"], odd["paid"]) == ("odd", None, None, None)
    assert (odd["paid_at"], odd["requested_at"]) == (None, None)


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_an_empty_parquet_file_has_its_columns(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    polars = pytest.importorskip("polars")
    tables.write_table(Format.PARQUET, tmp_path / "t.parquet", [], library)
    assert polars.read_parquet(tmp_path / "t.parquet").columns == [c.name for c in COLUMNS]


def test_parquet_without_a_library_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="polars or pyarrow"):
        tables.check_table(Format.PARQUET, tmp_path / "t.parquet", None)
    tables.check_table(Format.CSV, tmp_path / "t.csv", None)


def test_a_table_is_written_atomically(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("the previous table")

    def broken() -> Any:
        yield RECORDS[0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        tables.write_table(Format.CSV, path, broken(), None)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [
        ("t.csv", "the previous table")
    ]


def test_lookup_writes_parquet(portone: PortOne, shell: Shell) -> None:
    polars = pytest.importorskip("polars")
    ids = portone.sell(20)
    shell.write("ids", ids)
    done = shell.run("lookup", "ids", "-o", "payments.pq")
    assert done.returncode == 0
    frame = polars.read_parquet(shell.folder / "payments.pq")
    assert sorted(frame["id"]) == sorted(ids)
    assert frame["paid"].sum() == sum(1_000 + number for number in range(20))
