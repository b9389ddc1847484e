"""What a transport is, and what can go wrong with one attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from portone_async._options import Timeout
from portone_async._request import Request
from portone_async._response import RawResponse

OnChunk = Callable[[bytes], Awaitable[None]]
KEEPALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""


class TransportError(Exception):
    """There is no complete response. Never leaves the package.

    `cause` is for the traceback of whoever sees the call fail. It has none of its own: the libraries' frames hold
    the secret.
    """

    def __init__(
        self,
        problem: str,
        *,
        may_have_reached: bool,
        timed_out: bool = False,
        is_transient: bool = True,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(problem)
        self.timed_out: Final = timed_out
        self.may_have_reached: Final = may_have_reached
        self.is_transient: Final = is_transient
        self.cause: Final = cause


class Transport(Protocol):
    """Sends one request and reads its response."""

    async def send(
        self, request: Request, timeout: Timeout, on_chunk: OnChunk | None
    ) -> RawResponse:
        """Make one attempt, within `timeout.total`. Raises `TransportError`.

        With `on_chunk` the body of a success goes there piece by piece.
        """
        ...

    async def aclose(self) -> None:
        """Close what this transport opened."""
        ...


def joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name; those that are repeated as one list each (RFC 9110, 5.3)."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return {name: ", ".join(values) for name, values in lists.items()}


def check_has_end(headers: Mapping[str, str]) -> None:
    """Refuse a download that only ends with its connection: half of it would look like the whole."""
    if "content-length" not in headers and "transfer-encoding" not in headers:
        raise TransportError("the response does not declare its length", may_have_reached=True)


def time_is_up() -> TransportError:
    """Return the error for a call that has taken `Timeout.total`."""
    return TransportError(
        "the total time of the call is up", timed_out=True, may_have_reached=True
    )


def too_large(limit: int) -> TransportError:
    """Return the error for a response beyond `max_response_size`."""
    return TransportError(
        f"the response is larger than max_response_size ({limit:,} bytes)",
        may_have_reached=True,
        is_transient=False,
    )
