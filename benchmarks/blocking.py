"""Lookups by threads: the blocking client and the official SDK's synchronous calls.

Each contender runs in a process of its own, and prints its measurements as JSON: `python -m benchmarks.blocking NAME URL
THREADS COUNT` looks a payment up COUNT times from THREADS threads that share a client.
"""

# ruff: noqa: PLC0415  (a process imports one contender's libraries only: they count as its time)

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from benchmarks import cold_start, cores
from benchmarks.bulk import TIMEOUT
from benchmarks.contenders import CREDENTIAL
from benchmarks.section import Section, summarize
from benchmarks.server import nginx

THREADS = (1, 8, 32)
ROUNDS = 7
# Lookups per run: enough for about a second each.
COUNTS = {"official": 2_000, "ours": 2_000, "ours_direct": 6_000}
LINES = {
    "official": (
        "from portone_server_sdk import PortOneClient",
        "client = PortOneClient(secret='x', base_url='{url}')",
        "client.payment.get_payment(payment_id='a')",
    ),
    "ours": (
        "from portone_async.blocking import PortOne",
        "client = PortOne('x', base_url='{url}')",
        "client.payment.get_payment('a')",
    ),
    "ours_direct": (
        "from portone_async.blocking import PortOne",
        "client = PortOne('x', base_url='{url}', transport='direct')",
        "client.payment.get_payment('a')",
    ),
}


def client(name: str, url: str) -> Callable[[str], Any]:
    """Build a contender's client, and return its function that looks a payment up."""
    if name == "official":
        from portone_server_sdk import PaymentClient

        official: Any = PaymentClient(secret=CREDENTIAL, base_url=url)
        return lambda payment_id: official.get_payment(payment_id=payment_id)
    from portone_async.blocking import PortOne

    transport = "direct" if name == "ours_direct" else "httpx"
    return PortOne(CREDENTIAL, base_url=url, transport=transport).payment.get_payment


def run(call: Callable[[str], Any], threads: int, count: int) -> dict[str, float]:
    """Warm up with one call per thread, then measure."""
    started = [0.0, 0.0]

    def start() -> None:
        started[:] = time.perf_counter(), time.process_time()

    warm = threading.Barrier(threads, action=start)
    done = [0] * threads

    def work(number: int) -> None:
        call(f"warm-{number}")
        warm.wait()
        for order in range(count // threads):
            # The official SDK's client fails now and then when threads share it (`[Errno 9] Bad file descriptor`).
            with suppress(Exception):
                call(f"order-{number}-{order}")
                done[number] += 1

    workers = [threading.Thread(target=work, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed, busy = time.perf_counter() - started[0], time.process_time() - started[1]
    return {"rate": sum(done) / elapsed, "cpu": busy / sum(done)}


def run_contender(name: str, url: str, threads: int) -> dict[str, float]:
    """Run one contender in a new process, and return its measurements."""
    count = str(COUNTS[name])
    command = [sys.executable, "-m", "benchmarks.blocking", name, url, str(threads), count]
    with cores.measured():
        finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=TIMEOUT)
    measurements: dict[str, float] = json.loads(finished.stdout)
    return measurements


def measure() -> dict[str, Section]:
    """Run the contenders in turn, round by round."""
    found: dict[tuple[str, int], dict[str, list[float]]] = {}
    with nginx() as url:
        for _ in range(ROUNDS):
            for threads in THREADS:
                for name in COUNTS:
                    for what, value in run_contender(name, url, threads).items():
                        found.setdefault((what, threads), {}).setdefault(name, []).append(value)
    cases = {threads: f"{threads} thread{'s' if threads > 1 else ''}" for threads in THREADS}
    with tempfile.TemporaryDirectory() as folder:
        pythons = {name: cold_start.install(name, folder) for name in LINES}
        starts = cold_start.measure_starts(pythons, LINES)
    return {
        "blocking_lookups": Section(
            title="Blocking lookups per second on one core",
            unit="per s",
            cases={cases[threads]: summarize(found["rate", threads]) for threads in THREADS},
        ),
        "blocking_cpu": Section(
            title="CPU of one blocking lookup, all threads together",
            unit="s",
            cases={cases[threads]: summarize(found["cpu", threads]) for threads in THREADS},
        ),
        "blocking_cold_start": Section(
            title="From the start of a process to its first payment, without asyncio",
            unit="s",
            cases={stage: summarize(rounds) for stage, rounds in starts.items()},
        ),
    }


if __name__ == "__main__":
    arguments = sys.argv[1:]
    print(json.dumps(run(client(*arguments[:2]), *map(int, arguments[2:]))), flush=True)
    os._exit(0)  # cleaning up is not measured, and the official SDK cannot be closed
