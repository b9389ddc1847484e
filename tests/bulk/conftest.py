from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sniffio
import trio


def tasks() -> int:
    """How many tasks there are."""
    if sniffio.current_async_library() == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


@pytest.fixture
async def no_task_left(anyio_backend: str) -> AsyncIterator[None]:
    """Fails if the test leaves a task behind."""
    before = tasks()
    yield
    assert tasks() == before
