"""`python -m examples.shop` starts the shop and the emulator together."""

# ruff: noqa: E402  (without these packages, the imports below fail)

from __future__ import annotations

import pytest

for package in ("fastapi", "sqlalchemy", "aiosqlite", "redis"):
    pytest.importorskip(package)

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from examples.shop.__main__ import listen, main
from examples.shop.settings import Settings

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-m", "examples.shop"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_one_command_starts_both_and_control_c_ends_both(workers: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--workers", workers],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shop:
        assert shop.stdout is not None
        output = "".join(iter(shop.stdout.readline, "Press Ctrl+C to stop.\n"))
        try:
            url, _, emulator = re.findall(r"http://\S+", output)
            with httpx.Client(trust_env=False, timeout=10) as browser:
                form = {"product": "mug", "quantity": "2"}
                window = browser.post(f"{url}/orders", data=form).headers["location"]
                assert window.startswith(f"{emulator}/checkout/order")
                assert "24,000 KRW" in browser.get(window).text
        finally:
            shop.send_signal(signal.SIGINT)
            _, errors = shop.communicate(timeout=20)
    assert (shop.returncode, errors) == (0, "")


def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as in_use:
        run = subprocess.run(
            [*COMMAND, "--port", str(in_use.getsockname()[1])],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert run.returncode == 1
    assert "choose another one with --port" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--workers", "0", "is not a number above zero"),
        (
            "--database-url",
            "mysql+aiomysql://root:secret@localhost/shop",
            "SQLite .* or PostgreSQL",
        ),
        (
            "--database-url",
            "postgres://root:secret@localhost/shop",
            r"postgresql\+asyncpg:.*not postgres",
        ),
        ("--database-url", "localhost:secret", "parse SQLAlchemy URL"),
        ("--database-url", "postgresql+nothing://root:secret@localhost", "nothing"),
        (
            "--database-url",
            "postgresql+asyncpg://root:secret@127.0.0.1:1/shop",
            "--database-url: .*127.0.0.1",
        ),
        ("--redis-url", "localhost:secret", "redis://"),
        ("--redis-url", "redis://:secret@127.0.0.1:1", "--redis-url: .*127.0.0.1:1"),
    ],
)
def test_an_option_that_cannot_be_used_is_reported_before_it_serves(
    option: str,
    value: str,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("asyncpg")
    monkeypatch.setattr(sys, "argv", ["shop", "--port", "0", option, value])
    with pytest.raises(SystemExit) as caught:
        main()
    output = capsys.readouterr()
    message = output.err if caught.value.code == 2 else str(caught.value.code)  # argparse prints it
    assert output.out == ""
    assert re.search(problem, message), message
    assert "secret" not in message


def test_webhooks_of_two_runs_have_different_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis or a database may remember those of the first."""
    ids: list[set[str]] = []

    def collect(settings: Settings, *_: object) -> None:
        with httpx.Client(base_url=settings.api_url, trust_env=False) as emulator:
            checkout = {"paymentId": "order1", "totalAmount": 1_000}
            emulator.post("/_emulator/checkout", json=checkout).raise_for_status()
            state = emulator.get("/_emulator/state").raise_for_status().json()
            ids.append({webhook["id"] for webhook in state["webhooks"]})

    monkeypatch.setattr("examples.shop.__main__.serve", collect)
    monkeypatch.setattr(sys, "argv", ["shop", "--port", "0"])
    main()
    main()
    assert all(ids)
    assert not ids[0] & ids[1]


def test_no_response_waits_for_an_acknowledgement() -> None:
    with listen(0) as listener:  # asyncio turns Nagle's algorithm off for such a socket only
        assert listener.proto == socket.IPPROTO_TCP
