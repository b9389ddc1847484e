"""Lookups a second by number of tasks, each contender on one core, round after round."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from benchmarks import cores
from benchmarks.clients import CONTESTANTS
from benchmarks.section import Section, figures
from benchmarks.server import nginx

TASKS = (20, 100, 500)
ROUNDS = 5
# Enough for about a second each.
COUNTS = {"official": 500, "raw_httpx": 600, "ours_httpx": 3_000, "ours_httpx2": 3_000}
OTHERS = 8_000
# Far more than any of them takes.
TIMEOUT = 300


def ask(
    name: str, url: str, tasks: int, count: int, core: Callable[[], None] = cores.measured
) -> dict[str, float]:
    """Let one contender look up in a fresh process; how it went."""
    command = [sys.executable, "-m", "benchmarks.clients", name, url, str(tasks), str(count)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, timeout=TIMEOUT, preexec_fn=core
    )
    went: dict[str, float] = json.loads(done.stdout)
    return went


def measure() -> dict[str, Section]:
    """Ask each in turn, round by round."""
    section = Section(title="Lookups a second on one core", unit="per s", cases={})
    rates: dict[int, dict[str, list[float]]] = {
        tasks: {name: [] for name in CONTESTANTS} for tasks in TASKS
    }
    with nginx() as url:
        for _ in range(ROUNDS):
            for tasks in TASKS:
                for name in CONTESTANTS:
                    count = max(COUNTS.get(name, OTHERS), tasks * 2)
                    rates[tasks][name].append(ask(name, url, tasks, count)["rate"])
    section["cases"] = {f"{tasks} tasks": figures(found) for tasks, found in rates.items()}
    return {"lookups": section}
