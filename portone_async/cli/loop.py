"""The event loop of the commands."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import anyio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def run_loop(function: Callable[[*Ts], Awaitable[T]], *arguments: *Ts) -> T:
    """Run an async function: on uvloop, where the extra `[fast]` has brought it."""
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    return anyio.run(function, *arguments, backend_options={"use_uvloop": has_uvloop})
