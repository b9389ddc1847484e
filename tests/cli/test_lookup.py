"""`portone-async lookup`, over real HTTP."""

from __future__ import annotations

import resource
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from portone_async import PortOne as PortOneClient
from portone_async.cli.app import app
from portone_async.cli.command import CommandError, ExitCode
from portone_async.cli.ids import read_ids
from portone_async.cli.journal import Journal
from portone_async.cli.lookup import MAX_CONNECTION_FAILURES, Limits
from portone_async.cli.lookup import _run as run_lookup
from portone_async.cli.target import Format, Target
from portone_emulator.scenarios import future

from .conftest import SECRET, PortOne, Shell


def test_each_payment_is_written_as_portone_sent_it(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(3))
    done = shell.run("lookup", "ids", "--output", "out.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line["id"]: line["payment"] for line in shell.lines("out.jsonl")} == portone.payments
    assert b": " not in (shell.folder / "out.jsonl").read_bytes().splitlines()[0]


def test_unknown_statuses_are_written_too(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    portone.future("getPayment", future.unknown_variant("FROZEN"))
    done = shell.run("lookup", "-", "-o", "out.jsonl", stdin=b"order-0\n")
    assert done.returncode == 0
    (line,) = shell.lines("out.jsonl")
    assert line["payment"]["status"] == "FROZEN"
    assert "FROZEN" in done.stdout


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_files_are_readable_by_their_owner_only(portone: PortOne, shell: Shell, name: str) -> None:
    shell.write("ids", [*portone.sell(1), "unknown"])
    shell.run("lookup", "ids", "-o", name)
    written = {path.name for path in shell.folder.iterdir()} - {"ids"}
    assert written == {name, "out.jsonl", "out.errors.jsonl"}
    for file in written:
        assert stat.S_IMODE((shell.folder / file).stat().st_mode) == 0o600


def test_ids_come_from_lines_a_csv_column_or_stdin(portone: PortOne, shell: Shell) -> None:
    ids = portone.sell(3)
    shell.write("lines", [ids[0], "", f"  {ids[1]}  ", ids[0], ids[2]])
    shell.write(
        "table.csv", ["when,Order", f"today,{ids[0]}", f'"a, b",{ids[1]}', f"x,{ids[2]}", "y,"]
    )
    assert shell.run("lookup", "lines", "-o", "1.jsonl").returncode == 0
    assert shell.run("lookup", "table.csv", "--column", "Order", "-o", "2.jsonl").returncode == 0
    stdin = "\r\n".join(ids).encode()
    assert shell.run("lookup", "-", "-o", "3.jsonl", stdin=stdin).returncode == 0
    for name in ("1.jsonl", "2.jsonl", "3.jsonl"):
        assert sorted(line["id"] for line in shell.lines(name)) == ids
    assert set(portone.requested.values()) == {3}


def test_a_korean_excel_file_is_read(portone: PortOne, shell: Shell) -> None:
    portone.checkout("주문-1", amount=1000)
    (shell.folder / "t.csv").write_bytes("주문번호\r\n주문-1\r\n".encode("cp949"))
    refused = shell.run("lookup", "t.csv", "--column", "주문번호", "-o", "out.jsonl")
    assert refused.returncode == 2
    assert "--encoding cp949" in refused.stderr
    arguments = ["t.csv", "--column", "주문번호", "--encoding", "cp949", "-o", "out.jsonl"]
    assert shell.run("lookup", *arguments).returncode == 0
    assert [line["id"] for line in shell.lines("out.jsonl")] == ["주문-1"]


def test_failed_ids_are_in_the_errors_file_and_tried_again(portone: PortOne, shell: Shell) -> None:
    ids = portone.sell(3)
    shell.write("ids", [*ids, "late", ".."])
    first = shell.run("lookup", "ids", "-o", "out.jsonl")
    assert first.returncode == 1
    errors = {line["id"]: line for line in shell.lines("out.errors.jsonl")}
    assert (errors["late"]["status"], errors["late"]["type"]) == (404, "PAYMENT_NOT_FOUND")
    assert errors[".."]["error"] == "InvalidArgumentError"
    assert "PAYMENT_NOT_FOUND" in first.stdout

    portone.checkout("late", amount=5)
    second = shell.run("lookup", "ids", "-o", "out.jsonl")
    assert second.returncode == 1
    assert [line["id"] for line in shell.lines("out.errors.jsonl")] == [".."]
    assert sorted(line["id"] for line in shell.lines("out.jsonl")) == ["late", *ids]
    assert dict(portone.requested) == dict.fromkeys(ids, 1) | {"late": 2}


def test_an_errors_file_does_not_quote_portone(portone: PortOne, shell: Shell) -> None:
    portone.respond_with_error("getPayment", "FORBIDDEN")  # with the message "error on demand"
    done = shell.run("lookup", "-", "-o", "out.jsonl", stdin=b"order-1")
    assert done.returncode == 1
    text = done.stdout + done.stderr + (shell.folder / "out.errors.jsonl").read_text()
    assert "FORBIDDEN" in text
    assert "on demand" not in text


def test_payments_in_the_output_are_not_requested_again(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(2))
    shell.run("lookup", "ids", "-o", "out.jsonl")
    assert shell.run("lookup", "ids", "-o", "out.jsonl").returncode == 0
    assert shell.run("lookup", "ids", "-o", "out.csv").returncode == 0
    assert set(portone.requested.values()) == {1}
    assert (shell.folder / "out.csv").read_text().count("\n") == 3


@pytest.mark.parametrize("limit", [1, 5])
def test_max_failures_stops_the_run(portone: PortOne, shell: Shell, limit: int) -> None:
    shell.write("ids", [f"unknown-{number}" for number in range(200)])
    options = ["--max-failures", str(limit), "--concurrency", "2", "-o", "out.csv"]
    done = shell.run("lookup", "ids", *options)
    assert done.returncode == 4
    assert limit <= portone.requested.total() < limit + 2
    assert not (shell.folder / "out.csv").exists()


def test_a_refused_secret_stops_at_once(portone: PortOne, make_shell: Callable[..., Shell]) -> None:
    wrong = "another-secret-to-look-for"
    shell = make_shell(PORTONE_API_SECRET=wrong, PORTONE_BASE_URL=portone.url)
    shell.write("ids", [f"order-{number}" for number in range(500)])
    done = shell.run("lookup", "ids", "-o", "out.jsonl", "--concurrency", "5")
    assert done.returncode == 3
    assert portone.requested.total() <= 10
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
    assert wrong not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["lookup", "ids", "-o", "o.jsonl"], ["get", "order-1"]])
