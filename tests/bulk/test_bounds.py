"""Memory and concurrency stay within their bounds, for any run."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import bulk, errors
from portone_async._errors import RequestInfo

from .conftest import tasks

INFO = RequestInfo("GET", "/")


class Run:
    """Calls that each take a given number of turns of the event loop, and counters of what a run did with them."""

    def __init__(self, turns: list[int], failing: set[int]) -> None:
        self.turns = turns
        self.failing = failing
        self.taken = self.returned = self.running = 0
        self.most_running = self.most_pending = 0

    def numbers(self) -> Iterator[int]:
        for number in range(len(self.turns)):
            self.taken += 1
            self.most_pending = max(self.most_pending, self.taken - self.returned)
            yield number

    async def numbers_async(self) -> AsyncIterator[int]:
        for number in self.numbers():
            await anyio.lowlevel.checkpoint()
            yield number

    async def call(self, number: int) -> int:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        for _ in range(self.turns[number]):
            await anyio.lowlevel.checkpoint()
        self.running -= 1
        if number in self.failing:
            raise errors.APIError(status=404, request=INFO)
        return number


@settings(deadline=None, max_examples=150)
@given(
    data=st.data(),
    backend=st.sampled_from(["asyncio", "trio"]),
    turns=st.lists(st.integers(0, 5), max_size=40),
    concurrency=st.integers(1, 12),
    extra=st.integers(0, 12),
    ordered=st.booleans(),
    is_async=st.booleans(),
    slowness=st.integers(0, 4),
)
def test_any_run_keeps_its_bounds_and_loses_nothing(
    data: st.DataObject,
    backend: str,
    turns: list[int],
    concurrency: int,
    extra: int,
    ordered: bool,
    is_async: bool,
    slowness: int,
) -> None:
    indexes = st.integers(0, max(0, len(turns) - 1))
    failing = data.draw(st.sets(indexes) if turns else st.just(set[int]()))
    max_failures = data.draw(st.none() | st.integers(1, 5))
    leave_after = data.draw(st.none() | st.integers(1, 40))
    run = Run(turns, failing)
    seen: list[bulk.Result[int, int]] = []
    stopped = False

    async def main() -> None:
        nonlocal stopped
        before = tasks()
        inputs: Any = run.numbers_async() if is_async else run.numbers()
        try:
            async with bulk.lookup(
                run.call,
                inputs,
                concurrency=concurrency,
                buffer_size=concurrency + extra,
                ordered=ordered,
                max_failures=max_failures,
            ) as results:
                async for result in results:
                    run.returned += 1
                    seen.append(result)
                    for _ in range(slowness):
                        await anyio.lowlevel.checkpoint()
                    if leave_after == len(seen):
                        break
        except bulk.TooManyFailuresError:
            stopped = True
        assert tasks() == before

    anyio.run(main, backend=backend)
    assert run.most_running <= concurrency
    assert run.most_pending <= concurrency + extra
    arguments = [result.argument for result in seen]
    assert len(set(arguments)) == len(arguments)
    assert all((r.error is not None) == (r.argument in failing) for r in seen)
    assert all(r.index == r.argument for r in seen)
    if ordered:
        assert arguments == list(range(len(arguments)))
    failed = sum(r.error is not None for r in seen)
    if stopped:
        assert max_failures is not None
        assert failed >= max_failures
    elif leave_after != len(seen):
        assert sorted(arguments) == list(range(len(turns)))
        assert max_failures is None or failed < max_failures


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("ordered", [False, True])
def test_memory_does_not_grow_with_the_input(backend: str, ordered: bool) -> None:
    async def payload(number: int) -> bytes:
        return b"x" * 10_000

    def peak(length: int) -> int:
        async def main() -> None:
            async with bulk.lookup(payload, range(length), ordered=ordered) as results:
                async for _ in results:
                    pass

        anyio.run(main, backend=backend)
        tracemalloc.start()
        try:
            anyio.run(main, backend=backend)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # 20,000 results are 200 MB; at most 200 are buffered for the loop.
    assert peak(20_000) < peak(1_000) + 1_000_000 < 10_000_000


@pytest.mark.anyio
@pytest.mark.usefixtures("no_task_left")
async def test_a_consumer_that_does_nothing_stops_the_input() -> None:
    taken = 0

    def numbers() -> Iterable[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    async def echo(number: int) -> int:
        return number

    async with bulk.lookup(echo, numbers(), concurrency=5, buffer_size=12) as results:
        await anyio.wait_all_tasks_blocked()
        assert taken == 12
        await anext(results)
        await anyio.wait_all_tasks_blocked()
        assert taken == 13
