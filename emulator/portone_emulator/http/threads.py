"""Joining threads with a time limit."""

from __future__ import annotations

from threading import Thread
from typing import Final

STOP_TIMEOUT: Final = 60.0
"""Seconds; aborting work in progress takes far less."""


def join(thread: Thread, work: str, timeout: float = STOP_TIMEOUT) -> None:
    """Wait for a thread to stop. `work` is what it does, for the message: "sends webhooks".

    Raises:
        RuntimeError: the thread does not stop in time.
    """
    thread.join(timeout)
    if thread.is_alive():
        raise RuntimeError(f"the thread that {work} did not stop")
