"""Idempotency keys, by PortOne's rules."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from attrs import frozen

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.responses import Response
from portone_emulator.state.clock import Clock
from portone_emulator.state.containers import RecordDict

LIFETIME = timedelta(hours=3)
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADER = "Idempotency-Key"
_MIN_LENGTH, _MAX_LENGTH = 16, 256
# RFC 8941, section 3.3.3: printable ASCII in double quotes; quotes and backslashes escaped.
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')


def read_key(header: str | None) -> str | None:
    """Parse the Idempotency-Key header.

    Raises:
        EmulatedAPIError: INVALID_REQUEST if it is not a quoted string of 16 to 256 ASCII
            characters.
    """
    if header is None:
        return None
    match = _STRING.fullmatch(header.strip())
    if match is None:
        raise invalid(_HEADER, 'must be an RFC 8941 string: ASCII characters in double quotes ("")')
    key = re.sub(r"\\(.)", r"\1", match[1])
    if not _MIN_LENGTH <= len(key) <= _MAX_LENGTH:
        raise invalid(_HEADER, f"must have {_MIN_LENGTH} to {_MAX_LENGTH} characters")
    return key


@frozen
class Entry:
    """A request with a key, and its response."""

    fingerprint: bytes
    expires_at: datetime
    response: Response


@frozen
class _Request:
    """A request in progress, the first with its key."""

    fingerprint: bytes
    expires_at: datetime


class IdempotencyKeys:
    """Stores the first response for each key, for three hours on the emulator's clock.

    Attributes:
        finished: the keys whose request has its response.
    """

    def __init__(self, clock: Clock) -> None:
        self.finished: RecordDict[str, Entry] = RecordDict()
        self._in_progress: dict[str, _Request] = {}
        self._clock = clock

    def begin(self, key: str, fingerprint: bytes) -> Response | None:
        """Reserve a key for a request, or return the stored response.

        Raises:
            EmulatedAPIError: IDEMPOTENCY_OUTSTANDING_REQUEST while the first request is in
                progress; INVALID_REQUEST if the key was used for a different request.
        """
        now = self._clock.now()
        entry = self.finished.get(key)
        if entry is not None and now >= entry.expires_at:
            del self.finished[key]
            entry = None
        first = entry or self._in_progress.get(key)
        if first is None:
            self._in_progress[key] = _Request(fingerprint, now + LIFETIME)
            return None
        if first.fingerprint != fingerprint:
            raise invalid(_HEADER, "was used for a request with another path, query or body")
        if entry is None:
            raise EmulatedAPIError(
                "IDEMPOTENCY_OUTSTANDING_REQUEST", "the first request with this key is in progress"
            )
        return entry.response

    def finish(self, key: str, response: Response) -> None:
        """Store the first response."""
        request = self._in_progress.pop(key, None)
        if request is not None:
            self.finished[key] = Entry(request.fingerprint, request.expires_at, response)

    def abandon(self, key: str) -> None:
        """Release the key of a request that ended without a response."""
        self._in_progress.pop(key, None)

    def clear(self) -> None:
        """Remove all keys, including those of requests in progress."""
        self.restore(RecordDict())

    def restore(self, finished: RecordDict[str, Entry]) -> None:
        """Replace the keys by saved ones."""
        self.finished = finished
        self._in_progress = {}
