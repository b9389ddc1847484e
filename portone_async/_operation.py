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
    any_json: bool = field(default=False, kw_only=True)
    """Whether the response may be other JSON than an object."""
    may_be_empty: bool = field(default=False, kw_only=True)
    """Whether a success may have no body."""
    body: str | None = field(default=None, kw_only=True)
    body_media: str = field(default="application/json", kw_only=True)
    body_required: bool = field(default=False, kw_only=True)
    body_in_query: bool = field(default=False, kw_only=True)
    whole_body: bool = field(default=False, kw_only=True)
    """Whether the body is one argument, as it is no object."""
    nulls: tuple[str, ...] = field(default=(), kw_only=True)
    """Fields of the body that are sent as null where others are absent."""
    path_types: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    """The types of path parameters that are no strings."""
    arrays: tuple[str, ...] = field(default=(), kw_only=True)
    """Query parameters that are sent once for each item."""
    joined: tuple[str, ...] = field(default=(), kw_only=True)
    """Query parameters whose items are sent as one text, with commas."""
    numbers: tuple[str, ...] = field(default=(), kw_only=True)
    """Parameters that may be floats."""
    headers: tuple[str, ...] = field(default=(), kw_only=True)
    """Parameters that are sent as headers."""
    download: bool = field(default=False, kw_only=True)
    accept: str | None = field(default=None, kw_only=True)
    """The media type of the response, if it is neither JSON nor CSV."""
    unstable: bool = field(default=False, kw_only=True)
    secured: bool = field(default=True, kw_only=True)
    token_only: bool = field(default=False, kw_only=True)
    """Whether it takes an access token, and not the API secret."""
    store: str | None = field(default=None, kw_only=True)
    """Where the store id goes: `query`, `body`, or the object in the body that holds it."""
    errors: tuple[str, ...] = field(default=(), kw_only=True)
    """The classes of its errors."""
