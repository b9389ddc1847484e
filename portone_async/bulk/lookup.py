"""Workers that take arguments from one input, and the stream of their results."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast

import anyio
import anyio.abc

from portone_async._errors import ClientClosedError, InvalidArgumentError, PortOneError
from portone_async.bulk.buffers import Buffer, CompletionOrderBuffer, InputOrderBuffer
from portone_async.bulk.inputs import Inputs
from portone_async.bulk.progress import Progress, ProgressTracker
from portone_async.bulk.rate_limiter import RateLimiter, check_rate
from portone_async.bulk.result import Result

A = TypeVar("A")
T = TypeVar("T")
BUFFER_PER_WORKER: Final = 4


def _check_integer(name: str, value: int | None, minimum: int) -> None:
    if value is not None and (isinstance(value, bool) or value < minimum):
        raise InvalidArgumentError(f"{name} takes an integer of at least {minimum}")


class TooManyFailuresError(PortOneError):
    """`max_failures` was reached, so no more calls were started. Its cause is the error that reached the limit.

    Attributes:
        failed (int): How many calls failed, including those that were still running when the limit was reached.
    """

    def __init__(self, failed: int) -> None:
        super().__init__(f"stopped after {failed} failed calls")
        self.failed: Final = failed


def lookup(
    function: Callable[[A], Awaitable[T]],
    inputs: Iterable[A] | AsyncIterable[A],
    *,
    concurrency: int = 50,
    ordered: bool = False,
    buffer_size: int | None = None,
    rate: float | None = None,
    max_failures: int | None = None,
    total: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    progress_interval: float = 0.1,
) -> Results[A, T]:
    """Call a function for each argument, several at a time, and stream the results.

    ```python
    async with bulk.lookup(portone.payment.get_payment, ids) as results:
        async for result in results:
            ...
    ```

    Memory stays bounded, however long the input and however slow the loop: at most `buffer_size` arguments have been
    taken from the input without their results having been returned. Leaving the block, by its end, `break`, an
    exception or cancellation, cancels the calls that are still running and waits until they have ended.

    A `PortOneError` becomes the error of its result. Any other exception of `function` is a bug in the program: the
    loop raises it at once, and so it does with a `ClientClosedError`. An exception of the input is raised after the
    results of all arguments before it have been returned.

    Args:
        function: Called with each argument: an operation such as `portone.payment.get_payment`, or an async function
            or lambda of one argument around it, such as
            `lambda row: portone.payment.get_payment(row.id, store_id=row.store)`.
        inputs: The arguments. An async generator is closed at the end. An iterable that blocks will block the event
            loop.
        concurrency: How many calls run at once. Beyond the client's `max_connections`, calls only wait there.
        ordered: Return the results in the order of the input instead of in the order of completion.
        buffer_size: How many arguments may have been taken without their results having been returned, as in
            `concurrent.futures.Executor.map`. At least `concurrency`, and 4 times `concurrency` by default. With
            `ordered`, it limits how far other calls may run ahead of a slow one.
        rate: How many calls to start per second at most, evenly spaced. Retries are not counted.
        max_failures: Start no more calls after this many have failed, 1 for the first. Once the results of the
            running calls have been returned, the loop raises `TooManyFailuresError`.
        total: How many arguments there are, for the progress. By default `len(inputs)`, if the input has a length.
        on_progress: Called with the `Progress` when calls end, at most every `progress_interval` seconds, and at the
            end.
        progress_interval: Seconds; 0 for every call.

    Raises:
        InvalidArgumentError: An option is not valid.
    """
    _check_integer("concurrency", concurrency, 1)
    _check_integer("buffer_size", buffer_size, concurrency)
    _check_integer("max_failures", max_failures, 1)
    if rate is not None:
        check_rate(rate)
    return Results(
        function,
        source := Inputs(inputs),
        buffer=InputOrderBuffer() if ordered else CompletionOrderBuffer(),
        tracker=ProgressTracker(
            source.length if total is None else total, on_progress, progress_interval
        ),
        rate_limiter=None if rate is None else RateLimiter(rate),
        concurrency=concurrency,
        buffer_size=concurrency * BUFFER_PER_WORKER if buffer_size is None else buffer_size,
        max_failures=max_failures,
    )


class Results(Generic[A, T]):
    """A running lookup: an async context manager, and inside its block an async iterator over the results."""

    def __init__(
        self,
        function: Callable[[A], Awaitable[T]],
        inputs: Inputs[A],
        *,
        buffer: Buffer[A, T],
        tracker: ProgressTracker,
        rate_limiter: RateLimiter | None,
        concurrency: int,
        buffer_size: int,
        max_failures: int | None,
    ) -> None:
        self._function: Final = function
        self._inputs: Final = inputs
        self._buffer: Final = buffer
        self._tracker: Final = tracker
        self._rate_limiter: Final = rate_limiter
        self._concurrency: Final = concurrency
        self._max_failures: Final = max_failures
        # Acquired for each argument that is taken from the input, released when its result is returned.
        self._limiter: Final = anyio.Semaphore(buffer_size, fast_acquire=True)
        # Held by the worker that is taking an argument: an async iterator must not be advanced by two tasks at once.
        self._input_lock: Final = anyio.Lock(fast_acquire=True)
        self._tasks: anyio.abc.TaskGroup | None = None
        self._wakeup = anyio.Event()
        self._taken = 0
        self._running = 0
        self._is_stopped = False
        self._is_closed = False
        self._is_error_raised = False
        self._program_error: Exception | None = None
        self._input_error: Exception | None = None
        self._limit_reached_by: PortOneError | None = None

    @property
    def progress(self) -> Progress:
        """The progress so far."""
        return self._tracker.snapshot()

    def stop(self) -> None:
        """Start no more calls. The loop still returns the results of those that are running, and then ends."""
        self._is_stopped = True
        self._wakeup.set()

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise RuntimeError("a lookup can be entered only once: call bulk.lookup() again")
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tracker.start()
        for _ in range(self._concurrency):
            self._tasks.start_soon(self._work)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        assert self._tasks is not None  # noqa: S101  (set by __aenter__)
        self._is_closed = True
        scope = self._tasks.cancel_scope
        was_cancelled = scope.cancel_called
        scope.cancel()
        try:
            if isinstance(exc, Exception):
                # Passed an error, the task group would wrap it in an exception group.
                await self._tasks.__aexit__(None, None, None)
            elif await self._tasks.__aexit__(exc_type, exc, traceback):
                exc = None
        finally:
            await self._inputs.aclose()
        if exc is None:
            self._raise_pending_error(was_cancelled=was_cancelled)
        return exc is None and exc_type is not None

    def _raise_pending_error(self, *, was_cancelled: bool) -> None:
        error = self._program_error or self._input_error
        if error is not None and not self._is_error_raised:
            raise error
        if was_cancelled:
            # The task group was cancelled, but not by this block: without an error, the results would look complete.
            raise RuntimeError("a call was cancelled from outside the lookup")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result[A, T]:
        if self._tasks is None or self._is_closed:
            raise RuntimeError("iterate inside `async with bulk.lookup(...) as results:`")
        while True:
            if self._program_error is not None:
                self._is_error_raised = True
                raise self._program_error
            result = self._buffer.pop()
            if result is not None:
                self._limiter.release()
                return result
            if self._is_stopped and not self._running:
                self._is_error_raised = True
                self._tracker.finish()
                if self._limit_reached_by is not None:
                    raise TooManyFailuresError(self._tracker.failed) from self._limit_reached_by
                raise self._input_error or StopAsyncIteration
            self._wakeup = anyio.Event()
            await self._wakeup.wait()

    async def _work(self) -> None:
        """Take arguments and call the function with them until there are no more."""
        while True:
            await self._limiter.acquire()
            async with self._input_lock:
                argument = await self._take()
                if self._is_stopped:
                    self._limiter.release()  # lets the next worker run, so that it ends too
                    return
                index = self._taken
                self._taken += 1
                self._running += 1
            result = await self._call(index, cast("A", argument))
            self._running -= 1
            if result is not None:
                self._buffer.put(result)
            self._wakeup.set()
            del argument, result  # otherwise the next, possibly slow call would keep them alive

    async def _take(self) -> A | None:
        """Take the next argument, as soon as the rate allows. Stops the run if there is none."""
        if self._is_stopped:
            return None
        try:
            argument = await self._inputs.next()
        except StopAsyncIteration:
            self.stop()
        except Exception as error:  # noqa: BLE001  (raised to the consumer after the results)
            self._input_error = error
            self.stop()
        else:
            if self._rate_limiter is not None:
                await self._rate_limiter.acquire()
            return argument
        return None

    async def _call(self, index: int, argument: A) -> Result[A, T] | None:
        try:
            value = await self._function(argument)
        except ClientClosedError as error:
            self._abort(error)
        except PortOneError as error:
            # Drop this frame from the traceback: it lives on, and would keep later arguments alive.
            traceback = error.__traceback__ and error.__traceback__.tb_next
            self._record(error)
            return Result(index, argument, None, error.with_traceback(traceback))
        except Exception as error:  # noqa: BLE001  (raised to the consumer)
            self._abort(error)
        else:
            self._record(None)
            return Result(index, argument, value)
        return None

    def _abort(self, error: Exception) -> None:
        if self._program_error is None:
            self._program_error = error
        self.stop()

    def _record(self, error: PortOneError | None) -> None:
        try:
            self._tracker.record(failed=error is not None)
        except Exception as callback_error:  # noqa: BLE001  (raised by on_progress)
            self._abort(callback_error)
        if error is not None and self._tracker.failed == self._max_failures:
            self._limit_reached_by = error
            self.stop()
