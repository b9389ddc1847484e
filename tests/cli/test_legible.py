"""Output is legible on dark and light backgrounds, and files contain nothing but the output."""

from __future__ import annotations

import re
import subprocess
import sys

import orjson
import pytest

from portone_async.cli.command import ExitCode, run_command
from portone_async.cli.journal import Record
from portone_async.cli.terminal import SPINNER_SIZE
from portone_emulator.scenarios import future

from .conftest import CONTROL, PortOne, Shell, run_in_terminal

BOLD, DIM, ITALIC, UNDERLINE, RED, GREEN, MAGENTA = 1, 2, 3, 4, 31, 32, 35
OFF = {0, 22, 23, 24, 39}
BLOCKS = set("━╸╺█▏▎▍▌▋▊▉ \r\n|/-\\")
STYLED = re.compile(r"\x1b\[([0-9;]*)m([^\x1b]*)")
MOVE = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\r")
FORMS = (
    "--help",
    "-h",
    "lookup -h",
    "lookup --help",
    "export --help",
    "get --help",
    "lookup",
    "lookup x --rate 0",
)


def check_styles(seen: str) -> set[int]:
    """Check that all styles suit any background, and that bar styles are on bars only; return the styles."""
    seen_styles = set[int]()
    for codes, text in STYLED.findall(seen):
        styles = {int(code or 0) for code in codes.split(";")}
        assert styles <= {BOLD, DIM, ITALIC, UNDERLINE, RED, GREEN, MAGENTA} | OFF, (codes, text)
        if styles & {DIM, GREEN}:
            assert set(text) <= BLOCKS, (codes, text)
        seen_styles |= styles
    return seen_styles


def words(seen: str) -> str:
    return " ".join(CONTROL.sub("", seen).replace("│", " ").split())


def test_bars_and_summaries_suit_any_background(portone: PortOne, shell: Shell) -> None:
    portone.future("getPayment", future.unknown_variant("CANCELLED"))
    portone.checkout("waiting", "virtual_account", amount=5_000)
    portone.checkout("failed", "failed", amount=5_000)
    ids = [*portone.sell(50), "waiting", "failed", "unknown"]
    shell.write("ids", ids)
    arguments = ("lookup", "ids", "-o", "out.jsonl", "--rate", "100")
    seen = run_in_terminal(shell, 100, *arguments, "--max-failures", "1")
    assert "CANCELLED" in seen
    assert check_styles(seen) >= {BOLD, RED, GREEN, MAGENTA}
    seen = run_in_terminal(shell, 100, "export", "--from", "2020-01-01", "-o", "all.csv")
    assert "PAID" in seen
    check_styles(seen)


def test_json_suits_any_background(portone: PortOne, shell: Shell) -> None:
    portone.checkout("나이키", amount=1_000, order_name="나이키 운동화")
    seen = run_in_terminal(shell, 80, "get", "나이키")
    assert check_styles(seen) >= {BOLD, MAGENTA}
    assert orjson.loads(CONTROL.sub("", seen)) == portone.payments["나이키"]


@pytest.mark.parametrize("form", FORMS)
def test_help_and_usage_errors_suit_any_background(shell: Shell, form: str) -> None:
    assert BOLD in check_styles(run_in_terminal(shell, 80, *form.split()))


@pytest.mark.parametrize("form", FORMS)
def test_help_is_not_cut_in_60_columns(shell: Shell, form: str) -> None:
    seen = run_in_terminal(shell, 60, *form.split())
    assert "…" not in seen
    assert max(map(len, CONTROL.sub("", seen).splitlines())) <= 60
    if form in {"lookup --help", "export --help", "get --help"}:
        assert "[env var: PORTONE_BASE_URL] [default: https://api.portone.io]" in words(seen)


def test_errors_wrap_between_words_in_a_terminal_only(shell: Shell) -> None:
    arguments = ("lookup", "ids", "-o", "결제 :key: [red] 내역.txt")
    message = "portone-async: 결제 :key: [red] 내역.txt: name it .jsonl, .csv or .parquet, or give --format"
    seen = run_in_terminal(shell, 60, *arguments, PYTHONUTF8="1")
    assert words(seen) == message
    assert seen.rstrip().splitlines()[1:]
    assert all(line.split()[-1] in message.split() for line in seen.splitlines() if line)
    done = shell.run(*arguments)
    assert (done.returncode, done.stderr) == (2, f"{message}\n")


def test_stdout_does_not_contain_the_bar(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(20))
    path = shell.folder / "stdout"
    with path.open("wb") as file:
        arguments = ("lookup", "ids", "-o", "out.jsonl", "--rate", "100")
        seen = run_in_terminal(shell, 80, *arguments, stdout=file)
    assert "/20" in seen
    assert "PAID" not in seen
    assert "PAID" in path.read_text()
    assert not re.search(r"[\x1b\r]|/20", path.read_text())


def test_the_cursor_is_never_hidden(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(5))
    assert "\x1b[?25l" not in run_in_terminal(shell, 80, "lookup", "ids", "-o", "out.jsonl")


def test_a_dumb_terminal_gets_no_control_codes(portone: PortOne, shell: Shell) -> None:
    shell.write("ids", portone.sell(5))
    for arguments in (("lookup", "ids", "-o", "1.csv"), ("get", "order-1"), ("get", "--help")):
        seen = run_in_terminal(shell, 80, *arguments, TERM="dumb")
        assert "\x1b" not in seen
        assert "\r" not in seen.replace("\r\n", "")


def test_force_color_colours_what_people_read_but_moves_nothing(
    portone: PortOne, shell: Shell
) -> None:
    shell.write("ids", [*portone.sell(5), "unknown"])
    shell.environment |= {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = shell.run("lookup", "ids", "-o", "out.jsonl", "--rate", "20")
    assert RED in check_styles(done.stdout)
    assert not MOVE.search(done.stdout + done.stderr)
    assert orjson.loads(shell.run("get", "order-1").stdout)
    assert "\x1b" in shell.run("get", "--help").stdout


def test_continuous_integration_is_not_a_terminal(portone: PortOne, shell: Shell) -> None:
    shell.environment |= {"GITHUB_ACTIONS": "true", "CI": "true"}
    for form in FORMS:
        done = shell.run(*form.split())
        assert "\x1b" not in done.stdout + done.stderr


def test_slow_steps_are_shown(portone: PortOne, shell: Shell) -> None:
    (payment_id,) = portone.sell(1)
    payment = {"id": payment_id, "status": "PAID", "currency": "KRW", "x": "x" * SPINNER_SIZE}
    (shell.folder / "long.jsonl").write_bytes(Record(payment_id, payment).to_line())
    shell.write("ids", [payment_id])
    seen = run_in_terminal(shell, 80, "lookup", "ids", "-o", "long.csv")
    assert seen.index("Reading long.jsonl") < seen.index("1/1") < seen.index("Writing long.csv")
    check_styles(seen)
    assert shell.run("lookup", "ids", "-o", "long.csv").stderr == ""


def test_an_interruption_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> ExitCode:
        raise KeyboardInterrupt

    assert run_command(command) == 130
    assert capsys.readouterr().err == "portone-async: interrupted\n"


def test_an_interruption_at_the_start_causes_no_traceback(shell: Shell) -> None:
    code = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "portone_async.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from portone_async.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=shell.environment,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
