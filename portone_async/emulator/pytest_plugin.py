"""pytest fixtures: an emulator for each test, and a client connected to it.

Enable them in the `conftest.py` at the root of your tests:

```python
pytest_plugins = ["portone_async.emulator.pytest_plugin"]
```

`portone_emulator` is an `Emulator` served on loopback, fresh for each test. Any HTTP client in any
language can use it, at `portone_emulator.url`. `portone` is a `PortOne` client connected to it, for
async tests:

```python
import pytest
from portone_async.models import PaidPayment

@pytest.mark.anyio
async def test_customer_pays(portone, portone_emulator):
    portone_emulator.checkout("order20261130001", amount=1000)
    assert isinstance(await portone.payment.get_payment("order20261130001"), PaidPayment)
```

To customize either, define a fixture of the same name in your `conftest.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from portone_async import PortOne
from portone_async.emulator import Emulator
from portone_emulator.pytest_plugin import portone_emulator

__all__ = ["portone", "portone_emulator"]


@pytest.fixture
async def portone(portone_emulator: Emulator) -> AsyncIterator[PortOne]:
    """A client connected to the test's emulator."""
    async with PortOne(
        portone_emulator.secret,
        store_id=portone_emulator.store_id,
        base_url=portone_emulator.url,
    ) as client:
        yield client
