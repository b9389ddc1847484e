"""Output in a terminal, narrow or wide, and in a pipe."""

from __future__ import annotations

import re
import subprocess
import sys

import orjson
import pytest

from .conftest import COMMAND, CONTROL, PATIENCE, PortOne, Shell, run_in_terminal

COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|38|9[0-7])[;m]")


@pytest.mark.parametrize("columns", [60, 200])
def test_a_terminal_shows_a_bar_and_a_chart_that_fit(
    portone: PortOne, shell: Shell, columns: int
) -> None:
    ids = portone.sell(300)
    portone.checkout("big", "failed", amount=2_000_000_000)
    portone.checkout("waiting", "virtual_account", amount=5_000)
    shell.write("ids", [*ids, "big", "waiting", "unknown"])
    seen = run_in_terminal(shell, columns, "lookup", "ids", "-o", "out.jsonl")
    assert "/303" in seen
    assert "1 failed" in seen
    assert "━" in seen
    assert "█" in seen
    lines = [line for line in re.split(r"[\r\n]", CONTROL.sub("", seen)) if line]
    assert max(map(len, lines)) <= columns
    assert any("VIRTUAL_ACCOUNT_ISSUED" in line and "5,000" in line for line in lines)


def test_no_color_is_respected(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(5))
    assert COLOUR.search(run_in_terminal(shell, 80, "lookup", "ids", "-o", "1.jsonl"))
    seen = run_in_terminal(shell, 80, "lookup", "ids", "-o", "2.jsonl", NO_COLOR="1")
    assert "PAID" in seen
    assert not COLOUR.search(seen)


def test_a_pipe_gets_no_control_codes(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", [*portone.sell(5), "unknown"])
    done = shell.run("lookup", "ids", "-o", "out.jsonl")
    seen = done.stdout + done.stderr
    assert "PAID" in done.stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", seen)
    assert not shell.run("get", "order-1").stdout.count("\x1b")
    assert not shell.run("lookup", "--help").stdout.count("\x1b")


def test_a_terminal_without_utf_8_gets_ascii(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(5))
    shell.environment |= {"PYTHONIOENCODING": "ascii"}
    done = shell.run("lookup", "ids", "-o", "out.jsonl")
    assert done.returncode == 0
    assert "####" in done.stdout
    assert done.stdout.isascii()


def test_a_reader_that_goes_away_causes_no_traceback(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    with shell.start("get", "order-0") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert b"Traceback" not in err
    assert process.returncode == 130


def test_help_explains_the_exit_codes(shell: Shell) -> None:
    for command in ([], ["lookup"], ["export"], ["get"]):
        text = " ".join(shell.run(*command, "--help").stdout.split())
        assert "Exit codes: 0" in text
        assert "130 interrupted" in text


def test_get_prints_the_payment(portone: PortOne, shell: Shell) -> None:
    portone.sell(1)
    done = shell.run("get", "order-0")
    assert done.returncode == 0
    assert orjson.loads(done.stdout) == portone.payments["order-0"]
    assert "PAID" in run_in_terminal(shell, 80, "get", "order-0")
    missing = shell.run("get", "unknown")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "404 PAYMENT_NOT_FOUND" in missing.stderr


def test_the_emulator_has_its_own_options(shell: Shell) -> None:
    shown = shell.run("emulator", "--help").stdout
    assert shown.startswith("usage: python -m portone_async emulator [")
    assert "--store-id" in shown
    with shell.start("emulator", "--port", "0") as process:
        assert process.stdout is not None
        assert b"emulator at http" in process.stdout.readline()
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_without_its_libraries_the_message_says_what_to_install(shell: Shell) -> None:
    code = (
        "import sys, runpy; sys.modules['typer'] = None;"
        "runpy.run_module('portone_async', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=shell.environment,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'portone-async[cli]'" in done.stderr
    assert COMMAND[0] == sys.executable
