"""The results of a lookup."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from portone_async import PortOneError, bulk, errors
from portone_async._errors import RequestInfo
from portone_async.bulk.progress import ProgressTracker

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_task_left")]
INFO = RequestInfo("GET", "/payments/{paymentId}")


def api_error(status: int = 404) -> errors.APIError:
    return errors.APIError(status=status, request=INFO)


async def double(number: int) -> int:
    await anyio.lowlevel.checkpoint()
    if number < 0:
        raise api_error()
    return number * 2


async def gather(results: bulk.Results[int, int]) -> list[bulk.Result[int, int]]:
    async with results:
        return [result async for result in results]


async def test_each_result_has_its_argument_and_its_value_or_error() -> None:
    found = await gather(bulk.lookup(double, [1, -1, 3]))
    by_index = {result.index: result for result in found}
    assert [by_index[i].argument for i in range(3)] == [1, -1, 3]
    assert (by_index[0].value, by_index[0].error) == (2, None)
    assert isinstance(by_index[1].error, errors.APIError)
    with pytest.raises(errors.APIError):
        _ = by_index[1].value


async def test_results_come_in_the_order_of_completion() -> None:
    gates = {"slow": anyio.Event(), "fast": anyio.Event()}

    async def wait(name: str) -> None:
        await gates[name].wait()

    async with bulk.lookup(wait, ["slow", "fast"]) as results:
        gates["fast"].set()
        first = await anext(results)
        gates["slow"].set()
        second = await anext(results)
    assert [first.argument, second.argument] == ["fast", "slow"]


async def test_ordered_results_come_in_the_order_of_the_input() -> None:
    gate = anyio.Event()

    async def wait(number: int) -> int:
        if number == 0:
            await gate.wait()
        elif number == 9:
            gate.set()
        return number

    async with bulk.lookup(wait, range(10), ordered=True, concurrency=3, buffer_size=10) as results:
        assert [result.argument async for result in results] == list(range(10))


async def test_ordered_results_run_no_further_ahead_than_the_buffer_size() -> None:
    gate = anyio.Event()
    started: list[int] = []

    async def wait(number: int) -> None:
        started.append(number)
        if number == 0:
            await gate.wait()

    async with bulk.lookup(wait, range(100), ordered=True, concurrency=2, buffer_size=5) as results:
        await anyio.wait_all_tasks_blocked()
        assert started == [0, 1, 2, 3, 4]
        gate.set()
        assert len([result async for result in results]) == 100


async def test_an_async_iterable_and_a_generator_are_inputs() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(5):
            await anyio.lowlevel.checkpoint()
            yield number

    assert {r.value for r in await gather(bulk.lookup(double, numbers()))} == {0, 2, 4, 6, 8}
    assert {r.value for r in await gather(bulk.lookup(double, (n for n in range(2))))} == {0, 2}
    assert await gather(bulk.lookup(double, [])) == []


async def test_an_input_is_not_read_before_the_block_nor_by_two_at_once() -> None:
    reading = 0

    async def numbers() -> AsyncIterator[int]:
        nonlocal reading
        for number in range(10):
            reading += 1
            assert reading == 1
            await anyio.lowlevel.checkpoint()
            reading -= 1
            yield number

    results = bulk.lookup(double, numbers(), concurrency=5)
    assert reading == 0
    assert len(await gather(results)) == 10


async def test_an_error_of_the_input_comes_after_the_results_before_it() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    seen: list[int] = []

    async def read() -> None:
        async with bulk.lookup(double, numbers()) as results:
            async for result in results:
                seen.append(result.value)  # noqa: PERF401  (kept when the loop raises)

    with pytest.raises(OSError, match="disk"):
        await read()
    assert sorted(seen) == [2, 4]


async def test_a_failed_page_of_the_input_is_not_a_result() -> None:
    async def pages() -> AsyncIterator[int]:
        yield 1
        raise api_error(503)

    with pytest.raises(errors.APIError):
        await gather(bulk.lookup(double, pages()))


async def test_a_bug_in_the_program_is_raised_unchanged() -> None:
    async def broken(number: int) -> int:
        raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        await gather(bulk.lookup(broken, range(10)))


async def test_a_bug_is_raised_even_if_the_loop_was_left_before_it() -> None:
    async def broken(number: int) -> int:
        if number:
            raise TypeError("a bug")
        return number

    async def leave_early() -> None:
        async with bulk.lookup(broken, range(2), concurrency=1) as results:
            await anext(results)
            await anyio.wait_all_tasks_blocked()

    with pytest.raises(TypeError, match="a bug"):
        await leave_early()


async def test_a_bug_that_was_raised_once_is_not_raised_again() -> None:
    async def broken(number: int) -> int:
        raise TypeError("a bug")

    async with bulk.lookup(broken, range(2)) as results:
        with pytest.raises(TypeError):
            await anext(results)


async def test_a_closed_client_is_a_bug() -> None:
    async def closed(number: int) -> int:
        raise errors.ClientClosedError("closed")

    with pytest.raises(errors.ClientClosedError):
        await gather(bulk.lookup(closed, range(10)))


async def test_an_invalid_argument_is_a_result() -> None:
    async def refuse(number: int) -> int:
        raise errors.InvalidArgumentError("an empty id")

    (result,) = await gather(bulk.lookup(refuse, [0]))
    assert isinstance(result.error, errors.InvalidArgumentError)


async def test_an_exception_of_the_block_is_raised_unchanged() -> None:
    async def divide() -> None:
        async with bulk.lookup(double, range(1000)) as results:
            async for _ in results:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await divide()


@pytest.mark.parametrize("limit", [1, 3])
async def test_max_failures_returns_the_running_calls_and_then_raises(limit: int) -> None:
    started: list[int] = []

    async def fail(number: int) -> int:
        started.append(number)
        await anyio.lowlevel.checkpoint()
        raise api_error()

    seen: list[int] = []

    async def read() -> None:
        async with bulk.lookup(fail, range(1000), concurrency=2, max_failures=limit) as results:
            async for result in results:
                seen.append(result.argument)  # noqa: PERF401  (kept when the loop raises)

    with pytest.raises(bulk.TooManyFailuresError) as raised:
        await read()
    assert sorted(seen) == started
    assert limit <= raised.value.failed == len(started) < limit + 2
    assert isinstance(raised.value.__cause__, errors.APIError)
    assert isinstance(raised.value, PortOneError)
    copied = pickle.loads(pickle.dumps(raised.value))  # noqa: S301  (pickled here)
    assert copied.failed == raised.value.failed


async def test_fewer_failures_than_max_failures_stop_nothing() -> None:
    found = await gather(bulk.lookup(double, [-1, 1, -2, 2], max_failures=3))
    assert len(found) == 4


async def test_stop_starts_no_more_calls_and_returns_the_running_ones() -> None:
    gate = anyio.Event()
    started: list[int] = []

    async def wait(number: int) -> int:
        started.append(number)
        await gate.wait()
        return number

    async with bulk.lookup(wait, range(100), concurrency=3) as results:
        await anyio.wait_all_tasks_blocked()
        results.stop()
        gate.set()
        assert sorted([r.argument async for r in results]) == started == [0, 1, 2]


async def test_stop_does_not_wait_for_the_input() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1
        await anyio.sleep_forever()

    async with bulk.lookup(double, numbers()) as results:
        assert (await anext(results)).value == 2
        await anyio.wait_all_tasks_blocked()
        results.stop()
        assert [result async for result in results] == []


async def test_progress_counts_calls_and_is_reported_at_the_end() -> None:
    reports: list[bulk.Progress] = []
    results = bulk.lookup(
        double, [1, -1, 2], concurrency=1, on_progress=reports.append, progress_interval=0
    )
    await gather(results)
    assert [(p.completed, p.failed, p.total) for p in reports] == [
        (1, 0, 3),
        (2, 1, 3),
        (3, 1, 3),
        (3, 1, 3),
    ]
    assert results.progress.time_remaining == 0
    assert results.progress.rate > 0
    assert reports[0].elapsed <= reports[-1].elapsed


async def test_progress_is_throttled_by_the_clock() -> None:
    now = 100.0
    reports: list[bulk.Progress] = []
    tracker = ProgressTracker(4, reports.append, 10, clock=lambda: now)
    tracker.start()
    for now in (105.0, 110.0, 119.0, 120.0):
        tracker.record(failed=now == 110)
    now = 121.0
    tracker.finish()
    tracker.finish()
    assert [(p.completed, p.failed, p.elapsed) for p in reports] == [
        (2, 1, 10),
        (4, 1, 20),
        (4, 1, 21),
    ]
    assert (reports[0].rate, reports[0].time_remaining) == (0.2, 10)


async def test_progress_is_reported_no_more_often_than_the_interval() -> None:
    reports: list[bulk.Progress] = []
    await gather(
        bulk.lookup(double, range(1000), on_progress=reports.append, progress_interval=3600)
    )
    assert [p.completed for p in reports] == [1000]


@pytest.mark.parametrize(("total", "expected"), [(None, None), (7, 7)])
async def test_the_total_of_a_generator_is_what_the_caller_says(
    total: int | None, expected: int | None
) -> None:
    results = bulk.lookup(double, iter([1]), total=total)
    assert results.progress.total == expected
    assert results.progress.time_remaining is None


async def test_an_exception_of_the_callback_is_raised() -> None:
    def hook(progress: bulk.Progress) -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await gather(bulk.lookup(double, range(3), on_progress=hook, progress_interval=0))


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"concurrency": True},
        {"buffer_size": 49},
        {"rate": 0},
        {"rate": float("inf")},
        {"rate": float("nan")},
        {"max_failures": 0},
    ],
)
async def test_invalid_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(errors.InvalidArgumentError):
        bulk.lookup(double, [1], **options)  # type: ignore[arg-type]


async def test_a_string_is_not_a_list_of_ids() -> None:
    async def get(payment_id: str) -> str:
        return payment_id

    with pytest.raises(errors.InvalidArgumentError, match="several"):
        bulk.lookup(get, "order-1")


async def test_results_are_read_in_the_block_and_once() -> None:
    results = bulk.lookup(double, range(1000))
    with pytest.raises(RuntimeError, match="async with"):
        await anext(results)
    async with results:
        await anext(results)
    with pytest.raises(RuntimeError, match="async with"):
        await anext(results)
    with pytest.raises(RuntimeError, match="once"):
        await results.__aenter__()


async def test_a_repr_shows_no_argument_and_no_value() -> None:
    async def echo(text: str) -> str:
        return text

    async with bulk.lookup(echo, ["billing-key-1"]) as results:
        assert "billing-key-1" not in repr(await anext(results))
