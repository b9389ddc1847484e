"""Runs an async client for threads that wait: what the namespaces of a blocking client have of it."""

from __future__ import annotations

import _thread
import os
from functools import partial
from types import BuiltinFunctionType
from typing import Any, Final
from weakref import finalize

import portone_async
from portone_async.blocking._event_loop import EventLoop


class Runner:
    """An async client, and the event loop that it runs on: one for each process.

    Everything that a lock protects belongs to one process: a fork may leave a lock of its parent's locked for ever.
    """

    def __init__(self, client: portone_async.PortOne, http_client: Any) -> None:
        self.client: Final = client
        self._http_client: Final = http_client
        self._event_loops: Final = dict[int, EventLoop]()
        """By process. Those of parents are kept as they are: what they watch is shared with the parent."""

    def __repr__(self) -> str:
        return f"blocking.{self.client!r}"

    def event_loop(self) -> EventLoop:
        """Return this process's."""
        process = os.getpid()
        event_loop = self._event_loops.get(process)
        if event_loop is None:
            _check_threads()
            if self._event_loops and self._http_client is not None:
                raise RuntimeError(
                    "the http_client was used before this process was forked, and has open connections of the parent's: "
                    "build both clients in each process"
                )
            new = EventLoop(partial(_close, self.client, self._http_client))
            event_loop = self._event_loops.setdefault(process, new)
            if event_loop is new:
                finalize(self, new.drop).atexit = False
        return event_loop


def _check_threads() -> None:
    # An event loop in a greenlet seems to run in the thread of all the others.
    are_real = isinstance(_thread.start_new_thread, BuiltinFunctionType)
    if not are_real:
        raise RuntimeError(
            "gevent or eventlet has replaced the threads that portone_async.blocking runs on: use real ones, such as "
            "gunicorn's gthread workers or Celery's prefork pool"
        )


async def _close(client: portone_async.PortOne, http_client: Any) -> None:
    await client.aclose()
    if http_client is not None:
        await http_client.aclose()
