"""Workers that pull arguments from one input, and the stream of their results."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast

import anyio
import anyio.abc

from portone_async._errors import ClientClosedError, InvalidArgumentError, PortOneError
from portone_async.bulk.buffers import AsTheyCome, Buffer, InOrder
from portone_async.bulk.inputs import Inputs
from portone_async.bulk.pacing import Pacer
from portone_async.bulk.progress import Meter, Progress
from portone_async.bulk.result import Result

A = TypeVar("A")
T = TypeVar("T")
WINDOW_PER_WORKER: Final = 4


def _check(name: str, value: int | None, least: int) -> None:
    if value is not None and (isinstance(value, bool) or value < least):
        raise InvalidArgumentError(f"{name} takes a whole number from {least}")


class FailOverError(PortOneError):
    """So many calls failed that the rest was not begun. Its cause is the error that was one too many."""

    def __init__(self, failed: int) -> None:
        super().__init__(f"stopped after {failed} failed calls")
        self.failed: Final = failed
        """How many calls failed, those included that were running at that moment."""


def lookup(
    function: Callable[[A], Awaitable[T]],
    inputs: Iterable[A] | AsyncIterable[A],
    *,
    concurrency: int = 50,
    ordered: bool = False,
    window: int | None = None,
    rate: float | None = None,
    fail_over: int | None = None,
    total: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    progress_every: float = 0.1,
) -> Results[A, T]:
    """Call a function for each argument, many at a time, and stream the results.

    ```python
    async with bulk.lookup(portone.payment.get_payment, ids) as results:
        async for result in results:
            ...
    ```

    Memory stays bounded however long the input and however slow the loop: at most `window` arguments are taken and
    not yet handed out as results. Leaving the block, by its end, `break`, an exception or cancellation, cancels the
    calls that still run and waits for them to be gone.

    A `PortOneError` becomes the error of its result. Any other exception of `function` is a mistake in the program:
    the loop raises it at once. So does it with a `ClientClosedError`. An exception of the input is raised when the
    results of all arguments before it have been handed out.

    Args:
        function: What to call with each argument: an operation such as `portone.payment.get_payment`, or an async
            function or lambda of one argument around it, such as
            `lambda row: portone.payment.get_payment(row.id, store_id=row.store)`.
        inputs: The arguments. An async generator is closed at the end. An iterable that blocks, blocks the loop.
        concurrency: How many calls run at once. More than the client's `max_connections` only wait there.
        ordered: Give the results in the order of the input, instead of as they come.
        window: How many arguments may be taken and not handed out yet, at least `concurrency`; 4 times as many
            unless given. With `ordered`, it is how far the others may run ahead of a slow one.
        rate: How many calls to begin per second at most, evenly spaced. Retries are not counted.
        fail_over: Begin no more calls once so many have failed, 1 for the first; when the results of those that run
            are handed out, raise `FailOverError`.
        total: How many arguments there are, for the progress; `len(inputs)` where it has a length.
        on_progress: Called with the `Progress` as calls end, at most every `progress_every` seconds, and at the end.
        progress_every: Seconds; 0 for every call.

    Raises:
        InvalidArgumentError: An option cannot be right.
    """
    _check("concurrency", concurrency, 1)
    _check("window", window, concurrency)
    _check("fail_over", fail_over, 1)
    if rate is not None and not 0 < rate < float("inf"):
        raise InvalidArgumentError("rate takes a number above 0: calls per second")
    return Results(
        function,
        source := Inputs(inputs),
        buffer=InOrder() if ordered else AsTheyCome(),
        meter=Meter(source.length if total is None else total, on_progress, progress_every),
        pacer=None if rate is None else Pacer(rate),
        concurrency=concurrency,
        window=concurrency * WINDOW_PER_WORKER if window is None else window,
        fail_over=fail_over,
    )


class Results(Generic[A, T]):
    """A running lookup: an async context manager, and in its block an async iterator over the results."""

    def __init__(
        self,
        function: Callable[[A], Awaitable[T]],
        inputs: Inputs[A],
        *,
        buffer: Buffer[A, T],
        meter: Meter,
        pacer: Pacer | None,
        concurrency: int,
        window: int,
        fail_over: int | None,
    ) -> None:
        self._function: Final = function
        self._inputs: Final = inputs
        self._buffer: Final = buffer
        self._meter: Final = meter
        self._pacer: Final = pacer
        self._concurrency: Final = concurrency
        self._fail_over: Final = fail_over
        # A place for each argument that is taken and not handed out yet.
        self._places: Final = anyio.Semaphore(window, fast_acquire=True)
        # Whose turn it is to take one.
        self._turn: Final = anyio.Lock(fast_acquire=True)
        self._tasks: anyio.abc.TaskGroup | None = None
        self._news = anyio.Event()
        self._taken = 0
        self._running = 0
        self._ended = False
        self._closed = False
        self._seen = False
        self._mistake: Exception | None = None
        self._input_error: Exception | None = None
        self._one_too_many: PortOneError | None = None

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return self._meter.read()

    def stop(self) -> None:
        """Begin no more calls. The results of those that run still come, then the loop ends."""
        self._ended = True
        self._news.set()

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise RuntimeError("a lookup is entered once: call bulk.lookup() again")
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._meter.start()
        for _ in range(self._concurrency):
            self._tasks.start_soon(self._work)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        assert self._tasks is not None  # noqa: S101  (entered)
        self._closed = True
        scope = self._tasks.cancel_scope
        broken = scope.cancel_called
        scope.cancel()
        try:
            if isinstance(error, Exception):
                # Told of an error, a task group would wrap it into a group.
                await self._tasks.__aexit__(None, None, None)
            elif await self._tasks.__aexit__(kind, error, trace):
                error = None
        finally:
            await self._inputs.aclose()
        if error is None:
            self._raise_what_was_not_seen(broken=broken)
        return error is None and kind is not None

    def _raise_what_was_not_seen(self, *, broken: bool) -> None:
        mistake = self._mistake or self._input_error
        if mistake is not None and not self._seen:
            raise mistake
        if broken:
            # Nobody cancelled this block, yet its tasks were: without an error it would look complete.
            raise RuntimeError("a call was cancelled from elsewhere")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result[A, T]:
        if self._tasks is None or self._closed:
            raise RuntimeError("results are there inside `async with bulk.lookup(...) as results:`")
        while True:
            if self._mistake is not None:
                self._seen = True
                raise self._mistake
            result = self._buffer.take()
            if result is not None:
                self._places.release()
                return result
            if self._ended and not self._running:
                self._seen = True
                self._meter.end()
                if self._one_too_many is not None:
                    raise FailOverError(self._meter.failed) from self._one_too_many
                raise self._input_error or StopAsyncIteration
            self._news = anyio.Event()
            await self._news.wait()

    async def _work(self) -> None:
        """Call the function with one argument after the other, until there are no more."""
        while True:
            await self._places.acquire()
            async with self._turn:
                argument = await self._take()
                if self._ended:
                    self._places.release()  # for the next worker, so that it sees the end too
                    return
                index = self._taken
                self._taken += 1
                self._running += 1
            result = await self._call(index, cast("A", argument))
            self._running -= 1
            if result is not None:
                self._buffer.put(result)
            self._news.set()
            del argument, result  # a slow call must not keep what came before it

    async def _take(self) -> A | None:
        """Take the next argument when its time has come; ends the run where there is none."""
        if self._ended:
            return None
        try:
            argument = await self._inputs.take()
        except StopAsyncIteration:
            self.stop()
        except Exception as error:  # noqa: BLE001  (raised to the consumer, behind the results)
            self._input_error = error
            self.stop()
        else:
            if self._pacer is not None:
                await self._pacer.wait()
            return argument
        return None

    async def _call(self, index: int, argument: A) -> Result[A, T] | None:
        try:
            value = await self._function(argument)
        except ClientClosedError as error:
            self._fail(error)
        except PortOneError as error:
            # Its traceback begins below this frame, which lives on and holds what comes after.
            trace = error.__traceback__ and error.__traceback__.tb_next
            self._count(error)
            return Result(index, argument, None, error.with_traceback(trace))
        except Exception as error:  # noqa: BLE001  (raised to the consumer)
            self._fail(error)
        else:
            self._count(None)
            return Result(index, argument, value)
        return None

    def _fail(self, error: Exception) -> None:
        if self._mistake is None:
            self._mistake = error
        self.stop()

    def _count(self, error: PortOneError | None) -> None:
        try:
            self._meter.count(failed=error is not None)
        except Exception as mistake:  # noqa: BLE001  (the hook's)
            self._fail(mistake)
        if error is not None and self._meter.failed == self._fail_over:
            self._one_too_many = error
            self.stop()
