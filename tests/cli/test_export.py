"""`portone-async export`, over real HTTP."""

from __future__ import annotations

import random
import signal
import subprocess
from datetime import timedelta

import pytest

from portone_async.cli.exits import Stop
from portone_async.cli.period import moment

from .conftest import PATIENCE, PortOne, Shell


def test_every_payment_of_the_period_is_written(portone: PortOne, shell: Shell) -> None:
    start = portone.now.isoformat()
    ids = portone.sell(25)
    until = portone.now.isoformat()
    portone.advance(hours=1)
    portone.checkout("too-late", amount=1)
    done = shell.run(
        "export", "--from", start, "--until", until, "--page-size", "10", "-o", "out.csv"
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = shell.lines("out.jsonl")
    assert [line["id"] for line in lines] == ids
    assert [line["payment"] for line in lines] == [portone.payments[key] for key in ids]
    assert (shell.folder / "out.csv").read_text().count("\n") == 26


def test_a_killed_export_goes_on_at_its_cursor(portone: PortOne, shell: Shell) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    ids = portone.sell(1_000)
    command = ["export", "--from", start, "--page-size", "10", "-o", "out.jsonl"]
    portone.fault("getAllPaymentsByCursor", "503", None, probability=0.05)
    for _ in range(3):
        before = portone.asked.total()
        with shell.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            portone.wait_for_requests(before + random.randrange(2, 20))
            process.kill()
    # What is sold after the first start is none of it: the period was fixed then.
    portone.advance(hours=1)
    portone.checkout("too-late", amount=1)
    had = len(shell.complete_lines("out.jsonl"))
    before = portone.asked.total()
    for _ in range(5):
        if shell.run(*command).returncode == 0:
            break
    assert [line["id"] for line in shell.lines("out.jsonl")] == ids
    faults = sum(record.fault is not None for record in portone.requests[before:])
    assert portone.asked.total() - before - faults == -(-(len(ids) - had) // 10) + 1


def test_ctrl_c_waits_for_the_page(portone: PortOne, shell: Shell) -> None:
    start = (portone.now - timedelta(days=1)).isoformat()
    portone.sell(30)
    command = ["export", "--from", start, "--page-size", "10", "-o", "out.jsonl"]
    with portone.hold("getAllPaymentsByCursor") as held, shell.start(*command) as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"Finishing" in process.stderr.readline()
        held.release()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert len(shell.lines("out.jsonl")) == 10
    assert shell.run(*command).returncode == 0
    assert len(shell.lines("out.jsonl")) == 30


def test_another_period_or_kind_of_output_is_refused(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    shell.write("ids", ["order-0"])
    start = (portone.now - timedelta(days=1)).isoformat()
    assert shell.run("export", "--from", start, "-o", "out.jsonl").returncode == 0
    for command in (
        ["export", "--from", "2026-01-01", "-o", "out.jsonl"],
        ["export", "--from", start, "--until", "2099-01-01", "-o", "out.jsonl"],
        ["lookup", "ids", "-o", "out.jsonl"],
    ):
        done = shell.run(*command)
        assert done.returncode == 2
        assert "choose another" in done.stderr
    shell.environment["PORTONE_STORE_ID"] = "store-other"
    assert shell.run("export", "--from", start, "-o", "out.jsonl").returncode == 2
    del shell.environment["PORTONE_STORE_ID"]
    shell.run("lookup", "ids", "-o", "looked-up.jsonl")
    done = shell.run("export", "--from", start, "-o", "looked-up.jsonl")
    assert (done.returncode, "no export" in done.stderr) == (2, True)


def test_a_page_that_fails_tells_how_to_go_on(portone: PortOne, shell: Shell) -> None:
    portone.refuse("getAllPaymentsByCursor", "FORBIDDEN")
    done = shell.run("export", "--from", "2026-01-01", "-o", "out.csv")
    assert done.returncode == 1
    assert "403 FORBIDDEN" in done.stderr
    assert "goes on from here" in done.stderr
    assert not (shell.folder / "out.csv").exists()


def test_a_refused_secret_is_told(portone: PortOne, shell: Shell) -> None:
    shell.environment["PORTONE_API_SECRET"] = "wrong"
    assert shell.run("export", "--from", "2026-01-01", "-o", "out.jsonl").returncode == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "soon"], "no time"),
        (["--from", "2026-02-01", "--until", "2026-01-01"], "before"),
    ],
)
def test_wrong_periods_are_told(shell: Shell, arguments: list[str], said: str) -> None:
    done = shell.run("export", *arguments, "-o", "out.jsonl")
    assert done.returncode == 2
    assert said in done.stderr


def test_korea_s_clock_counts_where_no_zone_is_given() -> None:
    assert moment("2026-07-01").isoformat() == "2026-07-01T00:00:00+09:00"
    assert moment("2026-07-01T10:00Z").utcoffset() == timedelta()
    with pytest.raises(Stop, match="like 2026"):
        moment("July")
