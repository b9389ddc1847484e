"""What a process holds."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path

from attrs import define

_MIB = 1 << 20


@define(frozen=True)
class Resources:
    """What a process holds."""

    memory: int
    """Bytes of its resident set."""
    descriptors: int
    tasks: int
    threads: int

    def __str__(self) -> str:
        return (
            f"{self.memory / _MIB:.1f} MiB, {self.descriptors} descriptors, "
            f"{self.tasks} tasks, {self.threads} threads"
        )

    def growth(self, before: Resources, *, memory: int, descriptors: int) -> str | None:
        """Return what there is more of than before, but for some bytes of memory and some descriptors."""
        for name, more in (
            ("memory", memory),
            ("descriptors", descriptors),
            ("tasks", 0),
            ("threads", 0),
        ):
            if getattr(self, name) > getattr(before, name) + more:
                return f"{name} grew: from {before} to {self}"
        return None


def measure() -> Resources:
    """Return what this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Resources(
        pages * os.sysconf("SC_PAGE_SIZE"),
        len(os.listdir("/proc/self/fd")),  # noqa: PTH208  (with the one that lists them)
        len(asyncio.all_tasks()),
        threading.active_count(),
    )
