from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from portone_async import _reading


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Forget what was reported before; the returned function returns the new log lines and forgets them."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    reported: set[tuple[str, str]] = set()
    monkeypatch.setattr(_reading, "_reported", reported)

    def take() -> list[str]:
        new_lines = lines.copy()
        lines.clear()
        reported.clear()
        return new_lines

    _reading.logger.addHandler(handler)
    yield take
    _reading.logger.removeHandler(handler)
