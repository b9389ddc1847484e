"""The examples, run as their readers run them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demo_runs_without_colours_when_piped() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "examples/demo.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert "\033" not in run.stdout
    for line in (
        "sent 2 times with 1 idempotency key: cancelled once",
        "order20261130001: 10,000 of 30,000 KRW refunded",
        "PaymentNotFoundError, a NotFoundError: 404 PAYMENT_NOT_FOUND",
        "order20261130002: FROZEN, a status that this version does not know",
    ):
        assert line in run.stdout
