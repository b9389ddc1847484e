"""An event loop in a thread of its own, which carries out coroutines that other threads wait for.

A call costs one wake-up of the loop and one lock to wait for.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

import sniffio

from portone_async._errors import ClientClosedError

T = TypeVar("T")
_AT_EXIT: Final = 1.0
"""Seconds that the end of the program waits at most for connections to be closed."""


class Call(Generic[T]):
    """A coroutine that is carried out on the event loop, and that another thread waits for."""

    __slots__ = ("coroutine", "ended", "error", "has_ended", "is_submitted", "task", "value")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.coroutine: Final = coroutine
        self.is_submitted = False
        self.task: asyncio.Task[None] | None = None
        self.value: T
        self.error: BaseException | None = None
        self.has_ended = False
        self.ended: Final = Lock()
        """Released when the call has ended."""
        self.ended.acquire()

    def result(self) -> T:
        """Return the value of a call that has ended, or raise its error: once."""
        error, self.error = self.error, None
        if error is None:
            return self.value
        try:
            raise error
        finally:
            del error  # its traceback has this frame, so that it would hold itself


class EventLoop:
    """Starts with the first call, and ends when it is closed, after the calls in progress.

    Args:
        on_close: Called on the loop before it ends.
    """

    def __init__(self, on_close: Callable[[], Awaitable[None]]) -> None:
        self._on_close: Final = on_close
        self._process: Final = os.getpid()
        self._lock: Final = Lock()
        """Held to submit a call or to close: no call is submitted after the end."""
        self._loop: asyncio.AbstractEventLoop  # once it is started
        self._thread: Thread | None = None
        self._closed = False
        self._calls: Final = set[Call[Any]]()
        """In progress. Used by the loop's thread only."""
        self._may_end: Final = asyncio.Event()

    # What other threads call.

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Have a coroutine carried out, and return its value or raise its error."""
        return self.wait(Call(coroutine))

    def submit(self, call: Call[Any]) -> None:
        """Have a call carried out, which must be waited for or cancelled."""
        try:
            self._submit(call)
        except BaseException:
            self.cancel(call)
            raise

    def wait(self, call: Call[T]) -> T:
        """Wait for a call, submitted before or now, and return its value or raise its error.

        Whatever is raised in the waiting thread meanwhile, such as `KeyboardInterrupt`, cancels the call.
        """
        try:
            if not call.is_submitted:
                self._submit(call)
            call.ended.acquire()
        except BaseException:
            self.cancel(call)
            raise
        return call.result()

    def cancel(self, call: Call[Any]) -> None:
        """Cancel a call unless it has ended, and wait until it has."""
        if not call.is_submitted:
            call.coroutine.close()
        elif not call.has_ended:
            with suppress(RuntimeError):  # the call has just ended, and the loop too
                self._loop.call_soon_threadsafe(self._cancel, call)
            call.ended.acquire()

    def check_open(self) -> None:
        """Refuse to go on after the end."""
        if self._closed:
            raise ClientClosedError("this client is closed: build a new one")

    def close(self) -> None:
        """End after the calls in progress; refuse others."""
        with self._lock:
            if not self._closed and self._thread is not None:
                self._loop.call_soon_threadsafe(self._end_when_idle)
            self._closed = True

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, if it was started."""
        if self._thread is not None:
            self._thread.join(timeout)

    def drop(self) -> None:
        """Close it because nobody can use it any more, and warn that it was not closed."""
        if self._is_running():
            self.close()
            problem = "a PortOne client was dropped with open connections: use `with` or `close()`"
            warnings.warn(problem, ResourceWarning, stacklevel=2)

    def end_with_program(self) -> None:
        """Close it, and wait a moment."""
        if self._is_running():
            self.close()
            self.join(_AT_EXIT)

    def _is_running(self) -> bool:
        # A process that was forked has the objects of its parent's threads, and not the threads.
        return self._thread is not None and not self._closed and self._process == os.getpid()

    def _submit(self, call: Call[Any]) -> None:
        if asyncio._get_running_loop() is not None or sniffio.thread_local.name is not None:  # noqa: SLF001
            raise RuntimeError(
                "portone_async.blocking would block the event loop that runs in this thread: use portone_async.PortOne, "
                "or call it in a thread, such as by asyncio.to_thread"
            )
        with self._lock:
            self.check_open()
            if self._thread is None:
                self._start()
            call.is_submitted = True
            # With the context of this thread, so that the call belongs to its trace.
            self._loop.call_soon_threadsafe(self._begin, call)

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(_ThreadEach())
        thread = Thread(target=self._main, name="portone_async.blocking", daemon=True)
        thread.start()
        self._thread = thread
        _started.add(self)

    # What the loop's thread calls.

    def _main(self) -> None:
        runner = asyncio.Runner(loop_factory=lambda: self._loop)
        runner.run(self._serve())
        # Python 3.12 starts no thread at exit, not even to shut down an executor.
        with suppress(RuntimeError):
            runner.close()

    async def _serve(self) -> None:
        await self._may_end.wait()
        await self._on_close()

    def _begin(self, call: Call[Any]) -> None:
        self._calls.add(call)
        call.task = self._loop.create_task(self._carry_out(call))

    async def _carry_out(self, call: Call[Any]) -> None:
        try:
            call.value = await call.coroutine
        except BaseException as error:  # noqa: BLE001  (raised in the thread that waits)
            call.error = error
        self._end(call)

    def _cancel(self, call: Call[Any]) -> None:
        if call.task is None:
            call.coroutine.close()
            self._end(call)
        else:
            # Not at once: a task that is cancelled before its first step never takes it.
            self._loop.call_soon(call.task.cancel)

    def _end(self, call: Call[Any]) -> None:
        self._calls.discard(call)
        call.has_ended = True
        call.ended.release()
        if self._closed:
            self._end_when_idle()

    def _end_when_idle(self) -> None:
        if not self._calls:
            self._may_end.set()


class _ThreadEach(ThreadPoolExecutor):
    """A thread for each function, which are lookups of addresses.

    A pool takes no more work once the main thread has ended, and other threads may go on for long.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future = Future[T]()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
                future.set_exception(error)

        Thread(target=run, name="portone_async.blocking lookup", daemon=True).start()
        return future


_started: Final = WeakSet[EventLoop]()


@atexit.register
def _end_all() -> None:
    for event_loop in list(_started):
        event_loop.end_with_program()
