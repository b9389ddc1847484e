from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .stage import Stage

sys.path.append(str(Path(__file__).parents[2]))  # `examples`, where pytest runs without `python -m`


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # SQLAlchemy's


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    from .stage import in_process

    async with in_process(tmp_path) as opened:
        yield opened


@pytest.fixture
async def live(tmp_path: Path) -> AsyncGenerator[Stage]:
    from .stage import served

    async with served(tmp_path) as opened:
        yield opened
