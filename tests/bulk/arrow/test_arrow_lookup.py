"""Lookups from an Arrow table of ids to one of payments."""

from __future__ import annotations

import asyncio
import http.server
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from portone_async.bulk import TooManyFailuresError
from portone_async.bulk.columns import COLUMNS
from portone_async.emulator import future
from portone_async.errors import AuthenticationError, InvalidArgumentError

from .conftest import SECRET, PortOne

pa = pytest.importorskip("pyarrow")

from portone_async.bulk import arrow  # noqa: E402  (needs pyarrow)

GOLDEN = """\
id: string
status: string
currency: string
total: int64
paid: int64
cancelled: int64
discount: int64
tax_free: int64
vat: int64
order_name: string
method: string
pg_provider: string
channel_key: string
requested_at: timestamp[us, tz=UTC]
paid_at: timestamp[us, tz=UTC]
cancelled_at: timestamp[us, tz=UTC]
failed_at: timestamp[us, tz=UTC]
status_changed_at: timestamp[us, tz=UTC]
failure_reason: string
transaction_id: string
pg_tx_id: string
store_id: string
receipt_url: string
payment: string
error: string
error_type: string
error_status: int64
error_message: string
may_have_reached: bool"""


def ids(*values: str | None, **others: list[Any]) -> Any:
    return pa.table({"payment_id": pa.array(values, pa.string()), **others})


def rows(table: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.select(names).to_pylist()]


def test_the_schema_is_what_was_published() -> None:
    assert arrow.SCHEMA.to_string() == GOLDEN


def test_facts_are_typed_and_the_whole_payment_is_json(portone: PortOne) -> None:
    portone.checkout("order1", amount=30_000, order_name="커피 두 봉")
    (row,) = arrow.lookup(ids("order1")).to_pylist()
    payment = json.loads(row["payment"])
    assert payment == portone.payments["order1"]
    assert (row["id"], row["status"], row["total"], row["currency"], row["order_name"]) == (
        *("order1", "PAID", 30_000, "KRW", "커피 두 봉"),
    )
    assert row["paid_at"] == datetime.fromisoformat(payment["paidAt"])
    assert row["paid_at"].tzinfo is not None
    assert [row[name] for name in arrow.SCHEMA.names[-5:]] == [None] * 5


def test_rows_stay_in_order_with_their_columns_and_duplicates(portone: PortOne) -> None:
    portone.sell(3)
    wanted = ["order2", "order0", "order2", "order1"]
    table = arrow.lookup(ids(*wanted, note=["a", None, "c", "d"]), concurrency=2)
    assert table.schema.names == ["payment_id", "note", *arrow.SCHEMA.names]
    assert table.schema == arrow.lookup_schema(ids(note=pa.array([], pa.string())).schema)
    assert rows(table, "payment_id", "note", "id", "total") == [
        ("order2", "a", "order2", 1_002),
        ("order0", None, "order0", 1_000),
        ("order2", "c", "order2", 1_002),
        ("order1", "d", "order1", 1_001),
    ]
    assert sorted(portone.requested) == sorted(wanted)


def test_failures_are_columns(portone: PortOne) -> None:
    portone.checkout("order1", amount=1_000)
    table = arrow.lookup(ids("order1", "unknown", None, "..", ""))
    names = ("id", "status", "error", "error_type", "error_status", "may_have_reached")
    assert rows(table, *names) == [
        ("order1", "PAID", None, None, None, None),
        ("unknown", None, "PaymentNotFoundError", "PAYMENT_NOT_FOUND", 404, False),
        (None, None, "InvalidArgumentError", None, None, False),
        ("..", None, "InvalidArgumentError", None, None, False),
        ("", None, "InvalidArgumentError", None, None, False),
    ]
    messages = table["error_message"].to_pylist()
    assert messages[1] == "404 PAYMENT_NOT_FOUND in response to GET /payments/{paymentId}"
    assert messages[2] == "the id is null"
    assert portone.requested == ["order1", "unknown"]


def test_a_failure_says_that_it_may_have_reached_portone(portone: PortOne) -> None:
    portone.checkout("order1", amount=1_000)
    portone.fault("getPayment", "reset_after", times=None)
    table = arrow.lookup(ids("order1"), max_retries=0)
    assert rows(table, "error", "may_have_reached") == [("APIConnectionError", True)]


