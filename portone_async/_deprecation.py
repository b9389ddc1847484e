"""Warnings about what a later version will not have."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any, Final, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
_PACKAGE: Final = __name__.partition(".")[0]


def warn_withheld(function: str, since: str) -> Callable[[F], F]:
    """Have a generated function warn whoever calls it that PortOne's document no longer has its operation.

    It warns when it is called, and not when its coroutine begins: that may be in a task, or in the blocking client's
    thread, where nobody would know who called it.
    """
    message = f"{function} is deprecated since {since}: PortOne's document no longer has it, and a later version will not either"

    def decorate(decorated: F) -> F:
        @wraps(decorated)
        def warning(*args: Any, **kwargs: Any) -> Any:
            try:
                _warn(message)
                return decorated(*args, **kwargs)
            finally:
                # An argument may be a secret, and tools that collect errors show the variables of each function.
                del args, kwargs

        return cast("F", warning)

    return decorate


def _warn(message: str) -> None:
    """Warn at the line outside of the package from which this was called."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and _module(frame).partition(".")[0] == _PACKAGE:
        if _module(frame) == f"{_PACKAGE}._pagination":
            return  # a page of an iterator, which has warned when it was made
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DeprecationWarning, stacklevel=level)


def _module(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name
