"""docs/emulator.md in both languages: its tables and examples are those of the code."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.options import OPTIONS
from portone_emulator.web.controls import controls
from portone_emulator.web.openapi import PREFIX
from portone_emulator.web.reads import READS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "emulator" / "examples"
PAGES = {
    name: (ROOT / "docs" / name).read_text("utf-8") for name in ("emulator.md", "emulator.ko.md")
}
pages = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
FILES = {
    "js": EXAMPLES / "node" / "shop.test.mjs",
    "java": EXAMPLES / "jvm" / "Shop.java",
    "yaml": EXAMPLES / "seed.yaml",
}


def table(page: str, number: int) -> list[list[list[str]]]:
    """The rows of a table: of each cell, what is between backticks."""
    found = re.findall(r"^\|[-|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)[number]
    return [
        [re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|")]
        for row in found.splitlines()
    ]


def column(page: str, number: int, position: int = 0) -> list[str]:
    return [name for row in table(page, number) for name in row[position]]


@pages
def test_each_option_is_there_with_its_argument_in_python(page: str) -> None:
    assert sorted(column(page, 0)) == sorted(option.name for option in OPTIONS)
    arguments = {f"{name}=" for name in inspect.signature(Emulator).parameters}
    in_python = {*column(page, 0, 1), "on_request="}  # which no command line can give
    assert {name for name in in_python if name.endswith("=")} == arguments
    for name in in_python - arguments:
        assert inspect.isfunction(getattr(Emulator, name.removesuffix("()")))


@pages
def test_what_can_be_repeated_is_said_to_be(page: str) -> None:
    rows = re.findall(r"^\| (`--[^|]*)\|", page, re.MULTILINE)
    said = {name for row in rows if "(" in row for name in re.findall(r"`([^`]+)`\s?\(", row)}
    assert said == {option.name for option in OPTIONS if option.kind == "repeatable"}


@pages
def test_each_control_and_read_is_there(page: str) -> None:
    assert sorted(column(page, 1)) == sorted(controls(load()))
    assert sorted(column(page, 2)) == sorted(f"{PREFIX}{name}" for name in READS)


@pages
@pytest.mark.parametrize("language", FILES)
def test_code_is_from_the_examples(page: str, language: str) -> None:
    [block] = re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    example = without_indent(FILES[language].read_text("utf-8"))
    for part in without_indent(block).split("\n\n"):
        assert part.strip() in example


def without_indent(code: str) -> str:
    return re.sub(r"^ +", "", code, flags=re.MULTILINE)


@pages
def test_commands_of_curl_pay_and_find_a_payment(page: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    output = b""
    with Emulator() as emulator:
        for command in re.findall(r"^\$ curl (.*)$", page, re.MULTILINE):
            arguments = shlex.split(command.replace("http://127.0.0.1:8000", emulator.url))
            # --json is of curl 7.82
            arguments = [each if each != "--json" else "--data" for each in arguments]
            if "--data" in arguments:
                arguments += ["--header", "Content-Type: application/json"]
            output = subprocess.check_output(
                [curl, "--silent", "--fail", "--noproxy", "*", *arguments], timeout=30
            )
    assert json.loads(output)["status"] == "PAID"
