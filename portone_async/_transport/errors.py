"""What an exception of a library's or of the operating system's means for a call."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from portone_async._transport.interface import TransportError

# Errors of httpx's and httpx2's by which a request certainly did not reach PortOne; by any other it may have.
_NOT_SENT: Final = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
        "LocalProtocolError",
    }
)


def map_error(error: BaseException) -> TransportError:
    """Return what an error of httpx's means."""
    name = type(error).__name__
    cause = _root_cause(error)
    return TransportError(
        _describe(name, cause),
        timed_out=isinstance(error, TimeoutError) or name.endswith("Timeout"),
        may_have_reached=not any(kind.__name__ in _NOT_SENT for kind in type(error).__mro__),
        is_transient=not isinstance(cause, ssl.SSLCertVerificationError),
        cause=cause,
    )


def connect_error(error: OSError) -> TransportError:
    """Return what an error of connecting means: nothing was sent."""
    cause = _root_cause(error)
    return TransportError(
        _describe("ConnectError", cause),
        may_have_reached=False,
        is_transient=not isinstance(cause, ssl.SSLCertVerificationError),
        cause=cause,
    )


def read_error(error: Exception) -> TransportError:
    """Return what an error of a connection that carries a request means."""
    cause = _root_cause(error)
    return TransportError(_describe("ReadError", cause), may_have_reached=True, cause=cause)


def _describe(name: str, cause: OSError | None) -> str:
    match cause:
        case socket.gaierror():
            return f"{name}: the host name cannot be resolved"
        case ConnectionRefusedError():
            return f"{name}: the connection was refused"
        case ssl.SSLCertVerificationError():
            return f"{name}: the server's certificate is not trusted"
        case ssl.SSLError():
            return f"{name}: TLS failed"
        case OSError(strerror=str(reason)):
            return f"{name}: {reason}"
        case _:
            return name


def _root_cause(error: BaseException) -> OSError | None:
    """Return the operating system's error behind another one, on its own.

    Without its traceback and context: those lead through frames of libraries that hold the headers.
    """
    for found in _chain(error):
        if isinstance(found, OSError):
            found.__cause__ = found.__context__ = None
            return found.with_traceback(None)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The innermost first."""
    if error is None:
        return
    yield from _chain(error.__cause__ or error.__context__)
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            yield from _chain(member)  # pyright: ignore[reportUnknownArgumentType]
    yield error
