"""The log line of a request."""

from __future__ import annotations

from datetime import UTC, datetime

from portone_emulator.http.app import RequestRecord

# Legible on light and dark backgrounds.
_RED, _MAGENTA, _BOLD, _RESET = "\x1b[31m", "\x1b[35m", "\x1b[1m", "\x1b[0m"
_SERVER_ERROR, _CLIENT_ERROR = 500, 400


def redacted_path(record: RequestRecord) -> str:
    """Return the path without secrets and personal data.

    Only IDs are shown: a billing key is as good as money, and an account number is personal data.
    An unknown path could contain anything.
    """
    if record.match is None:
        return "(unknown path or method)"
    values = {
        name: _printable(value) if name.lower().endswith("id") else "..."
        for name, value in record.match.path.items()
    }
    return record.match.operation.path.format(**values)


def format_request(record: RequestRecord, *, in_colour: bool = False) -> str:
    """Format a request: real time, method, path, operation, status, duration, and what is special.

    That is an injected fault, a repeated response, or the error's type and message.
    """
    parts = [
        f"{datetime.now(UTC):%H:%M:%S}",
        record.method.ljust(6),
        redacted_path(record),
    ]
    if record.operation_id is not None:
        parts.append(record.operation_id)
    parts += [
        _colour(_status_colour(record.status), _status(record), in_colour),
        f"{record.seconds * 1000:.0f}ms",
    ]
    if record.fault is not None:
        parts.append(_colour(_MAGENTA, f"fault={record.fault}", in_colour))
    if record.is_replay:
        parts.append(_colour(_MAGENTA, "replay", in_colour))
    if record.error is not None:
        parts.append(_printable(record.error))
    return "  ".join(parts)


def _status(record: RequestRecord) -> str:
    return "no response" if record.status is None else str(record.status)


def _status_colour(status: int | None) -> str:
    if status is None or status >= _SERVER_ERROR:
        return _RED
    return _MAGENTA if status >= _CLIENT_ERROR else _BOLD


def _colour(code: str, text: str, in_colour: bool) -> str:
    return f"{code}{text}{_RESET}" if in_colour else text


def _printable(text: str) -> str:
    """Escape characters that would break the line or control the terminal."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
