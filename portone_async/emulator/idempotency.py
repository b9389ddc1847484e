"""Idempotency keys, as PortOne keeps them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from attrs import define

from portone_async.emulator.answers import Answer
from portone_async.emulator.clock import Clock
from portone_async.emulator.errors import Refusal, invalid

LIFETIME = timedelta(hours=3)
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADER = "Idempotency-Key"
_SHORTEST, _LONGEST = 16, 256
# RFC 8941, section 3.3.3: printable ASCII in double quotes, these and backslashes escaped.
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')


def read_key(header: str | None) -> str | None:
    """Read the header's value.

    Raises:
        Refusal: INVALID_REQUEST when it is not a quoted string of 16 to 256 ASCII characters.
    """
    if header is None:
        return None
    found = _STRING.fullmatch(header.strip())
    if found is None:
        raise invalid(_HEADER, 'must be an RFC 8941 string: ASCII characters in double quotes ("")')
    key = re.sub(r"\\(.)", r"\1", found[1])
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise invalid(_HEADER, f"must be of {_SHORTEST} to {_LONGEST} characters")
    return key


@define
class Entry:
    """A request of a key, and its answer once there is one."""

    fingerprint: bytes
    expires_at: datetime
    answer: Answer | None = None


class IdempotencyKeys:
    """Remembers the first answer for each key, for three hours on the emulator's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}

    def begin(self, key: str, fingerprint: bytes) -> Answer | None:
        """Start a request, or return the answer that the key had the first time.

        Raises:
            Refusal: IDEMPOTENCY_OUTSTANDING_REQUEST while the first request runs; INVALID_REQUEST
                when the key belongs to another request.
        """
        now = self._clock.now()
        entry = self._entries.get(key)
        if entry is None or (entry.answer is not None and now >= entry.expires_at):
            self._entries[key] = Entry(fingerprint, now + LIFETIME)
            return None
        if entry.fingerprint != fingerprint:
            raise invalid(_HEADER, "was used before for a request with another path, query or body")
        if entry.answer is None:
            raise Refusal(
                "IDEMPOTENCY_OUTSTANDING_REQUEST", "the first request with this key still runs"
            )
        return entry.answer

    def finish(self, key: str, answer: Answer) -> None:
        """Keep the first answer."""
        if key in self._entries:
            self._entries[key].answer = answer

    def abandon(self, key: str) -> None:
        """Forget a request that ended without an answer."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget all keys, those of requests that still run too."""
        self._entries.clear()

    def finished(self) -> dict[str, Entry]:
        """Return the keys that have an answer."""
        return {key: entry for key, entry in self._entries.items() if entry.answer is not None}

    def restore(self, entries: dict[str, Entry]) -> None:
        """Remember keys from before."""
        self._entries = dict(entries)
