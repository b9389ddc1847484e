"""What a transport is, and what can come of an attempt."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from attrs import define, field

from portone_async._errors import InvalidArgumentError
from portone_async._operation import Timeout
from portone_async._request import Request

Sink = Callable[[bytes], Awaitable[None]]
KEEPALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""
# Faults by which a request certainly did not reach PortOne; by any other it may have.
_UNREACHED: Final = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
        "LocalProtocolError",
    }
)


@define(frozen=True)
class Answer:
    """Status, headers (lower case) and body of a response."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


class TransportFault(Exception):  # noqa: N818  (never leaves the package)
    """No complete answer came."""

    def __init__(self, problem: str, *, timed_out: bool, may_have_reached: bool) -> None:
        super().__init__(problem)
        self.timed_out: Final = timed_out
        self.may_have_reached: Final = may_have_reached


class Transport(Protocol):
    """Sends one request and reads its answer; raises `TransportFault`."""

    async def send(self, request: Request, timeout: Timeout, sink: Sink | None) -> Answer:
        """One attempt. With a `sink` the body of a success goes there piece by piece."""
        ...

    async def aclose(self) -> None:
        """Close what this transport opened."""
        ...


def fault(error: BaseException) -> TransportFault:
    """What an error of httpx's or httpcore's means."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return TransportFault(
        type(error).__name__,
        timed_out=isinstance(error, TimeoutError) or type(error).__name__.endswith("Timeout"),
        may_have_reached=not names & _UNREACHED,
    )


def quiet_cause(error: BaseException) -> BaseException | None:
    """The error itself, for a traceback, unless its message may repeat bytes that were sent or came."""
    libraries = ("httpx.", "httpx2.", "httpcore.", "httpcore2.", "httpx", "httpcore", "builtins")
    told = type(error).__module__.startswith(libraries)
    return error if told and not type(error).__name__.endswith("ProtocolError") else None


def joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; those that came several times as one list each (RFC 9110, 5.3)."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


def check_has_end(headers: Mapping[str, str]) -> None:
    """Refuse a download that only ends with its connection: half of it would look like the whole."""
    if not any(name in headers for name in ("content-length", "transfer-encoding")):
        raise TransportFault("RemoteProtocolError", timed_out=False, may_have_reached=True)


def require(module: str, extra: str | None) -> Any:
    """A library that an extra brings along."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InvalidArgumentError(
            f"{module} is not installed: pip install 'portone-async[{extra}]'"
        ) from None
