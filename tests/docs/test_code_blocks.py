"""The code in docs/: every Python block runs and passes a type checker, every command that is shown exists.

The programs of README.md are run by tests of their own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from portone_emulator import options

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (ROOT / "docs").rglob("*.md")
    if not path.is_relative_to(ROOT / "docs" / "reference")  # written when the site is built
)
SECRET = "whsec_dGVzdCBzZWNyZXQgb2YgMjQgYnl0ZXMh"
RUN = """
import json, sys
for number, code in enumerate(json.load(sys.stdin)):
    exec(compile(code, f"block {number}", "exec"), {"__name__": "guide"})
"""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str = "python") -> list[str]:
    """The code blocks of a page, those in lists and notes included."""
    found = re.findall(
        rf"^([ ]*)```{language}\b[^\n]*\n(.*?)^\1```",
        page.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


WITH_CODE = [page for page in PAGES if blocks(page)]


def test_python_is_called_python() -> None:
    """A block under another name would be run by nobody."""
    called = {
        name
        for page in PAGES
        for name in re.findall(r"^ *```(\w+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert "python" in called
    assert not called & {"py", "python3", "pycon", "Python"}


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_every_block_runs(page: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        input=json.dumps(blocks(page)),
        cwd=tmp_path,
        env=os.environ
        | {
            "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}",
            "PORTONE_API_SECRET": "secret",
            "PORTONE_WEBHOOK_SECRET": SECRET,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'emulator'}",
            "PYTHONUTF8": "1",
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{name_of(page)}: {done.stderr}"


def test_every_block_passes_a_type_checker(tmp_path: Path) -> None:
    """What a block only defines is not run by itself: a wrong argument inside is found here."""
    for page in WITH_CODE:
        for number, code in enumerate(blocks(page)):
            file = tmp_path / f"{name_of(page).replace('/', '_').removesuffix('.md')}_{number}.py"
            file.write_text(code, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({
            "typeCheckingMode": "standard",
            "pythonVersion": "3.11",
            "extraPaths": [str(ROOT), str(ROOT / "emulator")],
            "reportMissingModuleSource": False,
        }),
        encoding="utf-8",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == sum(len(blocks(page)) for page in WITH_CODE)
    errors = [
        f"{Path(each['file']).stem}:{each['range']['start']['line'] + 1}: {each['message']}"
        for each in report["generalDiagnostics"]
        if each["severity"] == "error"
    ]
    assert errors == []


def shown_commands() -> list[tuple[str, bool]]:
    """The commands in console blocks, and mentions between backticks, which may leave out what a command takes."""
    found: set[tuple[str, bool]] = set()
    for page in [*PAGES, ROOT / "README.md", ROOT / "README.ko.md", ROOT / "CONTRIBUTING.md"]:
        for block in blocks(page, "(?:console|bash|sh)"):
            shown = re.findall(r"^\$ (.+?)(?:\s+#.*)?$", block, re.MULTILINE)
            found |= {(command, True) for command in shown}
        text = page.read_text(encoding="utf-8")
        mentioned = re.findall(r"`((?:portone-async|make) [a-z][^`]*)`", text)
        found |= {(command, False) for command in mentioned}
    return sorted(found)


@pytest.mark.parametrize(("command", "is_complete"), shown_commands())
def test_every_command_exists(command: str, is_complete: bool) -> None:
    without_files = re.sub(r"\s[<>]\s*\S+", "", command)
    for part in re.split(r"\s(?:&&|\|)\s", without_files):
        program, *arguments = shlex.split(part, comments=True)
        match Path(program).name, arguments:
            case "portone-async", [_, *_]:
                parse(arguments, is_complete)
            case "portone-emulator", _:
                options.parse(arguments, {})
            case "make", _:
                targets = re.findall(
                    r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
                )
                assert {each for each in arguments if "=" not in each} <= set(targets)
            case (("python" | "python3"), ["-m", module, *_]):
                assert (ROOT / module.replace(".", "/")).is_dir()
            case "pip", ["install", *packages]:
                for package in packages:
                    extras = re.search(r"\[(.*)\]", package)
                    assert not extras or set(extras[1].split(",")) <= set(extra_names())
            case _:
                assert Path(program).name in KNOWN_PROGRAMS, part


KNOWN_PROGRAMS = {
    *("cd", "curl", "docker", "git", "java", "nox", "npm", "pre-commit", "pytest", "python"),
    *("uvicorn", "uvx"),
}
"""What is not ours, and is only looked at by a reader."""


def extra_names() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return list(tomllib.load(file)["project"]["optional-dependencies"])


def parse(arguments: list[str], is_complete: bool) -> None:
    """Read a command line as the program does, without running it; a mistake is an exception."""
    typer = pytest.importorskip("typer")
    from portone_async.cli.app import app  # noqa: PLC0415  (needs typer)

    group = typer.main.get_command(app)
    name, *rest = arguments
    command = group.commands[name]
    if is_complete:
        with group.make_context("portone-async", arguments) as context:
            command.make_context(name, rest, parent=context).close()
    elif not command.ignore_unknown_options:
        options = {option for each in command.params for option in each.opts}
        assert {word for word in rest if word.startswith("-")} <= options
