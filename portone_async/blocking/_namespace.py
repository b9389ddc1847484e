"""What generated namespaces are made of: functions of the async client, which here wait for their result."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from portone_async import _pagination
from portone_async.blocking._pages import Pages
from portone_async.blocking._runner import Runner

T = TypeVar("T")
P = ParamSpec("P")
Item = TypeVar("Item")
R = TypeVar("R")


class Namespace:
    """Operations bound to a client."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._runner!r}>"


def blocking(
    function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Namespace, P], T]:
    """Make a method of an async function of a client."""

    @wraps(function)
    def method(self: Namespace, *args: P.args, **kwargs: P.kwargs) -> T:
        runner = self._runner  # pyright: ignore[reportPrivateUsage]
        event_loop = runner.event_loop()
        try:
            coroutine = function(runner.client, *args, **kwargs)
        finally:
            # An argument may be a secret, and tools that collect errors show the variables of each function.
            del args, kwargs
        return event_loop.run(coroutine)

    return method


def blocking_pages(
    function: Callable[Concatenate[Any, P], _pagination.Pages[Item, R]],
) -> Callable[Concatenate[Namespace, P], Pages[Item, R]]:
    """Make a method of a function that returns an async iterator."""

    @wraps(function)
    def method(self: Namespace, *args: P.args, **kwargs: P.kwargs) -> Pages[Item, R]:
        runner = self._runner  # pyright: ignore[reportPrivateUsage]
        return Pages(runner, function(runner.client, *args, **kwargs))

    # For `help()`: what it returns is iterated over by `for`.
    method.__doc__ = (function.__doc__ or "").replace("`async for`", "`for`")
    returned = re.sub(r"^\w+", "Pages", function.__annotations__["return"])
    signature = inspect.signature(function).replace(return_annotation=returned)
    setattr(method, "__signature__", signature)  # noqa: B010  (type checkers know no such attribute)
    return method
