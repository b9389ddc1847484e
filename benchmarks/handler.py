"""What one call adds to a FastAPI handler: its p50 and p99 less those of a handler without a call.

Each contender has an app of its own, as an app has one SDK. They take turns, round by round.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from benchmarks import cores
from benchmarks.bulk import ask
from benchmarks.section import Section, figures
from benchmarks.server import free_port, nginx, wait

NAMES = ("official", "ours", "raw_httpx", "raw_aiohttp", "bare")
# How many requests at once, and how many of them in a round.
REQUESTS = {1: 400, 50: 600, 200: 1_000}
ROUNDS = 5
PERCENTILES = ("p50", "p99")


@contextmanager
def serving(name: str, url: str) -> Generator[str]:
    """An app under uvicorn on the measured core; its URL."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.app", name, url, str(port)]
    process = subprocess.Popen(command, preexec_fn=cores.measured)
    try:
        wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()  # it has nothing to lose, and clients that cannot be closed
        process.wait()


def measure() -> dict[str, Section]:
    """Ask each app in turn, by a bare socket from another core."""
    found: dict[tuple[int, str, str], list[float]] = {}
    with ExitStack() as stack:
        url = stack.enter_context(nginx())
        apps = {name: stack.enter_context(serving(name, url)) for name in NAMES}
        for app in apps.values():
            ask("bare_socket", app, max(REQUESTS), max(REQUESTS), cores.helping)
        for _ in range(ROUNDS):
            for at_once, count in REQUESTS.items():
                for name, app in apps.items():
                    took = ask("bare_socket", app, at_once, count, cores.helping)
                    for percentile in PERCENTILES:
                        found.setdefault((at_once, percentile, name), []).append(took[percentile])
    sections: dict[str, Section] = {}
    for percentile in PERCENTILES:
        whole, added = (
            Section(title=title, unit="s", cases={})
            for title in (
                f"A whole FastAPI handler with one lookup, {percentile}",
                f"What one lookup adds to a FastAPI handler, {percentile}",
            )
        )
        for at_once in REQUESTS:
            rounds = {name: found[at_once, percentile, name] for name in NAMES}
            case = f"{at_once} request{'s' * (at_once > 1)} at once"
            whole["cases"][case] = figures(rounds)
            added["cases"][case] = figures(
                {
                    name: [a - b for a, b in zip(values, rounds["bare"], strict=True)]
                    for name, values in rounds.items()
                    if name != "bare"
                }
            )
        sections |= {f"handler_{percentile}": whole, f"handler_{percentile}_added": added}
    return sections
