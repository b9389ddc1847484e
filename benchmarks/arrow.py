"""Lookups into Arrow tables: by one worker process and by two, their memory, and the command line beside them.

Each worker is a process, as an engine for clusters starts it: `python -m benchmarks.arrow COUNT` looks COUNT payments
up in tables of 1,000, and prints its measurements as JSON. The contenders use all cores, nginx among them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.bulk import TIMEOUT
from benchmarks.contenders import CREDENTIAL, resident_memory
from benchmarks.section import Section, summarize
from benchmarks.server import nginx

COUNTS = (5_000, 20_000, 80_000)
TABLE = 1_000
ROUNDS = 3
WORKERS = {"arrow_1": 1, "arrow_2": 2}

# It has no types.
_pyarrow: Any = import_module("pyarrow")


def work(count: int) -> dict[str, float]:
    """Warm up with one table, say so, wait for the start, and measure."""
    arrow: Any = import_module("portone_async.bulk.arrow")
    ids = _pyarrow.table({"payment_id": [f"order{number}" for number in range(TABLE)]})
    arrow.lookup(ids)
    memory = resident_memory()
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    for _ in range(count // TABLE):
        if arrow.lookup(ids)["error"].null_count != TABLE:
            sys.exit("a lookup failed")
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "memory": (resident_memory() - memory) / 1e6}


def run_workers(url: str, workers: int, count: int) -> dict[str, float]:
    """Let so many processes look up COUNT ids in all; return the ids per second and the memory of one."""
    command = [sys.executable, "-m", "benchmarks.arrow", str(count // workers)]
    processes = [
        subprocess.Popen(
            command,
            env=_environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None  # noqa: S101  (asked for)
        process.stdout.readline()
    started = time.perf_counter()
    for process in processes:
        assert process.stdin is not None  # noqa: S101
        process.stdin.write("start\n")
        process.stdin.flush()
    found: list[dict[str, float]] = [
        json.loads(process.communicate(timeout=TIMEOUT)[0]) for process in processes
    ]
    seconds = max(each["seconds"] for each in found)
    if seconds > time.perf_counter() - started:
        sys.exit("the workers did not run side by side")
    return {"rate": count / seconds, "memory": max(each["memory"] for each in found)}


def run_command_line(url: str, count: int) -> float:
    """Return the ids per second of `portone-async lookup`, without its start."""
    durations = [_time_command_line(url, number) for number in (1, count)]
    return (count - 1) / (durations[1] - durations[0])


def _time_command_line(url: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ids.txt").write_text("\n".join(f"order{number}" for number in range(count)))
        command = [sys.executable, "-m", "portone_async", "lookup", "ids.txt", "-o", "out.parquet"]
        started = time.perf_counter()
        subprocess.run(
            command, cwd=folder, env=_environment(url), check=True, capture_output=True, timeout=TIMEOUT
        )  # fmt: skip
        return time.perf_counter() - started


def _environment(url: str) -> dict[str, str]:
    return os.environ | {
        "PORTONE_API_SECRET": CREDENTIAL,
        "PORTONE_BASE_URL": url,
        "PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")])),  # noqa: PTH109
    }


def measure() -> dict[str, Section]:
    """Run the contenders in turn, round by round."""
    rate = Section(title="Lookups per second into Arrow tables", unit="per s", cases={})
    memory = Section(title="Memory growth of a worker meanwhile", unit="MB", cases={})
    with nginx() as url:
        for count in COUNTS:
            rates = dict[str, list[float]]()
            grown = dict[str, list[float]]()
            for _ in range(ROUNDS):
                for name, workers in WORKERS.items():
                    found = run_workers(url, workers, count)
                    rates.setdefault(name, []).append(found["rate"])
                    grown.setdefault(name, []).append(found["memory"])
                rates.setdefault("command_line", []).append(run_command_line(url, count))
            case = f"{count:,} ids"
            rate["cases"][case] = summarize(rates, baseline="arrow_1")
            memory["cases"][case] = summarize(grown, ratios=False)
    return {"arrow_rate": rate, "arrow_memory": memory}


if __name__ == "__main__":
    print(json.dumps(work(int(sys.argv[1]))), flush=True)
