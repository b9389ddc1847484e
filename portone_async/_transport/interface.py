"""What a transport is, and what can go wrong with one attempt."""

from __future__ import annotations

import socket
import ssl
from typing import Final, Protocol

from portone_async._options import Timeout
from portone_async._request import Request
from portone_async._response import RawResponse

KEEPALIVE: Final = 30.0
"""Seconds that an idle connection is kept."""
_REASONS: Final[dict[type[OSError], str]] = {
    socket.gaierror: "the host name cannot be resolved",
    ConnectionRefusedError: "the connection was refused",
    ssl.SSLCertVerificationError: "the server's certificate is not trusted",
    ssl.SSLError: "TLS failed",
}


class Transport(Protocol):
    """Sends one request and reads its response, which is still compressed."""

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:
        """Make one attempt, within `timeout.total`. Raises `TransportError`."""
        ...

    async def aclose(self) -> None:
        """Close what this transport opened."""
        ...


class TransportError(Exception):
    """There is no complete response. Never leaves the package.

    `cause` is the operating system's error, on its own: the libraries' tracebacks hold the secret.
    """

    def __init__(
        self,
        problem: str,
        *,
        may_have_reached: bool,
        timed_out: bool = False,
        is_transient: bool = True,
        error: BaseException | None = None,
    ) -> None:
        self.cause: Final = _root_cause(error)
        reasons = [text for kind, text in _REASONS.items() if isinstance(self.cause, kind)]
        super().__init__(": ".join([problem, *reasons[:1]]))
        self.timed_out: Final = timed_out
        self.may_have_reached: Final = may_have_reached
        distrusted = isinstance(self.cause, ssl.SSLCertVerificationError)
        self.is_transient: Final = is_transient and not distrusted


def time_is_up(*, may_have_reached: bool = True) -> TransportError:
    """Return the error for a call that has taken `Timeout.total`."""
    problem = "the time of the call is up"
    return TransportError(problem, timed_out=True, may_have_reached=may_have_reached)


def too_large(limit: int) -> TransportError:
    """Return the error for a response beyond `max_response_size`."""
    problem = f"the response is larger than max_response_size ({limit:,} bytes)"
    return TransportError(problem, may_have_reached=True, is_transient=False)


def _root_cause(error: BaseException | None) -> OSError | None:
    """Return the innermost error of the operating system, without its traceback and context."""
    if error is None:
        return None
    cause = _root_cause(error.__cause__ or error.__context__)
    for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        cause = cause or _root_cause(member)  # pyright: ignore[reportUnknownArgumentType]
    if cause is None and isinstance(error, OSError) and not isinstance(error, ssl.SSLWantReadError):
        error.__cause__ = error.__context__ = None
        cause = error.with_traceback(None)
    return cause
