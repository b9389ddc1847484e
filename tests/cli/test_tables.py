"""CSV and Parquet, created from the journal."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.bulk.columns import COLUMNS
from portone_async.cli import tables
from portone_async.cli.columns import choose_columns
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.formulas import escape_formula, unescape_formula
from portone_async.cli.journal import Record
from portone_async.cli.payment_fields import find_field, payment_fields
from portone_async.cli.target import Format, Target

from .conftest import PortOne, Shell

PAYMENT: dict[str, Any] = {
    "status": "PAID",
    "currency": "KRW",
    "amount": {"total": 1000, "paid": 1000, "cancelled": 0},
    "orderName": "=1+1",
    "paidAt": "2026-07-03T09:00:00.5Z",
    "customer": {"name": "Kim Minsu", "phoneNumber": "+82-10-1234-5678"},
    "isCulturalExpense": True,
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
    tables.write_table(Target(tmp_path / "t.csv", Format.CSV), RECORDS, None)
    first, odd = read_csv(tmp_path / "t.csv")
    assert list(first) == [column.name for column in COLUMNS]
    assert (first["id"], first["total"], first["paid_at"]) == (
        "a,\n한글",
        "1000",
        PAYMENT["paidAt"],
    )
    assert (odd["total"], odd["paid_at"], odd["pg_provider"]) == ("many", "yesterday", "")


def test_csv_has_no_formulas_and_no_personal_data(tmp_path: Path) -> None:
    tables.write_table(Target(tmp_path / "t.csv", Format.CSV), RECORDS, None)
    assert read_csv(tmp_path / "t.csv")[0]["order_name"] == "'=1+1"
    assert "Minsu" not in (tmp_path / "t.csv").read_text()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\t", "\r", "\n"])
def test_no_text_is_a_formula_in_a_spreadsheet(tmp_path: Path, start: str) -> None:
    """Not even an id: a customer's browser chooses it."""
    payment = PAYMENT | {"customData": f"{start}1", "status": f"{start}2"}
    target = Target(tmp_path / "t.csv", Format.CSV, choose_columns("id,status,customData"))
    tables.write_table(target, [Record(f"{start}0", payment)], None)
    (row,) = read_csv(target.path)
    assert row == {"id": f"'{start}0", "status": f"'{start}2", "customData": f"'{start}1"}


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    target = Target(tmp_path / "t.csv", Format.CSV, choose_columns("total,amount.vat"))
    tables.write_table(target, [Record("a", {"amount": {"total": -5, "vat": -0.5}})], None)
    assert read_csv(target.path) == [{"total": "-5", "amount.vat": "-0.5"}]


@given(st.text(st.sampled_from("'=+-@ax"), max_size=6))
def test_an_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text


CHOSEN = "customer.phoneNumber, id,amount.total,paidAt,amount,isCulturalExpense,products"


def test_columns_are_chosen_and_ordered(tmp_path: Path) -> None:
    target = Target(tmp_path / "t.csv", Format.CSV, choose_columns(CHOSEN))
    tables.write_table(target, RECORDS, None)
    first, odd = read_csv(target.path)
    assert list(first.items()) == [
        ("customer.phoneNumber", "'+82-10-1234-5678"),
        ("id", "a,\n한글"),
        ("amount.total", "1000"),
        ("paidAt", PAYMENT["paidAt"]),
        ("amount", '{"total":1000,"paid":1000,"cancelled":0}'),
        ("isCulturalExpense", "true"),
        ("products", ""),
    ]
    assert odd["amount.total"] == "many"


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_chosen_columns_of_parquet_have_the_fields_types(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    polars = pytest.importorskip("polars")
    target = Target(tmp_path / "t.parquet", Format.PARQUET, choose_columns(CHOSEN))
    tables.write_table(target, RECORDS, library)
    first, odd = polars.read_parquet(target.path).to_dicts()
    assert first == {
        "customer.phoneNumber": "+82-10-1234-5678",
        "id": "a,\n한글",
        "amount.total": 1000,
        "paidAt": datetime(2026, 7, 3, 9, 0, 0, 500_000, UTC),
        "amount": '{"total":1000,"paid":1000,"cancelled":0}',
        "isCulturalExpense": True,
        "products": None,
    }
    assert (odd["amount.total"], odd["amount"]) == (None, '{"total":"many","paid":true}')


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            "id,amount.totl",
            "no column 'amount.totl' (did you mean amount.total?); there are: amount",
        ),
        ("id,totals", "no column 'totals' (did you mean total?); there are: id, status, currency"),
        ("order.name", "there are: id, status"),
        ("id,customers", "(did you mean customer?); there are: id"),
        ("id,status.x", "no column 'status.x' (did you mean status?); there are: id"),
        ("id,", "no column ''; there are: id"),
        ("id,total,id", "--columns names 'id' twice"),
    ],
)
def test_an_unknown_column_is_named_with_what_there_is(names: str, message: str) -> None:
    with pytest.raises(CommandError, match=re.escape(message)) as caught:
        choose_columns(names)
    assert caught.value.exit_code == ExitCode.USAGE


