"""Help and messages in Korean, where the environment asks for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from rich.cells import cell_len
from typer import rich_utils
from typer.testing import CliRunner

import portone_async.cli
from portone_async.cli.app import app
from portone_async.cli.help import split_paragraphs
from portone_async.cli.korean import TEXTS
from portone_async.cli.language import is_korean
from portone_async.cli.lookup import MAX_CONNECTION_FAILURES

from .conftest import CONTROL, PortOne, Shell, run_in_terminal

SOURCES = [
    path
    for path in Path(portone_async.cli.__file__).parent.glob("*.py")
    if path.name != "korean.py"
]
COMMANDS = ("lookup", "export", "get", "emulator")
HANGUL = re.compile("[가-힣]")
TYPERS_TEXTS = {
    "Show this message and exit.",
    "Usage:",
    "[OPTIONS]",
    "COMMAND [ARGS]...",
    "Arguments",
    "Options",
    "Commands",
    "Error",
    "[required]",
    "[default: {}]",
    "[env var: {}]",
    "Try [bold]'{command_path} {help_option}'[/] for help.",
}
SYSTEMS_TEXTS = {
    "No such file or directory",
    "Is a directory",
    "Permission denied",
    "No space left on device",
    "File too large",
}
NOT_TRANSLATED = {"{error}", ""}


def help_texts() -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    assert list(group.commands) == list(COMMANDS)
    for command in (group, *group.commands.values()):
        for text in (command.help, command.epilog):
            yield from split_paragraphs(text or "")
        for parameter in command.params:
            yield getattr(parameter, "help", None) or ""


def constants(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def message_texts() -> Iterator[str]:
    """Yield the texts of all calls of `translate` and `CommandError`."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="translate"), args=[text, *_]):
                    yield from constants(text)
                case ast.Call(func=ast.Name(id="CommandError"), args=[_, text, *_]):
                    yield from constants(text)
                case _:
                    pass


def test_every_text_has_its_korean_one() -> None:
    texts = {*help_texts(), *message_texts(), *TYPERS_TEXTS, *SYSTEMS_TEXTS} - NOT_TRANSLATED
    assert texts - TEXTS.keys() == set()


def test_no_korean_text_is_left_over() -> None:
    used = {*help_texts(), *TYPERS_TEXTS, *SYSTEMS_TEXTS}
    for path in SOURCES:
        used |= set(constants(ast.parse(path.read_text(encoding="utf-8"))))
    of_the_client = {text for text in TEXTS if text.startswith("base_url ")}
    assert TEXTS.keys() - used - of_the_client == set()


def test_typers_texts_are_still_what_they_were() -> None:
    found = {value for value in vars(rich_utils).values() if isinstance(value, str)}
    found |= {str(rich_utils.RICH_HELP).replace("[blue]", "[bold]")}
    assert TYPERS_TEXTS - found <= {
        "Show this message and exit.",
        "Usage:",
        "[OPTIONS]",
        "COMMAND [ARGS]...",
    }


@pytest.mark.parametrize(("english", "korean"), TEXTS.items())
def test_a_korean_text_has_the_same_values(english: str, korean: str) -> None:
    value = re.compile(r"\{\w*(?:![rs])?(?::,)?\}")
    assert sorted(value.findall(korean)) == sorted(value.findall(english))
    assert not re.search(r"\}(?:을|를|이|가|은|는|과|와|로|으로)(?![가-힣])", korean)


