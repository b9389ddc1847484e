"""Benchmarks as ratios to the official SDK, measured side by side in one run: `python -m benchmarks`."""
