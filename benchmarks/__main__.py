"""Run all the benchmarks and keep the results, or only print those named: `python -m benchmarks decode`.

`python -m benchmarks plot` draws the kept results and writes their tables into the document.
"""

import importlib
import signal
import sys
import time

from benchmarks.section import Section

NAMES = ("cold_start", "decode", "bulk", "memory", "handler")


def main(names: list[str]) -> None:
    """Run them one after the other; nothing else may keep the machine busy meanwhile."""
    from benchmarks import results, table
    from benchmarks.clients import LABELS

    started, sections = time.monotonic(), dict[str, Section]()
    for name in names or NAMES:
        found = importlib.import_module(f"benchmarks.{name}").measure()
        for section in found.values():
            print(table.text(section, LABELS), flush=True)
        sections |= found
    if not names:
        results.write(sections)
    print(f"{time.monotonic() - started:.0f} seconds")


if __name__ == "__main__":
    # A run that is stopped takes its servers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if unknown := set(sys.argv[1:]) - {*NAMES, "plot"}:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    if sys.argv[1:] == ["plot"]:
        importlib.import_module("benchmarks.plot").main()
    else:
        main(sys.argv[1:])
