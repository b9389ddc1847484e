"""The results of the last full run, saved beside the benchmarks as `results.json`."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

from benchmarks import cores
from benchmarks.contenders import LABELS
from benchmarks.section import Section
from benchmarks.server import nginx_path

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


class Machine(TypedDict):
    """What the results were measured with."""

    python: str
    system: str
    cores: int
    nginx: str
    libraries: dict[str, str]


class Results(TypedDict):
    """A full run."""

    machine: Machine
    labels: dict[str, str]
    sections: dict[str, Section]


def write(sections: dict[str, Section]) -> None:
    """Save a full run."""
    results = Results(machine=_machine(), labels=LABELS, sections=sections)
    FILE.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def read() -> Results:
    """Read the last full run."""
    if not FILE.exists():
        sys.exit("there are no results yet: run all the benchmarks first")
    results: Results = json.loads(FILE.read_text())
    return results


def _machine() -> Machine:
    nginx = subprocess.run([nginx_path(), "-v"], check=True, capture_output=True, text=True).stderr
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores.count(),
        "nginx": nginx.strip().rpartition("/")[2],
        "libraries": {name: version(name) for name in LIBRARIES},
    }
