"""The type of the functions that implement operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from portone_emulator.http.responses import Response
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state.json_values import JsonObject
from portone_emulator.state.state import State

Handler: TypeAlias = Callable[[State, ParsedRequest], JsonObject | Response]
"""Takes a valid request; returns the response or its JSON, or raises `EmulatedAPIError`.

Runs under the state's lock.
"""
