"""Exports from an Arrow table of stores and periods to one of payments."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portone_async.errors import AuthenticationError, InvalidArgumentError

from .conftest import PortOne

pa = pytest.importorskip("pyarrow")

from portone_async.bulk import arrow  # noqa: E402  (needs pyarrow)

DAY = timedelta(days=1)
TIME = pa.timestamp("us", "Asia/Seoul")


def periods(*rows: tuple[str | None, datetime | None, datetime | None], **others: list[Any]) -> Any:
    stores, starts, ends = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table({
        "store_id": pa.array(stores, pa.string()),
        "from": pa.array(starts, TIME),
        "until": pa.array(ends, TIME),
        **others,
    })  # fmt: skip


@pytest.fixture
def today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def test_a_row_for_each_payment_with_the_columns_of_its_period(
    portone: PortOne, today: datetime
) -> None:
    portone.sell(3)
    portone.checkout("other", amount=5, store_id="store-b")
    given = periods(
        ("store-b", today, today + 2 * DAY),
        (None, today - DAY, today),
        (None, today, today + 2 * DAY),
        note=["b", "empty", "a"],
    )
    table = arrow.export(given)
    assert table.schema == arrow.export_schema(given.schema)
    assert table.schema.names == ["from", "until", "note", *arrow.SCHEMA.names]
    found = [(row["note"], row["store_id"], row["id"], row["total"]) for row in table.to_pylist()]
    assert found[0] == ("b", "store-b", "other", 5)
    assert sorted(found[1:]) == [
        ("a", portone.store_id, f"order{number}", 1_000 + number) for number in range(3)
    ]
    assert json.loads(table["payment"][-1].as_py()) == portone.payments[found[-1][2]]


def test_a_list_of_many_pages(
    portone: PortOne, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.bulk.arrow.exports._PAGE_SIZE", 2)
    wanted = portone.sell(7)
    table = arrow.export(periods((None, today, today + 2 * DAY)), rate=1_000)
    assert sorted(table["id"].to_pylist()) == wanted
    assert len(portone.requested) >= 4


def test_a_period_that_fails_is_one_row(portone: PortOne, today: datetime) -> None:
    portone.sell(2)
    given = periods(
        ("unknown", today, today + DAY), (None, None, today), (None, today, today + 2 * DAY)
    )
    table = arrow.export(given, concurrency=1)
    assert table.num_rows == 4
    names = ("store_id", "id", "error", "error_status", "may_have_reached")
    failed = [tuple(row[name] for name in names) for row in table.slice(0, 2).to_pylist()]
    assert failed == [
        ("unknown", None, "ForbiddenError", 403, False),
        (None, None, "InvalidArgumentError", None, False),
    ]
    assert table["error"].null_count == 2


def test_a_period_that_fails_in_the_middle_has_none_of_its_payments(
    portone: PortOne, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.bulk.arrow.exports._PAGE_SIZE", 1)
    portone.sell(3)
    portone.after_each = lambda: portone.fault("getAllPaymentsByCursor", "500", times=None)
    table = arrow.export(periods((None, today, today + 2 * DAY)), max_retries=0)
    assert table.num_rows == 1
    assert table["error_status"].to_pylist() == [500]
    assert len(portone.requested) == 2


def test_batches_of_periods(portone: PortOne, today: datetime) -> None:
    portone.sell(2)
    (batch,) = periods(*[(None, today, today + 2 * DAY)] * 3).to_batches()
    batches = list(arrow.export_batches(iter([batch]), concurrency=2))
    assert [each.num_rows for each in batches] == [4, 2]
    assert arrow.export(periods()).num_rows == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (periods().drop_columns("from"), "no column 'from'"),
        (periods().set_column(1, "from", pa.array([], pa.date32())), "time zone, not date32"),
        (periods().set_column(1, "from", pa.array([], pa.timestamp("us"))), "time zone"),
        (periods().set_column(0, "store_id", pa.array([], pa.int64())), "takes texts"),
        (periods(id=[]), "rename: id"),
    ],
)
def test_a_wrong_table_is_an_exception(portone: PortOne, given: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        arrow.export(given)
    assert portone.requested == []


def test_a_refused_secret_is_an_exception(
    portone: PortOne, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_API_SECRET", "another")
    with pytest.raises(AuthenticationError):
        arrow.export(periods((None, today, today + DAY)))
