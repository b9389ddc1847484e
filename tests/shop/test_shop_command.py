"""`python -m examples.shop` starts the shop and the emulator together."""

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite"):
    pytest.importorskip(package)

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from examples.shop.__main__ import listen

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-m", "examples.shop"]


def test_one_command_starts_both_and_control_c_ends_both() -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shop:
        assert shop.stdout is not None
        said = "".join(iter(shop.stdout.readline, "Press Ctrl+C to stop.\n"))
        try:
            url, _, emulator = re.findall(r"http://\S+", said)
            with httpx.Client(trust_env=False, timeout=10) as browser:
                form = {"product": "mug", "quantity": "2"}
                window = browser.post(f"{url}/orders", data=form).headers["location"]
                assert window.startswith(f"{emulator}/checkout/order-")
                assert "24,000 KRW" in browser.get(window).text
        finally:
            shop.send_signal(signal.SIGINT)
            _, problems = shop.communicate(timeout=20)
    assert (shop.returncode, problems) == (0, "")


def test_a_taken_port_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = subprocess.run(
            [*COMMAND, "--port", str(taken.getsockname()[1])],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert run.returncode == 1
    assert "--port takes another one" in run.stderr
    assert "Traceback" not in run.stderr


def test_no_answer_waits_for_an_acknowledgement() -> None:
    with listen(0) as listener:  # asyncio turns Nagle's algorithm off for a socket that says this
        assert listener.proto == socket.IPPROTO_TCP
