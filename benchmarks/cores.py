"""CPU cores: the first one is for what is measured, the others for servers and load generators."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

# Only Linux and some BSDs can pin a process to a core; elsewhere the scheduler decides.
_AVAILABLE = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def measured() -> Generator[None]:
    """Pin processes started inside to the first core: a child process inherits its parent's affinity."""
    with _pinned(_AVAILABLE[:1]):
        yield


@contextmanager
def helper() -> Generator[None]:
    """Pin processes started inside to the other cores, if there are any."""
    with _pinned(_AVAILABLE[1:] or _AVAILABLE):
        yield


def count() -> int:
    """How many cores there are."""
    return len(_AVAILABLE) or os.cpu_count() or 1


@contextmanager
def _pinned(cores: list[int]) -> Generator[None]:
    if not cores:
        yield
        return
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, _AVAILABLE)