def test_without_a_secret_nothing_happens(
    portone: PortOne, make_shell: Callable[..., Shell], arguments: list[str]
) -> None:
    shell = make_shell(PORTONE_BASE_URL=portone.url)
    shell.write("ids", ["order-1"])
    done = shell.run(*arguments)
    assert done.returncode == 3
    assert "PORTONE_API_SECRET" in done.stderr
    assert not portone.requested
    assert [path.name for path in shell.folder.iterdir()] == ["ids"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lookup", "ids"], "--output"),
        (["lookup", "missing", "-o", "out.jsonl"], "No such file"),
        (["lookup", "ids", "-o", "out.txt"], "--format"),
        (["lookup", "ids", "-o", "out.jsonl", "-f", "csv"], "working file"),
        (["lookup", "ids", "-o", "missing/out.jsonl"], "directory does not exist"),
        (["lookup", "ids", "-o", "."], "--format"),
        (["lookup", "ids", "-o", ".", "-f", "csv"], "is a directory"),
        (["lookup", "ids", "-o", "out.jsonl", "--column", "id"], "'id'; there are: order-1"),
        (["lookup", "ids", "-o", "out.jsonl", "--encoding", "klingon"], "klingon"),
        (["lookup", "ids", "-o", "out.jsonl", "--concurrency", "0"], "--concurrency"),
        (["lookup", "ids", "-o", "out.jsonl", "--rate", "0"], "--rate"),
        (["lookup", "ids", "-o", "out.jsonl", "--base-url", "here"], "base_url"),
        (["lookup", "ids", "-o", "out.jsonl", "--columns", "id"], "--columns is for CSV"),
        (["lookup", "ids", "-o", "out.csv", "--columns", "idd"], "'idd' (did you mean id?)"),
        (["export", "--from", "2026-01-01", "-o", "o.csv", "--columns", "x.y"], "'x.y'"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTONE_API_SECRET", "a-secret")
    (tmp_path / "ids").write_text("order-1")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ids"]


def test_two_runs_cannot_write_the_same_output(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(1))
    with Journal(shell.folder / "out.jsonl"):
        done = shell.run("lookup", "ids", "-o", "out.jsonl")
    assert done.returncode == 2
    assert "another run" in done.stderr
    assert not portone.requested


def test_a_foreign_journal_is_left_alone(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(1))
    for content in ("my notes", '{"a":1}\n', '{"id":"order-0","payment":{}}\nmy notes\n'):
        (shell.folder / "out.jsonl").write_text(content)
        done = shell.run("lookup", "ids", "-o", "out.jsonl")
        assert done.returncode == 2
        assert (shell.folder / "out.jsonl").read_text() == content
    assert not portone.requested


def test_the_rate_is_kept(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(30))
    started = time.monotonic()
    assert shell.run("lookup", "ids", "-o", "out.jsonl", "--rate", "40").returncode == 0
    assert time.monotonic() - started >= 29 / 40


def test_a_full_disk_is_reported(portone: PortOne, shell: Shell) -> None:
    """Simulated by a limit on the size of files."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    ids = portone.sell(50)
    shell.write("ids", ids)
    with shell.start("lookup", "ids", "-o", "out.jsonl", preexec_fn=limit) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"File too large" in err
    assert b"Traceback" not in err
    assert shell.run("lookup", "ids", "-o", "out.jsonl").returncode == 0
    assert sorted(line["id"] for line in shell.lines("out.jsonl")) == sorted(ids)


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("orders.csv", "payment_id\norder-0\n", "there are: payment_id\n"),
        ("-", "\n\n고객사 주문 번호\norder-0\n", "there are: 고객사 주문 번호\n"),
        ("orders.csv", "\nwhen,Order\ntoday,order-0\n", "there are: when, Order\n"),
        ("orders.CSV", '"when","the, order"\r\n', "there are: when, the, order\n"),
        ("orders.txt", "when,order\ntoday,order-0\n", "there are: when, order\n"),
        ("-", "when,order\ntoday,order-0\n", "there are: when, order\n"),
    ],
)
def test_a_csv_file_needs_a_column(
    portone: PortOne, shell: Shell, name: str, content: str, columns: str
) -> None:
    portone.sell(1)
    if name != "-":
        (shell.folder / name).write_bytes(content.encode())
    done = shell.run("lookup", name, "-o", "out.jsonl", stdin=content.encode())
    assert done.returncode == 2
    assert f"{name} is a CSV file: name the column with the ids by --column" in done.stderr
    assert columns in done.stderr
    assert not portone.requested
    assert not (shell.folder / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("orders.csv", "code\norder-0\n", "code. If that is an id"),
        ("orders.csv", "order-0\n", "order-0. If that is an id"),
        ("orders", "\ufeffpaymentId\r\norder-0\r\n", "paymentId$"),
        ("orders.txt", ' "Payment ID"\norder-0\n', "Payment ID$"),
        ("orders.txt", "merchant_uid\norder-0\n", "merchant_uid$"),
        ("orders.txt", "주문번호\norder-0\n", "주문번호$"),
        ("orders.txt", "when\torder\ntoday\torder-0\n", "when, order$"),
        ("orders.txt", "when;order\ntoday;order-0\n", "when, order$"),
    ],
)
def test_a_heading_is_not_an_id(tmp_path: Path, name: str, content: str, columns: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    with pytest.raises(CommandError, match=f"by --column; there are: {columns}") as caught:
        read_ids(tmp_path / name, column=None, encoding="utf-8-sig")
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ('\n"when","주문번호"\n"a, b","order-0"\n\n"c\n\nd","order-1"\nshort\n,\n', "utf-8"),
        ("when\t주문번호\r\n1\torder-0\r\n2\torder-1\r\n", "utf-16"),
        ("when; 주문번호 \r1;order-0\r2;order-1\r", "utf-8-sig"),
        ("when,주문번호\n1,order-0\n2,order-1", "cp949"),
        ("when,주문번호\n1,order-0\n2,order-1", "euc-kr"),
    ],
)
def test_a_column_is_read_whatever_wrote_the_file(
    tmp_path: Path, content: str, encoding: str
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content.encode(encoding))
    options = {"column": "주문번호", "encoding": encoding}
    assert read_ids(path, **options) == ["order-0", "order-1"]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("order-0\r\n\r\n  order-1\r\n", ["order-0", "order-1"]),
        ('"order-0"\n"a ""b"" c"\n"d\n', ["order-0", 'a "b" c', '"d']),
        ("a b\norder_id\n1,5\n결제\n", ["a b", "order_id", "1,5", "결제"]),
        ("", []),
    ],
)
def test_a_plain_list_has_no_heading(tmp_path: Path, content: str, ids: list[str]) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(content.encode())
    assert read_ids(path, column=None, encoding="utf-8-sig") == ids


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("주문번호\n".encode("cp949"), "--encoding cp949"),
        ("주문번호\n".encode("utf-16"), "--encoding utf-16"),
        (b"id,id\n1,2\n", "several columns 'id'"),
        (b"", "no column 'id'; there are: none"),
        (b"id\n" + b"x" * 200_000, "cannot be read as CSV: field larger"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=message) as caught:
        read_ids(path, column="id", encoding="utf-8-sig")
    assert caught.value.exit_code == ExitCode.USAGE


def test_ids_that_look_like_formulas_are_an_input_again(portone: PortOne, shell: Shell) -> None:
    portone.checkout("=order", amount=1_000)
    assert shell.run("lookup", "-", "-o", "a.csv", stdin=b"=order").returncode == 0
    assert "'=order," in (shell.folder / "a.csv").read_text()
    assert shell.run("lookup", "a.csv", "--column", "id", "-o", "b.jsonl").returncode == 0
    assert [line["id"] for line in shell.lines("b.jsonl")] == ["=order"]


def test_http_to_another_machine_has_to_be_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTONE_API_SECRET", "a-secret")
    options = ["--base-url", "http://portone.example:1", "--max-failures", "1"]
    arguments = ["lookup", "-", "-o", "out.jsonl", *options]
    refused = CliRunner().invoke(app, arguments, input="")
    assert (refused.exit_code, "--allow-http if that" in refused.stderr) == (2, True)
    allowed = CliRunner().invoke(app, [*arguments, "--allow-http"], input="")
    assert allowed.exit_code == 0


def test_a_csv_file_without_a_heading_may_be_passed_on_stdin(
    portone: PortOne, shell: Shell
) -> None:
    portone.sell(2)
    done = shell.run("lookup", "-", "-o", "out.jsonl", stdin=b"order-0\norder-1\n")
    assert done.returncode == 0
    assert len(shell.lines("out.jsonl")) == 2


def test_the_csv_output_has_a_byte_order_mark_and_is_an_input_again(
    portone: PortOne, shell: Shell
) -> None:
    ids = portone.sell(3)
    shell.write("ids", ids)
    assert shell.run("lookup", "ids", "-o", "out.csv").returncode == 0
    content = (shell.folder / "out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid,status,")
    assert shell.run("lookup", "ids", "-o", "out.csv").returncode == 0
    assert (shell.folder / "out.csv").read_bytes() == content
    for number, encoding in enumerate(("utf-8-sig", "utf-8")):
        arguments = ("--column", "id", "--encoding", encoding, "-o", f"{number}.jsonl")
        assert shell.run("lookup", "out.csv", *arguments).returncode == 0
        assert sorted(line["id"] for line in shell.lines(f"{number}.jsonl")) == ids


def test_lines_with_a_byte_order_mark_are_ids(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    (shell.folder / "ids").write_bytes(b"\xef\xbb\xbforder-0\n")
    for number, encoding in enumerate(("utf-8-sig", "utf-8")):
        arguments = ("--encoding", encoding, "-o", f"{number}.jsonl")
        assert shell.run("lookup", "ids", *arguments).returncode == 0


@pytest.fixture
def unreachable_url() -> Iterator[str]:
    """Return a URL at which nothing listens, and nothing will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_an_unreachable_host_stops_the_run_early_and_it_can_be_resumed(
    portone: PortOne, shell: Shell, unreachable_url: str
) -> None:
    ids = portone.sell(300)
    shell.write("ids", ids)
    command = ("lookup", "ids", "-o", "out.csv")
    done = shell.run(*command, "--base-url", unreachable_url)
    assert (done.returncode, done.stderr) == (4, "")
    assert "PortOne could not be reached (" in done.stdout
    assert "Run the same command again to resume" in done.stdout
    assert [path.name for path in shell.folder.iterdir() if path.name != "ids"] == [
        "out.errors.jsonl"
    ]
    failed = shell.lines("out.errors.jsonl")
    assert len(failed) == MAX_CONNECTION_FAILURES
    assert {line["error"] for line in failed} == {"APIConnectionError"}

    assert shell.run(*command).returncode == 0
    assert sorted(line["id"] for line in shell.lines("out.jsonl")) == sorted(ids)
    assert not (shell.folder / "out.errors.jsonl").exists()


def test_an_outage_keeps_what_was_written_before(
    portone: PortOne, shell: Shell, unreachable_url: str
) -> None:
    ids = portone.sell(50)
    shell.write("ids", ids[:20])
    assert shell.run("lookup", "ids", "-o", "out.jsonl").returncode == 0
    shell.write("ids", ids)
    done = shell.run("lookup", "ids", "-o", "out.jsonl", "--base-url", unreachable_url)
    assert (done.returncode, "20 payments in out.jsonl, 0 of them new" in done.stdout) == (4, True)
    assert len(shell.lines("out.jsonl")) == 20


@pytest.mark.parametrize(
    ("in_a_row", "expected"), [(9, ExitCode.FAILED), (10, ExitCode.TOO_MANY_FAILURES)]
)
def test_only_failures_to_connect_in_a_row_stop_the_run(
    portone: PortOne, tmp_path: Path, in_a_row: int, expected: ExitCode
) -> None:
    ids = portone.sell(30)
    for _ in range(2):
        portone.fault("getPayment", "reset_before", in_a_row)
        portone.fault("getPayment", "latency", 1)  # succeeds
    target = Target(tmp_path / "out.jsonl", Format.JSONL)
    client = PortOneClient(SECRET, base_url=portone.url, max_retries=0, max_connections=1)
    assert run_lookup(target, client, ids, Limits(1, None, None), clock=lambda: 0) == expected
