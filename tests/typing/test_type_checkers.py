"""The types that users get: what mypy and basedpyright, both strict, say of the files in `cases/`.

In a case file `# error: CODE RULE` says that mypy reports an error with this code on this line, and basedpyright
one of this rule (`a,b` for two on one line, `-` for none); `# revealed: TYPE` what both say to `reveal_type`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
CHECKERS = ("mypy", "basedpyright")


class Said(NamedTuple):
    """One diagnostic of a checker."""

    line: int
    kind: str
    what: str


Diagnostics = dict[str, list[Said]]


def run(*command: str, cwd: Path) -> str:
    """What a checker prints; its exit status says whether there were errors, which there are."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def ask_mypy(folder: Path) -> Diagnostics:
    printed = run(
        "mypy",
        "--strict",
        f"--config-file={os.devnull}",
        f"--cache-dir={folder}",
        "--output=json",
        *map(str, CASES),
        cwd=folder,
    )
    found: Diagnostics = {}
    for line in printed.splitlines():
        item = json.loads(line)
        revealed = re.fullmatch(r'Revealed type is "(.*)"', item["message"])
        if revealed:
            said = Said(item["line"], "revealed", short(revealed[1]))
        elif item["severity"] == "error":
            said = Said(item["line"], "error", item["code"])
        else:
            continue
        found.setdefault(Path(item["file"]).name, []).append(said)
    return found


def ask_basedpyright(folder: Path) -> Diagnostics:
    config = folder / "pyrightconfig.json"
    config.write_text(
        json.dumps(
            {
                "include": [str(CASES[0].parent)],
                "typeCheckingMode": "strict",
                "pythonVersion": "3.11",
                # The case files have statements that are there for their diagnostics only.
                "reportUnusedExpression": "none",
                "reportUnusedVariable": "none",
            }
        )
    )
    printed = run(
        "basedpyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        "--project",
        str(config),
        cwd=folder,
    )
    found: Diagnostics = {}
    for item in json.loads(printed)["generalDiagnostics"]:
        line = item["range"]["start"]["line"] + 1
        revealed = re.fullmatch(r'Type of "(?s:.*)" is "(.*)"', item["message"])
        if revealed and item["severity"] == "information":
            said = Said(line, "revealed", short(revealed[1]))
        else:
            said = Said(line, "error", item.get("rule", item["message"]))
        found.setdefault(Path(item["file"]).name, []).append(said)
    return found


def short(type_: str) -> str:
    """A type without the names of modules, a union's members in order."""
    name = re.sub(r"\b(?:\w+\.)+(?=\w)", "", type_).replace('"', "'")
    return name if "[" in name else " | ".join(sorted(name.split(" | ")))


def expected(case: Path, checker: str) -> list[Said]:
    """What the comments of a case file say."""
    found: list[Said] = []
    for number, line in enumerate(case.read_text("utf-8").splitlines(), 1):
        for kind, text in re.findall(r"# (error|revealed): (.*?)(?=  #|$)", line):
            what = text.split()[CHECKERS.index(checker)] if kind == "error" else short(text)
            said = what.split(",") if kind == "error" else [what]
            found.extend(Said(number, kind, each) for each in said if each != "-")
    return found


@pytest.fixture(scope="module")
def diagnostics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Diagnostics]:
    """Each checker, run once over all case files."""
    return {
        "mypy": ask_mypy(tmp_path_factory.mktemp("mypy")),
        "basedpyright": ask_basedpyright(tmp_path_factory.mktemp("basedpyright")),
    }


@pytest.mark.parametrize(
    ("case", "checker"),
    [
        pytest.param(case, checker, id=f"{case.stem}-{checker}")
        for case in CASES
        for checker in CHECKERS
    ],
)
def test_a_checker_says_what_the_comments_say(
    case: Path, checker: str, diagnostics: dict[str, Diagnostics]
) -> None:
    said = set(diagnostics[checker].get(case.name, []))
    comments = set(expected(case, checker))
    unexpected, missing = sorted(said - comments), sorted(comments - said)
    assert (unexpected, missing) == ([], [])


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_says_nothing_about_the_package_itself(
    checker: str, diagnostics: dict[str, Diagnostics]
) -> None:
    assert diagnostics[checker].keys() <= {case.name for case in CASES}


def test_every_case_file_has_errors_and_types_to_find() -> None:
    for case in CASES:
        kinds = {said.kind for said in expected(case, "mypy")}
        assert kinds & {"error", "revealed"}
