"""What one call adds to a FastAPI handler: its p50 and p99 minus those of a handler without a call.

Each contender has an app of its own, as an app uses one SDK. The apps take turns, round by round.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from benchmarks import cores
from benchmarks.bulk import run_contender
from benchmarks.section import Section, summarize
from benchmarks.server import free_port, nginx, wait_until_listening

NAMES = ("official", "ours", "ours_direct", "raw_httpx", "raw_aiohttp", "no_call")
# Concurrent requests: requests per round.
REQUESTS = {1: 400, 50: 600, 200: 1_000}
ROUNDS = 5
PERCENTILES = ("p50", "p99")


@contextmanager
def serve(name: str, url: str) -> Generator[str]:
    """Serve a contender's app by uvicorn on the measured core, and give its URL."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.app", name, url, str(port)]
    with cores.measured():
        process = subprocess.Popen(command)
    try:
        wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()  # there is no state to save, and some of the clients cannot be closed
        process.wait()


def measure() -> dict[str, Section]:
    """Send requests to each app in turn, by a bare socket on another core."""
    durations: dict[tuple[int, str, str], list[float]] = {}
    with ExitStack() as stack:
        url = stack.enter_context(nginx())
        apps = {name: stack.enter_context(serve(name, url)) for name in NAMES}
        for app in apps.values():  # warm-up
            run_contender("bare_socket", app, max(REQUESTS), max(REQUESTS), cores.helper)
        for _ in range(ROUNDS):
            for concurrency, count in REQUESTS.items():
                for name, app in apps.items():
                    run = run_contender("bare_socket", app, concurrency, count, cores.helper)
                    for percentile in PERCENTILES:
                        key = concurrency, percentile, name
                        durations.setdefault(key, []).append(run[percentile])
    sections: dict[str, Section] = {}
    for percentile in PERCENTILES:
        total, added = (
            Section(title=title, unit="s", cases={})
            for title in (
                f"A whole FastAPI handler with one lookup, {percentile}",
                f"What one lookup adds to a FastAPI handler, {percentile}",
            )
        )
        for concurrency in REQUESTS:
            rounds = {name: durations[concurrency, percentile, name] for name in NAMES}
            case = f"{concurrency} request{'s' * (concurrency > 1)} at once"
            total["cases"][case] = summarize(rounds)
            added["cases"][case] = summarize(
                {
                    name: [a - b for a, b in zip(values, rounds["no_call"], strict=True)]
                    for name, values in rounds.items()
                    if name != "no_call"
                }
            )
        sections |= {f"handler_{percentile}": total, f"handler_{percentile}_added": added}
    return sections
