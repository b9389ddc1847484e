"""Import the package and build a client, each time in a fresh process."""

import statistics
import subprocess
import sys
import time

from benchmarks.table import show

ROUNDS = 9
PROGRAMS = {
    "official SDK": "import portone_server_sdk as p; p.PortOneClient(secret='x')",
    "portone-async": "import portone_async as p; p.PortOne('x')",
    "bare Python": "pass",
}
COUNT = "; import sys; print(len([m for m in sys.modules if m.startswith('portone')]), len(sys.modules))"


def run(program: str) -> float:
    """Seconds that a fresh process takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - started


def modules(program: str) -> tuple[str, str]:
    """How many modules are loaded then: of the package, and in all."""
    counted = subprocess.run(
        [sys.executable, "-c", program + COUNT], check=True, capture_output=True, text=True
    )
    own, total = counted.stdout.split()
    return own, total


def main() -> None:
    """Measure each in turn, round by round, with what a bare Python takes subtracted."""
    for program in PROGRAMS.values():
        run(program)
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            times[name].append(run(program))
    rows = []
    for name, found in times.items():
        ratios = [
            (t - bare) / (base - bare)
            for t, base, bare in zip(
                found, times["official SDK"], times["bare Python"], strict=True
            )
        ]
        rows.append(
            (
                name,
                f"{statistics.median(found) * 1000:.0f}",
                f"{statistics.median(ratios):.2f}",
                *modules(PROGRAMS[name]),
            )
        )
    show(
        "Import and build a client, in a fresh process",
        ("", "ms (median)", "of official", "own modules", "modules"),
        rows,
    )
