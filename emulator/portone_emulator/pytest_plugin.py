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

from collections.abc import Iterator

import pytest

from portone_emulator.emulator import Emulator


@pytest.fixture
def portone_emulator() -> Iterator[Emulator]:
    """An emulated PortOne, fresh for each test."""
    with Emulator() as emulator:
        yield emulator
