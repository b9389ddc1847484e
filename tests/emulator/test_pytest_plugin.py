"""The pytest fixtures, in a user's test suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = 'pytest_plugins = ["portone_async.emulator.pytest_plugin"]\n'
TESTS = """
import httpx
import pytest
from portone_async.models import PaidPayment

seen = set()

@pytest.mark.anyio
async def test_client(portone, portone_emulator):
    portone_emulator.checkout("order-1", amount=1000)
    assert isinstance(await portone.payment.get_payment("order-1"), PaidPayment)

@pytest.mark.parametrize("round", [1, 2])
def test_fresh_each_time(portone_emulator, round):
    assert portone_emulator.payments == {}
    portone_emulator.checkout("order-1", amount=1000)
    assert "order-1" in httpx.get(portone_emulator.url, verify=False).text
"""


def run(folder: Path, conftest: str, *options: str, **variables: str) -> str:
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_shop.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | variables,
    )
    return done.stdout + done.stderr


def test_provides_an_emulator_and_a_client(tmp_path: Path) -> None:
    assert "4 passed" in run(tmp_path, CONFTEST)  # the client on asyncio and on trio


def test_the_emulators_own_plugin_needs_no_sdk(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["portone_emulator.pytest_plugin"]\n')
    (tmp_path / "test_shop.py").write_text(
        "import sys\n\n"
        "def test_emulator(portone_emulator):\n"
        "    assert portone_emulator.payments == {}\n"
        "    assert 'portone_async' not in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert "1 passed" in done.stdout


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path) -> None:
    proxy = "http://127.0.0.1:9"
    assert "4 passed" in run(tmp_path, CONFTEST, HTTP_PROXY=proxy, http_proxy=proxy)


def test_is_opt_in(tmp_path: Path) -> None:
    output = run(tmp_path, "")
    assert "fixture 'portone_emulator' not found" in output


def test_user_can_override_a_fixture(tmp_path: Path) -> None:
    own = """
import pytest
from portone_emulator import Emulator

@pytest.fixture
def portone_emulator():
    with Emulator(secret="own", store_id="own") as emulator:
        yield emulator
"""
    assert "4 passed" in run(tmp_path, CONFTEST + own)


def test_fixtures_are_documented(tmp_path: Path) -> None:
    output = run(tmp_path, CONFTEST, "--fixtures")
    assert "An emulated PortOne, fresh for each test." in output
    assert "A client connected to the test's emulator." in output


@pytest.mark.parametrize("name", ["testing.md", "testing.ko.md"])
def test_the_guides_tests_run_as_they_are(name: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    tests = [block for block in blocks if "async def test_" in block]
    for number, block in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(block, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert f"{2 * len(tests)} passed" in done.stdout  # on asyncio and on trio
    assert len(tests) == 4
