"""`portone-async lookup`, over real HTTP."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from portone_async.cli.app import app
from portone_async.cli.journal import Journal

from .conftest import PortOne, Shell


def test_each_payment_is_written_as_portone_sent_it(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(3))
    done = shell.run("lookup", "ids", "--output", "out.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line["id"]: line["payment"] for line in shell.lines("out.jsonl")} == portone.payments
    assert b": " not in (shell.folder / "out.jsonl").read_bytes().splitlines()[0]


def test_fields_and_statuses_of_tomorrow_are_written_too(portone: PortOne, shell: Shell) -> None:
    from portone_async.emulator import future

    portone.sell(1)
    portone.future("getPayment", future.unknown_variant("FROZEN"))
    done = shell.run("lookup", "-", "-o", "out.jsonl", stdin=b"order-0\n")
    assert done.returncode == 0
    (line,) = shell.lines("out.jsonl")
    assert line["payment"]["status"] == "FROZEN"
    assert "FROZEN" in done.stdout


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_what_is_written_is_for_its_owner_only(portone: PortOne, shell: Shell, name: str) -> None:
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
    assert set(portone.asked.values()) == {3}


def test_a_file_of_excel_in_korean_is_read(portone: PortOne, shell: Shell) -> None:
    portone.checkout("주문-1", amount=1000)
    (shell.folder / "t.csv").write_bytes("주문번호\r\n주문-1\r\n".encode("cp949"))
    refused = shell.run("lookup", "t.csv", "--column", "주문번호", "-o", "out.jsonl")
    assert refused.returncode == 2
    assert "--encoding cp949" in refused.stderr
    arguments = ["t.csv", "--column", "주문번호", "--encoding", "cp949", "-o", "out.jsonl"]
    assert shell.run("lookup", *arguments).returncode == 0
    assert [line["id"] for line in shell.lines("out.jsonl")] == ["주문-1"]


def test_what_failed_is_in_the_errors_file_and_tried_again(portone: PortOne, shell: Shell) -> None:
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
    assert dict(portone.asked) == dict.fromkeys(ids, 1) | {"late": 2}


def test_an_errors_file_does_not_quote_portone(portone: PortOne, shell: Shell) -> None:
    portone.refuse("getPayment", "FORBIDDEN")  # with the message "refused on demand"
    done = shell.run("lookup", "-", "-o", "out.jsonl", stdin=b"order-1")
    assert done.returncode == 1
    text = done.stdout + done.stderr + (shell.folder / "out.errors.jsonl").read_text()
    assert "FORBIDDEN" in text
    assert "on demand" not in text


def test_a_complete_output_is_not_asked_for_again(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(2))
    shell.run("lookup", "ids", "-o", "out.jsonl")
    assert shell.run("lookup", "ids", "-o", "out.jsonl").returncode == 0
    assert shell.run("lookup", "ids", "-o", "out.csv").returncode == 0
    assert set(portone.asked.values()) == {1}
    assert (shell.folder / "out.csv").read_text().count("\n") == 3


@pytest.mark.parametrize("limit", [1, 5])
def test_fail_over_stops(portone: PortOne, shell: Shell, limit: int) -> None:
    shell.write("ids", [f"unknown-{number}" for number in range(200)])
    options = ["--fail-over", str(limit), "--concurrency", "2", "-o", "out.csv"]
    done = shell.run("lookup", "ids", *options)
    assert done.returncode == 4
    assert limit <= portone.asked.total() < limit + 2
    assert not (shell.folder / "out.csv").exists()


def test_a_refused_secret_stops_at_once(portone: PortOne, make_shell: Callable[..., Shell]) -> None:
    wrong = "another-secret-to-look-for"
    shell = make_shell(PORTONE_API_SECRET=wrong, PORTONE_BASE_URL=portone.url)
    shell.write("ids", [f"order-{number}" for number in range(500)])
    done = shell.run("lookup", "ids", "-o", "out.jsonl", "--concurrency", "5")
    assert done.returncode == 3
    assert portone.asked.total() <= 10
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
    assert not portone.asked
    assert [path.name for path in shell.folder.iterdir()] == ["ids"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lookup", "ids"], "--output"),
        (["lookup", "missing", "-o", "out.jsonl"], "No such file"),
        (["lookup", "ids", "-o", "out.txt"], "--format"),
        (["lookup", "ids", "-o", "out.jsonl", "-f", "csv"], "working file"),
        (["lookup", "ids", "-o", "missing/out.jsonl"], "folder"),
        (["lookup", "ids", "-o", "out.jsonl", "--column", "id"], "'id'; there are: order-1"),
        (["lookup", "ids", "-o", "out.jsonl", "--encoding", "klingon"], "klingon"),
        (["lookup", "ids", "-o", "out.jsonl", "--concurrency", "0"], "--concurrency"),
        (["lookup", "ids", "-o", "out.jsonl", "--rate", "0"], "--rate"),
        (["lookup", "ids", "-o", "out.jsonl", "--base-url", "here"], "base_url"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTONE_API_SECRET", "a-secret")
    (tmp_path / "ids").write_text("order-1")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ids"]


def test_two_runs_do_not_write_one_output(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(1))
    with Journal(shell.folder / "out.jsonl"):
        done = shell.run("lookup", "ids", "-o", "out.jsonl")
    assert done.returncode == 2
    assert "another run" in done.stderr
    assert not portone.asked


def test_a_file_of_somebody_else_is_left_alone(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(1))
    for content in ("my notes", '{"a":1}\n', '{"id":"order-0","payment":{}}\nmy notes\n'):
        (shell.folder / "out.jsonl").write_text(content)
        done = shell.run("lookup", "ids", "-o", "out.jsonl")
        assert done.returncode == 2
        assert (shell.folder / "out.jsonl").read_text() == content
    assert not portone.asked


def test_a_rate_is_kept(portone: PortOne, shell: Shell) -> None:
    import time

    shell.write("ids", portone.sell(30))
    started = time.monotonic()
    assert shell.run("lookup", "ids", "-o", "out.jsonl", "--rate", "40").returncode == 0
    assert time.monotonic() - started >= 29 / 40


def test_a_disk_that_is_full_is_told(portone: PortOne, shell: Shell) -> None:
    """Its place is taken by a limit on the size of files."""
    import resource

    def limit() -> None:
        import signal

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
