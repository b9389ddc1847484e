from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from portone_async.blocking import PortOne
from portone_emulator import Emulator

ORDER = "order20261130001"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the machine's environment changes what a client does."""
    for name in list(os.environ):
        if name.upper().startswith("PORTONE_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        emulator.checkout(ORDER, amount=1_000_000)
        yield emulator


@pytest.fixture
def portone(emulator: Emulator) -> Iterator[PortOne]:
    with PortOne(emulator.secret, base_url=emulator.url) as portone:
        yield portone
