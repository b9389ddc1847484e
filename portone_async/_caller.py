"""What generated functions call: a client, or a namespace of one."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Final, Protocol, TypeVar

from portone_async._operation import Operation
from portone_async._options import RequestOptions

T = TypeVar("T")


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
