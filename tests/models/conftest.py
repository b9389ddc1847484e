from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from portone_async import _reading


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Forget what was noted before; the function returned gives the new log lines and forgets again."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    noted: set[tuple[str, str]] = set()
    monkeypatch.setattr(_reading, "_noted", noted)

    def taken() -> list[str]:
        found = lines.copy()
        lines.clear()
        noted.clear()
        return found

    _reading.logger.addHandler(handler)
    yield taken
    _reading.logger.removeHandler(handler)
