"""The requests that were received, the latest of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from portone_emulator.http.app import RequestRecord
from portone_emulator.state.records import Key

MAX_REQUEST_RECORDS: Final = 100_000


class RequestHistory:
    """The last requests, oldest first. Requests are added by one thread and read by others."""

    def __init__(self) -> None:
        self._records: deque[RequestRecord] = deque()
        self._of_payment: dict[Key, list[RequestRecord]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(list(self._records))

    def append(self, record: RequestRecord) -> None:
        """Add a request, and drop the oldest beyond `MAX_REQUEST_RECORDS`."""
        self._records.append(record)
        if record.payment is not None:
            self._of_payment.setdefault(record.payment, []).append(record)
        if len(self._records) <= MAX_REQUEST_RECORDS:
            return
        oldest = self._records.popleft()
        if oldest.payment is not None:
            of_payment = self._of_payment[oldest.payment]
            del of_payment[0]
            if not of_payment:
                del self._of_payment[oldest.payment]

    def latest(self, limit: int) -> list[RequestRecord]:
        """Return at most `limit` requests, the latest first."""
        return _latest(self._records, limit)

    def of_payment(self, key: Key, limit: int) -> tuple[list[RequestRecord], int]:
        """Return the latest requests whose path names a payment, latest first, and how many are."""
        found = self._of_payment.get(key, [])
        return _latest(found, limit), len(found)

    def clear(self) -> None:
        """Drop all."""
        self._records.clear()
        self._of_payment.clear()


def _latest(records: Sequence[RequestRecord], limit: int) -> list[RequestRecord]:
    """Return the last records, as they are at some moment: others may be added meanwhile."""
    count = len(records)
    return [records[-number] for number in range(1, min(count, limit) + 1)]