def test_no_personal_data_is_outside_the_payment(portone: PortOne) -> None:
    portone.checkout("order1", amount=1_000, customer={"email": "kim@example.com"})
    (row,) = arrow.lookup(ids("order1")).to_pylist()
    assert "kim@example.com" in row.pop("payment")
    assert "kim@example.com" not in str(row)
    assert SECRET not in str(row)


@pytest.mark.parametrize(
    "change", [future.unknown_field("metadata", {"a": 1}), future.unknown_variant("FROZEN")]
)
def test_what_portone_adds_is_in_the_json_and_changes_no_column(
    portone: PortOne, change: Any
) -> None:
    portone.checkout("order1", amount=1_000)
    portone.future("getPayment", change)
    table = arrow.lookup(ids("order1"))
    assert table.schema == arrow.lookup_schema(ids().schema)
    payment = json.loads(table["payment"][0].as_py())
    assert payment.get("metadata") == {"a": 1} or payment["status"] == "FROZEN"
    assert rows(table, "status", "error") == [(payment["status"], None)]


def test_batches_and_chunks_and_kinds_of_text_are_one_input(portone: PortOne) -> None:
    portone.sell(2)
    batch = pa.record_batch({"payment_id": pa.array(["order0", "order1"]).dictionary_encode()})
    chunks = pa.table({"payment_id": pa.chunked_array([["order0"], ["order1"]], pa.large_string())})
    for given in (batch, chunks):
        assert rows(arrow.lookup(given), "total") == [(1_000,), (1_001,)]
    batches = list(arrow.lookup_batches(iter([batch, batch.slice(1)]), concurrency=1))
    assert all(isinstance(each, pa.RecordBatch) for each in batches)
    assert rows(pa.Table.from_batches(batches), "total") == [(1_000,), (1_001,), (1_001,)]


def test_an_empty_table_and_one_of_nulls_only(portone: PortOne) -> None:
    assert arrow.lookup(ids()).schema == arrow.lookup_schema(ids().schema)
    nulls = pa.table({"payment_id": pa.nulls(2)})
    assert rows(arrow.lookup(nulls), "error") == [("InvalidArgumentError",)] * 2
    assert portone.requested == []


def test_the_column_may_be_called_id(portone: PortOne) -> None:
    portone.checkout("order1", amount=1_000)
    table = arrow.lookup(pa.table({"id": ["order1"], "n": [1]}), column="id")
    assert table.schema.names == ["n", *arrow.SCHEMA.names]
    assert rows(table, "n", "id", "status") == [(1, "order1", "PAID")]


