"""The tables of `docs/benchmarks.md`, between its markers, from the kept results."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.results import Results
from benchmarks.table import markdown

FILE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def write(results: Results) -> None:
    """Replace what stands between the markers."""
    tables = [markdown(section, results["labels"]) for section in results["sections"].values()]
    between = "\n".join([BEGIN, machine(results), "", *tables, END])
    text, found = re.subn(f"{BEGIN}.*{END}", lambda _: between, FILE.read_text(), flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{FILE.name} has {found} places for the tables")
    FILE.write_text(text)


def machine(results: Results) -> str:
    """What the results were measured with, in a line."""
    facts = results["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    return (
        f"Python {facts['python']} on {facts['system']}, {facts['cores']} cores, "
        f"nginx {facts['nginx']}; {libraries}."
    )
