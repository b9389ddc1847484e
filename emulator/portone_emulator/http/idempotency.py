"""Idempotency keys, by PortOne's rules."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from attrs import define

from portone_emulator.errors import EmulatedAPIError, invalid
from portone_emulator.http.responses import Response
from portone_emulator.state.clock import Clock

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


@define
class Entry:
    """The first request with a key, and its response once there is one."""

    fingerprint: bytes
    expires_at: datetime
    response: Response | None = None


class IdempotencyKeys:
    """Stores the first response for each key, for three hours on the emulator's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}

    def begin(self, key: str, fingerprint: bytes) -> Response | None:
        """Reserve a key for a request, or return the stored response.

        Raises:
            EmulatedAPIError: IDEMPOTENCY_OUTSTANDING_REQUEST while the first request is in
                progress; INVALID_REQUEST if the key was used for a different request.
        """
        now = self._clock.now()
        entry = self._entries.get(key)
        if entry is None or (entry.response is not None and now >= entry.expires_at):
            self._entries[key] = Entry(fingerprint, now + LIFETIME)
            return None
        if entry.fingerprint != fingerprint:
            raise invalid(_HEADER, "was used for a request with another path, query or body")
        if entry.response is None:
            raise EmulatedAPIError(
                "IDEMPOTENCY_OUTSTANDING_REQUEST", "the first request with this key is in progress"
            )
        return entry.response

    def finish(self, key: str, response: Response) -> None:
        """Store the first response."""
        if key in self._entries:
            self._entries[key].response = response

    def abandon(self, key: str) -> None:
        """Release the key of a request that ended without a response."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Remove all keys, including those of requests in progress."""
        self._entries.clear()

    def finished(self) -> dict[str, Entry]:
        """Return the keys with a stored response."""
        return {key: entry for key, entry in self._entries.items() if entry.response is not None}

    def restore(self, entries: dict[str, Entry]) -> None:
        """Replace the keys by saved ones."""
        self._entries = dict(entries)
