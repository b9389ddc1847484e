"""Lookups per second by number of concurrent tasks, each contender on one core, in rounds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks import cores
from benchmarks.contenders import CONTENDERS
from benchmarks.section import Section, summarize
from benchmarks.server import nginx

TASKS = (20, 100, 500)
ROUNDS = 5
# Lookups per run: enough for about a second each.
COUNTS = {
    "official": 500,
    "raw_httpx": 600,
    "raw_httpx2": 600,
    "ours_http_client_httpx2": 500,
    "ours": 3_000,
}
DEFAULT_COUNT = 8_000
TIMEOUT = 300  # seconds, far more than any run takes


def run_contender(
    name: str,
    url: str,
    tasks: int,
    count: int,
    pinned: Callable[[], AbstractContextManager[None]] = cores.measured,
) -> dict[str, float]:
    """Run one contender in a new process, and return its measurements."""
    command = [sys.executable, "-m", "benchmarks.contenders", name, url, str(tasks), str(count)]
    with pinned():
        finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=TIMEOUT)
    measurements: dict[str, float] = json.loads(finished.stdout)
    return measurements


def measure() -> dict[str, Section]:
    """Run the contenders in turn, round by round."""
    rates: dict[int, dict[str, list[float]]] = {
        tasks: {name: [] for name in CONTENDERS} for tasks in TASKS
    }
    with nginx() as url:
        for _ in range(ROUNDS):
            for tasks in TASKS:
                for name in CONTENDERS:
                    count = max(COUNTS.get(name, DEFAULT_COUNT), tasks * 2)
                    rates[tasks][name].append(run_contender(name, url, tasks, count)["rate"])
    return {
        "lookups": Section(
            title="Lookups per second on one core",
            unit="per s",
            cases={f"{tasks} tasks": summarize(rounds) for tasks, rounds in rates.items()},
        )
    }
