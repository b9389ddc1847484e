"""Waiting for threads that were told to stop."""

from __future__ import annotations

from threading import Thread
from typing import Final

LONGEST_STOP: Final = 60.0
"""Seconds: far more than giving up what is under way takes."""


def join(thread: Thread, work: str) -> None:
    """Wait for a thread to end. `work` is what it does, as in "sends webhooks".

    Raises:
        RuntimeError: it hangs; better said than waited for.
    """
    thread.join(LONGEST_STOP)
    if thread.is_alive():
        raise RuntimeError(f"the thread that {work} did not stop")
