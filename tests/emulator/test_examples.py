"""The examples in other languages, with their own tests, against an emulator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from portone_emulator import Emulator
from tests import npm

EXAMPLES = Path(__file__).parents[2] / "emulator" / "examples"
# Not the one that the examples have by default: it must be the one that they are given.
SECRET = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXNob3A="


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(webhook_secret=SECRET) as emulator:
        yield emulator


def run(emulator: Emulator, command: list[str | Path], folder: Path) -> str:
    environ = {"PORTONE_EMULATOR_URL": emulator.url, "PORTONE_WEBHOOK_SECRET": SECRET}
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_node(emulator: Emulator, tmp_path: Path) -> None:
    """On PortOne's own JavaScript SDK."""
    folder = shutil.copytree(EXAMPLES / "node", tmp_path / "node")
    installed = npm.install(EXAMPLES / "node" / "package.json")
    (folder / "node_modules").symlink_to(installed / "node_modules")
    reported = run(emulator, ["node", "--test", "--test-reporter=tap"], folder)
    tests = (EXAMPLES / "node" / "shop.test.mjs").read_text("utf-8").count("\ntest(")
    assert f"# pass {tests}\n" in reported
    assert all(delivery.is_delivered for delivery in emulator.deliveries)


def test_jvm(emulator: Emulator) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("java is needed, which is not installed")
    version = subprocess.run([java, "--version"], capture_output=True, text=True, check=True)
    if int(re.findall(r"\d+", version.stdout)[0]) < 17:
        pytest.skip("Java 17 is needed")
    printed = run(emulator, [java, "Shop.java"], EXAMPLES / "jvm")
    [payment_id] = emulator.payments
    assert printed == f"{payment_id}: 30,000 KRW paid\n"
    assert all(delivery.is_delivered for delivery in emulator.deliveries)