def test_more_rows_than_are_kept_as_python_objects(
    portone: PortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.bulk.arrow.rows._BATCH_SIZE", 4)
    wanted = portone.sell(10)
    table = arrow.lookup(ids(*wanted))
    assert table["id"].to_pylist() == wanted
    assert table["id"].num_chunks == 3


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        ([1], {}, "not list"),
        (ids("a"), {"column": "order"}, "no column 'order'; the columns are: payment_id"),
        (pa.table({"payment_id": [1]}), {}, "which are texts, not int64"),
        (ids("a", status=["x"]), {}, "rename: status"),
        (ids("a", id=["x"]), {}, "rename: id"),
        (ids("a"), {"rate": 0}, "rate takes"),
        (ids("a"), {"concurrency": 0}, "concurrency takes"),
        (ids("a"), {"max_failures": 0}, "max_failures takes"),
        (ids("a"), {"timeout": -1}, "seconds"),
        (ids("a"), {"timeout": []}, "hashed"),
        (ids("a"), {"base_url": "ftp://x"}, "base_url"),
        (ids("a"), {"retries": 1}, "no argument 'retries'"),
    ],
)
def test_a_wrong_argument_is_an_exception_before_anything_is_sent(
    portone: PortOne, table: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        arrow.lookup(table, **arguments)
    assert portone.requested == []


def test_a_secret_is_no_argument_and_in_no_traceback(portone: PortOne) -> None:
    first = lambda *a, **k: next(arrow.lookup_batches(*a, **k))  # noqa: E731
    for number, function in enumerate((arrow.lookup, first)):
        arguments: dict[str, Any] = {"api_secret": f"hunter{number}"}
        with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET") as caught:
            function([ids("order1")], **arguments)
        trace = caught.value.__traceback__
        while trace is not None:
            if "portone_async" in trace.tb_frame.f_code.co_filename:
                assert f"hunter{number}" not in repr(trace.tb_frame.f_locals)
            trace = trace.tb_next
    assert portone.requested == []


def test_without_a_secret_nothing_is_sent(
    portone: PortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORTONE_API_SECRET")
    with pytest.raises(InvalidArgumentError, match="no API secret"):
        arrow.lookup(ids("order1"))
    assert portone.requested == []


def test_a_refused_secret_is_an_exception(
    portone: PortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which an engine takes to another process by pickle."""
    monkeypatch.setenv("PORTONE_API_SECRET", "another")
    with pytest.raises(AuthenticationError) as caught:
        arrow.lookup(ids(*["order1"] * 1_000), concurrency=2)
    assert len(portone.requested) < 10
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_too_many_failures_are_an_exception(portone: PortOne) -> None:
    with pytest.raises(TooManyFailuresError):
        arrow.lookup(ids(*["unknown"] * 100), max_failures=3, concurrency=1)
    assert len(portone.requested) == 3


def test_threads_share_the_client_and_the_rate(portone: PortOne) -> None:
    wanted = portone.sell(60)
    look_up = partial(arrow.lookup, rate=100, concurrency=5)
    started = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        tables = list(pool.map(look_up, [ids(*wanted[start::3]) for start in range(3)]))
    # 60 at 100 a second, whichever thread asks; each by itself would take 0.2 s.
    assert time.monotonic() - started > 0.5
    assert sorted(pa.concat_tables(tables)["id"].to_pylist()) == sorted(wanted)


async def _look_up_here() -> None:
    arrow.lookup(ids("order1"))


def test_within_an_event_loop_it_says_what_to_do(portone: PortOne) -> None:
    portone.checkout("order1", amount=1_000)
    with pytest.raises(RuntimeError, match=r"await asyncio\.to_thread\(arrow\.lookup, table\)"):
        asyncio.run(_look_up_here())
    found = asyncio.run(asyncio.to_thread(arrow.lookup, ids("order1")))
    assert rows(found, "status") == [("PAID",)]


def test_rows_are_those_of_the_command_line(portone: PortOne, tmp_path: Path) -> None:
    pytest.importorskip("typer")
    from pyarrow import parquet  # noqa: PLC0415

    wanted = portone.sell(3)
    portone.checkout("failed1", "failed", amount=1_000)
    (tmp_path / "ids.txt").write_text("\n".join([*wanted, "failed1"]))
    subprocess.run(
        [sys.executable, "-m", "portone_async", "lookup", "ids.txt", "-o", "out.parquet"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    theirs = parquet.read_table(tmp_path / "out.parquet")
    assert theirs.schema.names == [column.name for column in COLUMNS]
    ours = arrow.lookup(ids(*wanted, "failed1")).select(theirs.schema.names)
    assert ours.schema.types == theirs.schema.types
    assert ours.sort_by("id").to_pylist() == theirs.sort_by("id").to_pylist()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Returns what a path is in `bodies`."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[dict[str, bytes]] = {
        "half": b'{"id":"half","orderName":"\\ud83c","status":"PAID"}',
        "huge": b'{"id":"huge","amount":{"total":123456789012345678901234567890}}',
        "odd": b'{"id":1,"amount":[],"status":{"a":1},"paidAt":"soon","requestedAt":"2026-12-01T00:00:00"}',
        "offset": b'{"id":"offset","paidAt":"0001-01-01T00:00:00+09:00","failedAt":"9999-12-31T23:59:59-09:00"}',
        "list": b"[1]",
        "text": b"<html>",
    }

    def do_GET(self) -> None:
        body = self.bodies[self.path.rpartition("/")[2].partition("?")[0]]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def strange(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("PORTONE_API_SECRET", SECRET)
        monkeypatch.setenv("PORTONE_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("strange")
def test_no_value_of_a_payment_is_an_exception() -> None:
    table = arrow.lookup(ids(*_Handler.bodies))
    found = {row["id"]: row for row in table.to_pylist()}
    assert found["half"]["order_name"] == "?"
    assert json.loads(found["half"]["payment"])["orderName"] == "\ud83c"
    assert found["huge"]["total"] is None
    assert json.loads(found["huge"]["payment"])["amount"]["total"] > 2**64
    empty = ("status", "total", "paid_at", "requested_at", "error")
    assert [found["odd"][name] for name in empty] == [None] * 5
    assert (found["offset"]["paid_at"], found["offset"]["failed_at"]) == (None, None)
    assert [found[key]["error"] for key in ("list", "text")] == ["ResponseError"] * 2
    assert [found[key]["may_have_reached"] for key in ("list", "text")] == [True] * 2