def test_the_help_says_how_many_failures_stop_a_run() -> None:
    assert any(f"after {MAX_CONNECTION_FAILURES} failures" in text for text in help_texts())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"LANG": "ko_KR.UTF-8"}, True),
        ({"LANG": "ko"}, True),
        ({"LANG": "ko-KR"}, True),
        ({"LANG": "kok_IN.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "C.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.eucKR"}, True),
        ({"LC_MESSAGES": "ko", "LC_ALL": "C"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ko_KR.UTF-8"}, True),
        ({"LC_ALL": "en_US.UTF-8", "LANGUAGE": "ko"}, True),
        ({"LANG": "ko_KR.UTF-8", "LANGUAGE": "ja:en:ko"}, False),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ja:ko:en"}, True),
        ({"LANG": "ko_KR.UTF-8", "LANGUAGE": ""}, True),
    ],
)
def test_the_language_is_that_of_gettext(environment: dict[str, str], expected: bool) -> None:
    assert is_korean(environment) == expected


@pytest.mark.parametrize("columns", [60, 80])
def test_the_help_is_korean_and_nothing_is_cut(shell: Shell, columns: int) -> None:
    shell.environment["LC_ALL"] = "ko_KR.UTF-8"
    for command in ("", "lookup ", "export "):
        seen = run_in_terminal(shell, columns, *f"{command}--help".split())
        lines = CONTROL.sub("", seen).splitlines()
        assert "…" not in seen
        assert max(map(cell_len, lines)) <= columns
        texts = [line.strip("│ ") for line in lines]
        # Nothing but names is in English.
        english = re.compile(
            r"\b(?:the|of|and|is|to|for|with|required|default|show|usage)\b", re.IGNORECASE
        )
        assert [text for text in texts if english.search(text)] == []
        for expected in ("사용법: python -m portone_async", "─ 옵션 ─", "이 도움말을 출력합니다."):
            assert any(expected in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lookup"], "필수 인자가 없습니다: 'IDS'"),
        (["lookup", "ids"], "필수 옵션이 없습니다: '--output' / '-o'"),
        (["lookup", "ids", "-o"], "옵션에 값이 필요합니다: '-o'"),
        (["lookup", "ids", "--outptu"], "없는 옵션입니다: --outptu"),
        (["lookup", "ids", "x", "-o", "y"], "필요 없는 인자가 있습니다: x"),
        (["lookup", "ids", "--allow-http=1"], "값을 받지 않는 옵션입니다: '--allow-http'"),
        (["lookup", "ids", "-f", "pdf"], "'-f'의 값이 잘못되었습니다: 'pdf', 쓸 수 있는 값은"),
        (["lookup", "ids", "--rate", "0"], "'--rate'의 값이 잘못되었습니다: 0.0, 범위는 x>=0.001"),
        (["lookup", "ids", "--rate", "x"], "숫자가 아닙니다('x')"),
        (["lookup", "ids", "--concurrency", "x"], "정수가 아닙니다('x')"),
        (["lookpu"], "없는 명령입니다: 'lookpu'"),
        (["lookup", "ids", "-o", "a.txt"], "a.txt: 확장자를 .jsonl, .csv, .parquet 중"),
        (["lookup", "no-such", "-o", "a.csv"], "no-such: 읽을 수 없습니다(파일이나 폴더가 없음)"),
        (
            ["lookup", "ids", "-o", "a.csv", "--columns", "totla"],
            "없습니다(혹시 total?). 쓸 수 있는",
        ),
        (
            ["lookup", "ids", "-o", "a.csv", "--column", "id"],
            "'id' 열이 없습니다. 있는 열: order-1",
        ),
        (["get", "x", "--base-url", "here"], "--base-url에는 https://api.portone.io 같은 URL"),
        (["get", "x", "--base-url", "http://"], "--base-url"),
        (["get", "x", "--base-url", "http://a.example"], "--allow-http를 붙여 주세요"),
        (["export", "--from", "July", "-o", "a.csv"], "잘못된 시각입니다: 'July'"),
    ],
)
def test_errors_of_arguments_are_korean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTONE_API_SECRET", "a-secret")
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "ids").write_text("order-1")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not re.search(
        r"Missing|No such|Invalid|valid|Did you|Possible|there|base_url", done.stderr
    )


def test_results_are_korean(portone: PortOne, shell: Shell) -> None:
    shell.environment["LANG"] = "ko_KR.UTF-8"
    shell.write("ids", [*portone.sell(3), "unknown"])
    done = shell.run("lookup", "ids", "-o", "out.csv")
    assert (done.returncode, done.stderr) == (1, "")
    assert "out.csv: 결제 3건(새로 받은 결제 3건), 걸린 시간 0:0" in done.stdout
    assert "1건을 조회하지 못했습니다(out.errors.jsonl)." in done.stdout
    heading, row = (line for line in done.stdout.splitlines() if re.match("상태|PAID", line))
    assert cell_len(heading.partition("합계")[0] + "합계") == cell_len(row.removesuffix("  KRW"))


def test_a_terminal_without_hangul_gets_english(shell: Shell) -> None:
    shell.environment |= {"LANG": "ko_KR.UTF-8", "PYTHONIOENCODING": "ascii"}
    done = shell.run("--help")
    assert "Usage:" in done.stdout
    assert "\\u" not in done.stdout
