"""What the day of a new document takes: `python -m codegen` in a copy of the tree, each command in a new process.

The new document is the vendored one with a field more in some classes and without its last path, so that the comparison
has something to find: PortOne's own documents are not in this repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.section import Section, summarize

ROUNDS = 3
ROOT = Path(__file__).parent.parent
# How many classes get a field more.
CHANGED = 20
COMMANDS = {
    "import": ("import", "new.json"),
    "generate": ("generate",),
    "check": ("check",),
    "diff": ("diff", "old.json", "new.json"),
}
"""In this order: `check` passes once `generate` has written what `import` brought."""
STATUSES = (0, 1, 2, 3)
"""`diff` says by them what it found."""


def copy_tree(folder: Path) -> None:
    """Copy what the generator reads and writes, and put two documents beside it."""
    for name in ("codegen", "openapi", "portone_async"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    document: dict[str, Any] = json.loads((ROOT / "openapi" / "portone-v2.json").read_bytes())
    (folder / "old.json").write_text(json.dumps(document))
    schemas: dict[str, Any] = document["components"]["schemas"]
    classes = [schema for schema in schemas.values() if len(schema.get("properties", {})) > 1]
    for schema in classes[:CHANGED]:
        schema["properties"]["brandNew"] = {"type": "string"}
    document["paths"].popitem()
    (folder / "new.json").write_text(json.dumps(document))
    # Nobody writes words about the new fields, which `check` would ask for.
    limits = folder / "openapi" / "coverage.toml"
    limits.write_text(re.sub(r"= \d+$", "= 1000", limits.read_text(), flags=re.MULTILINE))


def seconds(folder: Path, *arguments: str) -> float:
    """Run one command, and return the seconds that it takes."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "codegen", *arguments],
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    elapsed = time.perf_counter() - started
    if done.returncode not in (STATUSES if arguments[0] == "diff" else (0,)):
        sys.exit(f"codegen {arguments[0]}: {done.stderr}")
    return elapsed


def measure() -> dict[str, Section]:
    """Run the commands in turn, each round in a new copy; a first round, not counted, compiles the modules."""
    durations: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as name:
        for number in range(ROUNDS + 1):
            folder = Path(name, str(number))
            copy_tree(folder)
            for command, arguments in COMMANDS.items():
                taken = seconds(folder, *arguments)
                if number > 0:
                    durations[command].append(taken)
    cases = {command: summarize({"ours": taken}) for command, taken in durations.items()}
    return {"codegen": Section(title="Taking up a new document", unit="s", cases=cases)}
