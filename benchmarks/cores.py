"""Whose the cores are: the first is for what is measured, the others for what serves it or asks it."""

import os

_ALL = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def measured() -> None:
    """Keep this process on the first core. As `preexec_fn`, the process that is started."""
    _keep(_ALL[:1])


def helping() -> None:
    """Keep it off the first core, where there are others."""
    _keep(_ALL[1:] or _ALL)


def count() -> int:
    """How many cores there are for all of it."""
    return len(_ALL) or os.cpu_count() or 1


def _keep(cores: list[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)
