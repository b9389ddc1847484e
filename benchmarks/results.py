"""The results of the last whole run, kept beside the benchmarks: `results.json`."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from benchmarks import cores
from benchmarks.clients import LABELS
from benchmarks.section import Section
from benchmarks.server import program

FILE = Path(__file__).with_name("results.json")
LIBRARIES = (
    "portone-async",
    "portone-server-sdk",
    "aiohttp",
    "attrs",
    "cattrs",
    "fastapi",
    "httpx",
    "httpx2",
    "orjson",
    "uvicorn",
    "uvloop",
)


class Results(TypedDict):
    """A whole run."""

    machine: dict[str, Any]
    labels: dict[str, str]
    sections: dict[str, Section]


def write(sections: dict[str, Section]) -> None:
    """Keep a whole run."""
    results = Results(machine=_machine(), labels=LABELS, sections=sections)
    FILE.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def read() -> Results:
    """The last whole run."""
    if not FILE.exists():
        sys.exit("there are no results yet: run all the benchmarks first")
    found: Results = json.loads(FILE.read_text())
    return found


def _machine() -> dict[str, Any]:
    nginx = subprocess.run([program(), "-v"], check=True, capture_output=True, text=True).stderr
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores.count(),
        "nginx": nginx.strip().rpartition("/")[2],
        "libraries": {name: version(name) for name in LIBRARIES},
    }
