"""The facts of one operation of PortOne's document."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T")


@define(frozen=True)
class Operation(Generic[T]):
    """One operation; `T` is what its function returns."""

    id: str
    method: str
    path: str
    response: str | None = field(default=None, kw_only=True)
    """The response's model; `None` where there is no body to read."""
    body: str | None = field(default=None, kw_only=True)
    body_required: bool = field(default=False, kw_only=True)
    body_in_query: bool = field(default=False, kw_only=True)
    download: bool = field(default=False, kw_only=True)
    unstable: bool = field(default=False, kw_only=True)
    secured: bool = field(default=True, kw_only=True)
    store: str | None = field(default=None, kw_only=True)
    """Where the store id goes: `query`, `body`, or the object in the body that holds it."""
    errors: tuple[str, ...] = field(default=(), kw_only=True)
    """The classes of its errors."""
