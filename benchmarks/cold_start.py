"""From the start of a fresh process to the first payment in hand, with what a bare Python takes subtracted."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import cores
from benchmarks.section import Section, figures
from benchmarks.server import nginx

ROUNDS = 7
IMPORTS = {
    "official": "from portone_server_sdk import PortOneClient",
    "ours": "from portone_async import PortOne",
}
CLIENTS = {
    "official": "client = PortOneClient(secret='x', base_url='{url}')",
    "ours": "client = PortOne('x', base_url='{url}')",
}
READS = {
    "official": "import asyncio; asyncio.run(client.payment.get_payment_async(payment_id='a'))",
    "ours": "import asyncio; asyncio.run(client.payment.get_payment('a'))",
}
STAGES = {
    "import": (IMPORTS,),
    "import, client": (IMPORTS, CLIENTS),
    "import, client, first payment": (IMPORTS, CLIENTS, READS),
}
COUNT = "import sys; print(sum(m.startswith('{package}') for m in sys.modules), len(sys.modules))"
END = "import os; os._exit(0)"  # how long it takes to tidy up is nobody's wait


def run(*lines: str) -> float:
    """Seconds that a fresh process takes."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, END])],
        check=True,
        timeout=60,
        preexec_fn=cores.measured,
    )
    return time.perf_counter() - started


def modules(name: str) -> tuple[int, int]:
    """How many modules the import loads: of the package, and in all."""
    package = IMPORTS[name].split()[1]
    counted = subprocess.run(
        [sys.executable, "-c", f"{IMPORTS[name]}\n{COUNT.format(package=package)}"],
        check=True,
        capture_output=True,
        text=True,
    )
    own, total = counted.stdout.split()
    return int(own), int(total)


def measure() -> dict[str, Section]:
    """Start each in turn, round by round; a first round fills the caches."""
    took: dict[str, dict[str, list[float]]] = {
        stage: {name: [] for name in IMPORTS} for stage in STAGES
    }
    with nginx() as url:
        for number in range(ROUNDS + 1):
            for stage, parts in STAGES.items():
                nothing = run()
                for name in IMPORTS:
                    seconds = run(*(part[name].format(url=url) for part in parts)) - nothing
                    if number > 0:
                        took[stage][name].append(seconds)
    counts = {name: modules(name) for name in IMPORTS}
    return {
        "cold_start": Section(
            title="From the start of a process to its first payment",
            unit="s",
            cases={stage: figures(found) for stage, found in took.items()},
        ),
        "modules": Section(
            title="Modules that the import loads",
            unit="",
            cases={
                case: figures({name: [count[index]] for name, count in counts.items()})
                for index, case in enumerate(("of the package", "in all"))
            },
        ),
    }
