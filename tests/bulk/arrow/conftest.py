from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portone_emulator import Emulator, RequestRecord

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-to-look-for"


class PortOne(Emulator):
    """An emulator that keeps the last part of the path of each request, and has a sub-store."""

    def __init__(self) -> None:
        super().__init__(secret=SECRET, sub_store_ids=["store-b"], on_request=self._keep)
        self.requested = list[str]()
        self.after_each: Callable[[], None] = lambda: None

    def _keep(self, record: RequestRecord) -> None:
        self.requested.append(record.path.rpartition("/")[2])
        self.after_each()

    def sell(self, count: int) -> list[str]:
        """Create this many paid payments, and return their ids."""
        ids = [f"order{number}" for number in range(count)]
        for number, payment_id in enumerate(ids):
            self.checkout(payment_id, amount=1_000 + number)
        return ids


def set_environment(set_variable: Callable[[str, str], None], url: str) -> None:
    set_variable("PORTONE_API_SECRET", SECRET)
    set_variable("PORTONE_BASE_URL", url)
    # For processes that are started.
    set_variable("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "emulator")]))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the machine's environment changes what a client does."""
    for name in list(os.environ):
        if name.upper().startswith("PORTONE_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
def portone(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PortOne]:
    with PortOne() as emulator:
        set_environment(monkeypatch.setenv, emulator.url)
        yield emulator
