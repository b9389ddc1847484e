"""The rate is kept, without drift and without bursts."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import pairwise
from typing import Any

import anyio
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from portone_async import bulk
from portone_async.bulk.rate_limiter import CATCH_UP, RateLimiter


class Clock:
    """A clock that only sleeping moves, and that lets sleepers wake up late."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lateness = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep_until(self, deadline: float) -> None:
        self.now = max(self.now, deadline) + self.lateness


def finish(awaitable: Awaitable[None]) -> None:
    with pytest.raises(StopIteration):
        awaitable.__await__().__next__()


@given(
    rate=st.floats(0.1, 10_000),
    steps=st.lists(st.tuples(st.floats(0, 0.05), st.floats(0, 2)), min_size=1, max_size=60),
)
def test_no_period_has_more_calls_than_the_rate_allows(
    rate: float, steps: list[tuple[float, float]]
) -> None:
    clock = Clock()
    passed: list[float] = []
    limiter = RateLimiter(rate, clock=clock, sleep_until=clock.sleep_until)
    for lateness, pause in steps:
        clock.lateness = lateness
        finish(limiter.acquire())
        passed.append(clock.now)
        clock.now += pause if pause > 1 else 0
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            share = rate * (passed[last] - passed[first] + CATCH_UP) + 2
            assert last - first + 1 <= share + 1e-6


@given(rate=st.floats(1, 2_000), lateness=st.floats(0, 0.9))
def test_timer_delays_do_not_accumulate(rate: float, lateness: float) -> None:
    clock = Clock()
    clock.lateness = lateness * max(CATCH_UP, 1 / rate)
    limiter = RateLimiter(rate, clock=clock, sleep_until=clock.sleep_until)
    for _ in range(101):
        finish(limiter.acquire())
    assert clock.now - 1000 == pytest.approx(100 / rate, abs=1 / rate + clock.lateness + 1e-6)


def test_calls_start_evenly_spaced() -> None:
    times: list[float] = []

    async def call(number: int) -> None:
        times.append(anyio.current_time())
        await anyio.sleep(0.35)

    async def main() -> None:
        async with bulk.lookup(call, range(50), rate=10, concurrency=20) as results:
            async for _ in results:
                pass

    clock: Any = trio.testing.MockClock(autojump_threshold=0)
    trio.run(main, clock=clock)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == pytest.approx([0.1] * 49)


def test_a_pause_of_the_consumer_causes_no_burst() -> None:
    times: list[float] = []

    async def call(number: int) -> None:
        times.append(anyio.current_time())

    async def main() -> None:
        async with bulk.lookup(call, range(20), rate=10, concurrency=2, buffer_size=2) as results:
            async for result in results:
                if result.index == 4:
                    await anyio.sleep(5)

    clock: Any = trio.testing.MockClock(autojump_threshold=0)
    trio.run(main, clock=clock)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) > 0.0999
    assert max(gaps) > 4
