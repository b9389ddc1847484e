"""The type of the functions that implement operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from portone_async.emulator.state import State
from portone_async.emulator.validation import Input
from portone_async.emulator.wire import JsonObject

Handler: TypeAlias = Callable[[State, Input], JsonObject]
"""Takes a valid request; returns the response's JSON or raises `Refusal`. Runs under the lock."""
