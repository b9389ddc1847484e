"""The blocking client."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar

import portone_async
from portone_async._caller import keep_response
from portone_async._response import TypedResponse
from portone_async.blocking._namespace import blocking
from portone_async.blocking._runner import Runner
from portone_async.blocking.api import Namespaces

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")
P = ParamSpec("P")


def _takes_arguments_of(
    _: Callable[P, portone_async.PortOne],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    return wraps(portone_async.PortOne.__init__)


class PortOne(Namespaces):
    """A client of the PortOne V2 API whose calls wait for their result.

    It has the arguments, namespaces, functions and errors of `portone_async.PortOne`, which it runs on an event loop in a
    thread of its own. Build one per process and share it: it is safe to build at import time, to use from many threads
    at once, and to use in processes that are forked from the one that built it, each of which gets a thread and
    connections of its own. Use it with `with`, or call `close()` at the end.

    Where an event loop runs it raises `RuntimeError`, as it would block that loop.

    Hooks and `on_response` are called in the client's thread. An `http_client` is used on the client's event loop, and is
    closed with the client: do not use it elsewhere. It cannot be used after a fork.

    Raises:
        InvalidArgumentError: No secret was given, or an argument is not valid.
    """

    @_takes_arguments_of(portone_async.PortOne)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            client = portone_async.PortOne(*args, **kwargs)
            super().__init__(Runner(client, kwargs.get("http_client")))
        finally:
            # Tools that collect errors show the variables of each function, and one of these is the secret.
            del args, kwargs

    def __repr__(self) -> str:
        # Tools that show errors call it also when `__init__` has failed.
        return str(getattr(self, "_runner", "blocking.PortOne()"))

    def __reduce__(self) -> NoReturn:
        self._runner.client.__reduce__()

    def __enter__(self) -> Self:
        self._runner.event_loop().check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, after the calls of other threads have ended. The client cannot be used afterwards."""
        event_loop = self._runner.event_loop()
        event_loop.close()
        event_loop.join()

    request = blocking(portone_async.PortOne.request)


def with_response(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> TypedResponse[T]:
    """Call an operation and return its response's status, headers and raw body beside its value.

    `result = with_response(portone.payment.get_payment, "order20261130001")`
    """
    responses = keep_response(kwargs)
    try:
        value = function(*args, **kwargs)
    finally:
        # An argument may be a secret, and tools that collect errors show the variables of each function.
        del args, kwargs
    return TypedResponse(value, responses[-1])
