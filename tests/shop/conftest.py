from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .harness import Harness

sys.path.append(str(Path(__file__).parents[2]))  # `examples`, where pytest runs without `python -m`


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # SQLAlchemy runs on asyncio only


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncGenerator[Harness]:
    """The shop in process."""
    from .harness import in_process  # noqa: PLC0415  (needs packages that may be missing)

    async with in_process(tmp_path) as opened:
        yield opened


@pytest.fixture
async def live(tmp_path: Path) -> AsyncGenerator[Harness]:
    """The shop served by uvicorn."""
    from .harness import served  # noqa: PLC0415  (needs packages that may be missing)

    async with served(tmp_path) as opened:
        yield opened
