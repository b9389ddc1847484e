"""What generated functions call: a client, or a namespace of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from os import PathLike
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from attrs import evolve

from portone_async._operation import Operation
from portone_async._options import RequestOptions, check_options
from portone_async._response import RawResponse, TypedResponse

T = TypeVar("T")
P = ParamSpec("P")


class Caller(Protocol):
    """What carries out operations."""

    async def call(
        self,
        operation: Operation[T],
        options: RequestOptions | None = None,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        file: str | PathLike[str] | None = None,
    ) -> T:
        """Carry out one operation. Generated functions call this; use them instead."""
        ...


class Namespace:
    """Operations bound to a client."""

    def __init__(self, client: Caller) -> None:
        self._client: Final = client
        self.call: Final = client.call

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"


async def with_response(
    function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> TypedResponse[T]:
    """Call an operation and return its response's status, headers and raw body beside its value.

    `result = await with_response(portone.payment.get_payment, "order20261130001")`
    """
    responses = keep_response(kwargs)
    call = function(*args, **kwargs)
    # An argument may be a secret, and tools that collect errors show the variables of each function.
    del args, kwargs
    return TypedResponse(await call, responses[-1])


def keep_response(kwargs: dict[str, Any]) -> list[RawResponse]:
    """Change a call's arguments so that its final response will be in the list that is returned."""
    responses: list[RawResponse] = []
    options = check_options(kwargs.get("options"))

    def keep(response: RawResponse) -> None:
        responses.append(response)
        if options.on_response is not None:
            options.on_response(response)

    kwargs["options"] = evolve(options, on_response=keep)
    return responses
