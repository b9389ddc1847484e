"""Run all benchmarks and save the results, or run only those named and print them: `python -m benchmarks decode`.

With `--keep` the named ones replace their part of the saved results: a ratio is always of one run.
`python -m benchmarks plot` draws the saved results and writes their tables into `docs/benchmarks.md`.
"""

from __future__ import annotations

import importlib
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from benchmarks import results, table
from benchmarks.contenders import LABELS
from benchmarks.section import Section

NAMES = (
    "cold_start",
    "decode",
    "client_cpu",
    "bulk",
    "memory",
    "handler",
    "blocking",
    "arrow",
    "codegen",
    "emulator",
)
KEEP = "--keep"


def main(names: list[str], *, keep: bool) -> None:
    """Run the benchmarks one after another. Nothing else should keep the machine busy meanwhile."""
    started, sections = time.monotonic(), dict[str, Section]()
    for name in names or NAMES:
        measured: dict[str, Section] = importlib.import_module(f"benchmarks.{name}").measure()
        for section in measured.values():
            print(table.text(section, LABELS), flush=True)
        sections |= measured
    if keep and names:
        sections = results.read()["sections"] | sections
    if keep or not names:
        results.write(sections)
    print(f"{time.monotonic() - started:.0f} seconds")


def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Exit through the context managers, so that the servers are stopped too."""
    sys.exit("stopped")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    arguments = sys.argv[1:]
    if unknown := set(arguments) - {*NAMES, "plot", KEEP}:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    if arguments == ["plot"]:
        importlib.import_module("benchmarks.plot").main()
    else:
        main([name for name in arguments if name != KEEP], keep=KEEP in arguments)
