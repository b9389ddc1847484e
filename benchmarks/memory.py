"""Time and memory over many lookups: in proportion, and flat."""

from __future__ import annotations

from benchmarks.bulk import ask
from benchmarks.section import Section, figures
from benchmarks.server import nginx

TASKS = 50
# How many lookups, and in how many rounds: a long one evens itself out.
ROUNDS = {100: 3, 1_000: 3, 10_000: 3, 100_000: 1}
# The official SDK would take minutes for more.
NAMES = {"official": 10_000, "ours": 100_000}


def measure() -> dict[str, Section]:
    """More and more lookups, each time with a fresh client in a fresh process."""
    rate = Section(
        title=f"Lookups a second with {TASKS} tasks, by how many there are", unit="per s", cases={}
    )
    time = Section(title="How long these took", unit="s", cases={})
    grown = Section(title="How much the process's memory grew in these", unit="MB", cases={})
    with nginx() as url:
        for count, rounds in ROUNDS.items():
            found: dict[str, list[dict[str, float]]] = {}
            for _ in range(rounds):
                for name, most in NAMES.items():
                    if count <= most:
                        once = ask(name, url, TASKS, count)
                        found.setdefault(name, []).append(once)
            for section, key, base in (
                (rate, "rate", "official"),
                (time, "seconds", "official"),
                (grown, "grown", None),
            ):
                values = {name: [once[key] for once in runs] for name, runs in found.items()}
                section["cases"][f"{count:,} lookups"] = figures(values, base)
    return {"growth_rate": rate, "growth_time": time, "growth_memory": grown}
