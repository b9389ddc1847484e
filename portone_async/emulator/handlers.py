"""The type of the functions that implement operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from portone_async.emulator.json_values import JsonObject
from portone_async.emulator.state import State
from portone_async.emulator.validation import ParsedRequest

Handler: TypeAlias = Callable[[State, ParsedRequest], JsonObject]
"""Takes a valid request; returns the response's JSON or raises `EmulatedAPIError`.

Runs under the state's lock.
"""
