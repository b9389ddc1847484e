"""One `lookup` against two at once, each with half of the ids: the most that worker processes could gain.

`python -m benchmarks.processes [IDS [ROUNDS]]` prints the ratios of rates. Nothing is saved: see decision 0024.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.server import nginx

CONCURRENCY = 100
TIMEOUT = 300  # seconds


def rate(url: str, ids: int, processes: int) -> float:
    """Look the ids up with this many commands at once, and return the ids per second of all together."""
    command = [sys.executable, "-m", "portone_async", "lookup"]
    environment = os.environ | {"PORTONE_API_SECRET": "x", "PORTONE_BASE_URL": url}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(processes):
            lines = (f"order-{index:07}\n" for index in range(number, ids, processes))
            Path(folder, f"{number}.txt").write_text("".join(lines))
        started = time.perf_counter()
        running = [
            subprocess.Popen(
                [*command, f"{number}.txt", "-o", f"{number}.jsonl",
                 "--concurrency", str(CONCURRENCY // processes)],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for number in range(processes)
        ]  # fmt: skip
        for process in running:
            if process.wait(TIMEOUT):
                sys.exit("a lookup failed")
        return ids / (time.perf_counter() - started)


def main(ids: int, rounds: int) -> None:
    """Measure one and two by turns."""
    with nginx() as url:
        for _ in range(rounds):
            one, two = rate(url, ids, 1), rate(url, ids, 2)
            load = os.getloadavg()[0]
            print(f"one {one:,.0f} per s, two {two:,.0f} per s: {two / one:.2f} (load {load:.1f})")


if __name__ == "__main__":
    main(*(int(text) for text in [*sys.argv[1:], "30000", "5"][:2]))
