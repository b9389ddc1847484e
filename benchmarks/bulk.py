"""Lookups a second by number of tasks, each contestant on one core, round after round."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks.clients import CONTESTANTS
from benchmarks.server import nginx
from benchmarks.table import show

TASKS = (20, 100, 500)
ROUNDS = 3
# Enough for about a second each.
COUNTS = {"official": 500, "raw_httpx": 600, "bare_socket": 12_000, "raw_aiohttp": 4_000}


def measure(name: str, url: str, tasks: int, count: int) -> dict[str, float]:
    """One contestant in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.clients", name, url, str(tasks), str(count)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Measure each in turn, round by round."""
    rates: dict[tuple[str, int], list[float]] = {}
    with nginx() as url:
        for _ in range(ROUNDS):
            for tasks in TASKS:
                for name in CONTESTANTS:
                    count = max(COUNTS.get(name, 2_500), tasks * 2)
                    rates.setdefault((name, tasks), []).append(
                        measure(name, url, tasks, count)["rate"]
                    )
    rows = []
    for name in CONTESTANTS:
        row = [name]
        for tasks in TASKS:
            found, base = rates[name, tasks], rates["official", tasks]
            ratio = statistics.median(a / b for a, b in zip(found, base, strict=True))
            row += [f"{statistics.median(found):,.0f}", f"{ratio:.1f}"]
        rows.append(row)
    head = ["", *(text for tasks in TASKS for text in (f"{tasks} tasks: a second", "of official"))]
    show("Looking one payment up, one core", head, rows)
