"""Run the benchmarks named, or all of them: `python -m benchmarks cold_start decode`."""

import importlib
import sys

NAMES = ("cold_start", "decode", "bulk", "memory")

for name in sys.argv[1:] or NAMES:
    if name not in NAMES:
        sys.exit(f"no benchmark {name}: there are {', '.join(NAMES)}")
    importlib.import_module(f"benchmarks.{name}").main()
