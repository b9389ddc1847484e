"""From the start of a new process to its first payment, minus what a Python that does nothing takes.

Each SDK is installed with what it depends on, and nothing else, into an environment of its own: httpx, which both
import, also imports click, rich and trio where they are installed.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import cores
from benchmarks.section import Section, summarize
from benchmarks.server import nginx

ROUNDS = 7
ROOT = Path(__file__).parent.parent
PACKAGES = {
    "official": ["portone-server-sdk"],
    "ours": [str(ROOT)],
    "ours_direct": [str(ROOT)],
    "raw_httpx": ["httpx", "orjson"],
}
IMPORTS = {
    "official": "from portone_server_sdk import PortOneClient",
    "ours": "from portone_async import PortOne",
    "ours_direct": "from portone_async import PortOne",
    "raw_httpx": "import httpx, orjson",
}
CLIENTS = {
    "official": "client = PortOneClient(secret='x', base_url='{url}')",
    "ours": "client = PortOne('x', base_url='{url}')",
    "ours_direct": "client = PortOne('x', base_url='{url}', transport='direct')",
    "raw_httpx": "client = httpx.AsyncClient(base_url='{url}')",
}
LOOKUPS = {
    "official": "import asyncio; asyncio.run(client.payment.get_payment_async(payment_id='a'))",
    "ours": "import asyncio; asyncio.run(client.payment.get_payment('a'))",
    "ours_direct": "import asyncio; asyncio.run(client.payment.get_payment('a'))",
    "raw_httpx": "import asyncio; orjson.loads(asyncio.run(client.get('/payments/a')).content)",
}
STAGES = ("import", "import, client", "import, client, first payment")
COUNT_MODULES = (
    "import sys; print(sum(m.startswith('{package}') for m in sys.modules), len(sys.modules))"
)
EXIT = "import os; os._exit(0)"  # cleaning up at exit is not part of a start


def install(name: str, folder: str) -> str:
    """Install an SDK into a new environment, and return the environment's Python."""
    environment = Path(folder, name)
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *constraints, *PACKAGES[name]], check=True, timeout=300)
    return python


def run(python: str, *lines: str) -> float:
    """Run lines of Python in a new process, and return the seconds that it takes.

    Without a timeout: a wait with one looks only every 50 ms whether the process has ended.
    """
    command = [python, "-c", "\n".join([*lines, EXIT])]
    with cores.measured():
        started = time.perf_counter()
        subprocess.run(command, check=True, cwd=Path(python).parent)
        return time.perf_counter() - started


def count_modules(python: str, name: str) -> tuple[int, int]:
    """Count the modules that the import loads: those of the package, and all."""
    package = IMPORTS[name].split()[1].rstrip(",")
    code = f"{IMPORTS[name]}\n{COUNT_MODULES.format(package=package)}"
    finished = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, cwd=Path(python).parent
    )
    own, total = finished.stdout.split()
    return int(own), int(total)


def measure() -> dict[str, Section]:
    """Start each contender in turn, round by round. A first round, not counted, fills the file cache."""
    with tempfile.TemporaryDirectory() as folder:
        return measure_in({name: install(name, folder) for name in PACKAGES})


def measure_starts(
    pythons: Mapping[str, str], lines: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, list[float]]]:
    """Measure the stages, each of which is one line more of a contender's."""
    durations: dict[str, dict[str, list[float]]] = {
        stage: {name: [] for name in pythons} for stage in STAGES
    }
    with nginx() as url:
        for number in range(ROUNDS + 1):
            for count, stage in enumerate(STAGES, 1):
                for name, python in pythons.items():
                    program = [line.format(url=url) for line in lines[name][:count]]
                    seconds = run(python, *program) - run(python)
                    if number > 0:
                        durations[stage][name].append(seconds)
    return durations


def measure_in(pythons: dict[str, str]) -> dict[str, Section]:
    """Measure in environments that are there."""
    lines = {name: (IMPORTS[name], CLIENTS[name], LOOKUPS[name]) for name in IMPORTS}
    durations = measure_starts(pythons, lines)
    counts = {name: count_modules(python, name) for name, python in pythons.items()}
    return {
        "cold_start": Section(
            title="From the start of a process to its first payment",
            unit="s",
            cases={stage: summarize(rounds) for stage, rounds in durations.items()},
        ),
        "modules": Section(
            title="Modules loaded by the import",
            unit="",
            cases={
                case: summarize({name: [count[index]] for name, count in counts.items()})
                for index, case in enumerate(("of the package", "in all"))
            },
        ),
    }
