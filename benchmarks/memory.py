"""Time and memory over many lookups: whether time grows in proportion, and memory not at all."""

from __future__ import annotations

from benchmarks.bulk import run_contender
from benchmarks.section import Section, summarize
from benchmarks.server import nginx

TASKS = 50
# Lookups, and in how many rounds: a long run evens its noise out by itself.
ROUNDS = {100: 3, 1_000: 3, 10_000: 3, 100_000: 1}
# The most lookups of each contender. More would take the official SDK minutes.
MAX_LOOKUPS = {"official": 10_000, "ours": 100_000}


def measure() -> dict[str, Section]:
    """Do more and more lookups, each time with a new client in a new process."""
    rate = Section(
        title=f"Lookups per second with {TASKS} tasks, by number of lookups",
        unit="per s",
        cases={},
    )
    duration = Section(title="Duration of these runs", unit="s", cases={})
    growth = Section(title="Memory growth during these runs", unit="MB", cases={})
    with nginx() as url:
        for count, rounds in ROUNDS.items():
            runs: dict[str, list[dict[str, float]]] = {}
            for _ in range(rounds):
                for name, max_lookups in MAX_LOOKUPS.items():
                    if count <= max_lookups:
                        runs.setdefault(name, []).append(run_contender(name, url, TASKS, count))
            for section, key, ratios in (
                (rate, "rate", True),
                (duration, "seconds", True),
                (growth, "memory_growth", False),
            ):
                values = {name: [run[key] for run in found] for name, found in runs.items()}
                section["cases"][f"{count:,} lookups"] = summarize(values, ratios=ratios)
    return {"growth_rate": rate, "growth_time": duration, "growth_memory": growth}
