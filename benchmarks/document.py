"""The tables between the markers in `docs/benchmarks.md`, from the saved results."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.results import Results
from benchmarks.table import markdown

FILE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def write(results: Results) -> None:
    """Replace the text between the markers."""
    tables = [markdown(section, results["labels"]) for section in results["sections"].values()]
    content = "\n".join([BEGIN, describe_machine(results), "", *tables, END])
    text, replaced = re.subn(
        f"{BEGIN}.*{END}", lambda _: content, FILE.read_text(), flags=re.DOTALL
    )
    if replaced != 1:
        raise ValueError(f"{FILE.name} has {replaced} pairs of markers for the tables, not one")
    FILE.write_text(text)


def describe_machine(results: Results) -> str:
    """Describe in one line what the results were measured with."""
    machine = results["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"Python {machine['python']} on {machine['system']}, {machine['cores']} cores, "
        f"nginx {machine['nginx']}; {libraries}."
    )
