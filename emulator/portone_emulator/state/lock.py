"""The lock of the state."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, RLock
from types import TracebackType


class StateLock:
    """A reentrant lock, with which threads can also wait for changes.

    Attributes:
        before_release: called at the end of each outermost `with` block, still under the lock.
    """

    def __init__(self) -> None:
        self.before_release: Callable[[], None] | None = None
        self._condition = Condition(RLock())
        self._depth = 0

    def __enter__(self) -> None:
        self._condition.acquire()
        self._depth += 1

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._depth == 1 and self.before_release is not None:
                self.before_release()
        finally:
            self._depth -= 1
            self._condition.release()

    def wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Release the lock until another thread notifies that the predicate holds.

        The caller must hold the lock. Returns the predicate's last value.
        """
        depth, self._depth = self._depth, 0
        try:
            return self._condition.wait_for(predicate, timeout)
        finally:
            self._depth = depth

    def notify_all(self) -> None:
        """Let the waiting threads check their predicates. The caller must hold the lock."""
        self._condition.notify_all()
