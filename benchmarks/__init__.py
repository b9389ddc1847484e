"""How fast it is, as ratios against the official SDK, side by side in one run: `python -m benchmarks`."""
