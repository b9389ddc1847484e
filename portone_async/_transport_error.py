"""Why an attempt has no complete response, for the retry loop."""

from __future__ import annotations

import socket
import ssl
from typing import Final

_REASONS: Final[dict[type[OSError], str]] = {
    socket.gaierror: "the host name cannot be resolved",
    ConnectionRefusedError: "the connection was refused",
    ssl.SSLCertVerificationError: "the server's certificate is not trusted",
    ssl.SSLError: "TLS failed",
}


class TransportError(Exception):
    """An attempt has no complete response. Never leaves the package.

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
        self.cause: Final = _root_cause(error) if error is not None else None
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


def _root_cause(error: BaseException) -> OSError | None:
    """Return the innermost error of the operating system, without its traceback and context."""
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    for inner in (error.__cause__ or error.__context__, *members):  # pyright: ignore[reportUnknownVariableType]
        if inner is not None and (cause := _root_cause(inner)) is not None:  # pyright: ignore[reportUnknownArgumentType]
            return cause
    if not isinstance(error, OSError) or isinstance(error, ssl.SSLWantReadError):
        return None
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