def test_every_column_is_a_field_of_a_payment() -> None:
    """So the usual columns, and the paths that --columns takes, follow PortOne's document."""
    for column in COLUMNS:
        field = find_field(payment_fields(), column.path)
        assert field is not None
        assert field.kind == column.kind


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_other_columns_go_into_another_file(portone: PortOne, shell: Shell, name: str) -> None:
    """The columns that a user has chosen do not say for sure who wrote a file."""
    if name.endswith("parquet"):
        pytest.importorskip("polars")
    portone.sell(1)
    command = ("lookup", "-", "-o", name)
    assert shell.run(*command, stdin=b"order-0").returncode == 0
    chosen = ("--columns", "id,amount.total")
    for _ in range(2):
        assert shell.run(*command, *chosen, stdin=b"order-0").returncode == 0
    before = (shell.folder / name).read_bytes()
    done = shell.run(*command, stdin=b"order-0")
    assert (done.returncode, f"{name} has other columns" in done.stderr) == (2, True)
    (shell.folder / "out.jsonl").unlink()
    done = shell.run(*command, *chosen, stdin=b"order-0")
    assert (done.returncode, "not written by this command" in done.stderr) == (2, True)
    assert (shell.folder / name).read_bytes() == before
    assert portone.requested.total() == 1


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_parquet_has_typed_columns(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    polars = pytest.importorskip("polars")
    tables.write_table(Target(tmp_path / "t.parquet", Format.PARQUET), RECORDS, library)
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
    tables.write_table(Target(tmp_path / "t.parquet", Format.PARQUET), [], library)
    assert polars.read_parquet(tmp_path / "t.parquet").columns == [c.name for c in COLUMNS]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_what_json_holds_and_a_table_cannot(tmp_path: Path, name: str) -> None:
    """Half of a surrogate pair has no UTF-8, and 2**63 no place in 64 bits."""
    polars = pytest.importorskip("polars")
    payment = {
        "orderName": "cake \ud83c",
        "amount": {"total": 2**63},
        "channel": {"name": "\ud83c"},
    }
    target = Target(tmp_path / name, Format(name[2:]), choose_columns("order_name,channel,total"))
    for library in ("polars", "pyarrow"):
        tables.write_table(target, [Record("a", payment)], library)
        read = polars.read_parquet if name == "t.parquet" else polars.read_csv
        (row,) = read(target.path).to_dicts()
        assert row["order_name"] == "cake ?"
        assert row["channel"] == r'{"name":"\ud83c"}'
        assert row["total"] == (None if name == "t.parquet" else 2**63)


def test_parquet_without_a_library_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="polars or pyarrow"):
        tables.check_table(Target(tmp_path / "t.parquet", Format.PARQUET), None)
    tables.check_table(Target(tmp_path / "t.csv", Format.CSV), None)


def test_a_table_is_written_atomically(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("the previous table")

    def broken() -> Any:
        yield RECORDS[0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        tables.write_table(Target(path, Format.CSV), broken(), None)
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
