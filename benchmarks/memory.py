"""Memory and time over many lookups: flat, and in proportion."""

from __future__ import annotations

from benchmarks.bulk import measure
from benchmarks.server import nginx
from benchmarks.table import show

COUNTS = (12_500, 25_000, 50_000, 100_000)


def main() -> None:
    """The same client, more and more lookups."""
    rows = []
    with nginx() as url:
        for count in COUNTS:
            found = measure("ours", url, 50, count)
            rows.append(
                (
                    f"{count:,}",
                    f"{found['seconds']:.1f}",
                    f"{found['seconds'] / count * 1e6:.0f}",
                    f"{found['grown'] / 1e6:.1f}",
                )
            )
    show("Many lookups with 50 tasks", ("lookups", "seconds", "µs each", "MB grown"), rows)
