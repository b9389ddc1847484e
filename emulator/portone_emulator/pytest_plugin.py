"""A pytest fixture: an emulator for each test.

Enable it in the `conftest.py` at the root of your tests:

```python
pytest_plugins = ["portone_emulator.pytest_plugin"]
```

`portone_emulator` is an `Emulator` served on loopback, fresh for each test. Any HTTP client can use
it, at `portone_emulator.url`. To customize it, define a fixture of the same name in your
`conftest.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from portone_emulator.emulator import Emulator
from portone_emulator.http.server import LOOPBACK


@pytest.fixture
def portone_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulated PortOne, fresh for each test."""
    # The environment's proxy, if there is one, does not reach this machine.
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, ",".join(filter(None, (os.environ.get(name), LOOPBACK))))
    with Emulator() as emulator:
        yield emulator
