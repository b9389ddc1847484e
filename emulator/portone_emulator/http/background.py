"""Background work in a thread of its own: due schedules and expiries, webhook delivery."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Generator
from datetime import datetime
from threading import Thread

from portone_emulator.http.threads import STOP_TIMEOUT, join
from portone_emulator.state import timeline
from portone_emulator.state.state import State
from portone_emulator.webhooks import history
from portone_emulator.webhooks.sender import WebhookSender

_MAX_SLEEP = 3600.0
_log = logging.getLogger(__name__)


class BackgroundWorker:
    """The background thread, running from `start()` to `stop()`."""

    def __init__(self, state: State) -> None:
        self.stop_timeout = STOP_TIMEOUT
        self._state = state
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the thread; overdue webhooks are sent at once."""
        with self._state.lock:
            self._loop = asyncio.new_event_loop()
            self._woken = asyncio.Event()
            self._main = self._loop.create_task(self._run())
            self._thread = Thread(
                target=_serve, args=[self._loop, self._main], name="portone-webhooks", daemon=True
            )
            self._thread.start()
            self._state.delivery_queue.wake = self.wake

    def stop(self) -> None:
        """Stop the thread. Deliveries in progress are aborted, and due again at the next start.

        Raises:
            RuntimeError: the thread does not stop.
        """
        with self._state.lock:
            thread, loop, main = self._thread, self._loop, self._main
            self._thread = self._loop = self._main = None
        if thread is None or loop is None or main is None:
            return
        loop.call_soon_threadsafe(main.cancel)
        try:
            join(thread, "sends webhooks", self.stop_timeout)
        finally:
            with self._state.lock:
                self._state.delivery_queue.release_all()
                self._state.lock.notify_all()

    def wake(self) -> None:
        """Wake the thread to check for due work. The caller must hold the state's lock."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    def wait_until_idle(self, timeout: float) -> None:
        """Block until no webhook is in progress or due.

        Raises:
            RuntimeError: the emulator is not started, so nothing is sent.
            TimeoutError: not idle after `timeout` seconds.
        """

        def is_idle() -> bool:
            return self._loop is None or self._state.delivery_queue.is_idle(self._state.clock.now())

        with self._state.lock:
            if not self._state.lock.wait_for(is_idle, timeout):
                raise TimeoutError("there are still webhooks to deliver")
            if self._loop is None:
                raise RuntimeError("the emulator is not started")

    async def _run(self) -> None:
        sender = WebhookSender(self._state.settings.webhook_secret)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._woken.clear()
                    with self._holding_lock():
                        timeout = self._process_due(
                            lambda index: tasks.create_task(self._send(sender, index))
                        )
                    # Not `wait_for`: in Python 3.11 it can swallow a cancellation that coincides
                    # with the event.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(timeout):
                            await self._woken.wait()
        finally:
            await sender.aclose()

    @contextlib.contextmanager
    def _holding_lock(self) -> Generator[None]:
        """Hold the state's lock. A journal that cannot be written must not end the thread.

        What it could not write, it writes at the next change.
        """
        with contextlib.ExitStack() as held:
            held.enter_context(self._state.lock)
            yield
            try:
                held.close()
            except OSError as error:
                _log.error("%s", error)

    def _process_due(self, send: Callable[[int], object]) -> float | None:
        """Process what is due; return the seconds until something is due again, if anything is."""
        state = self._state
        timeline.catch_up(state)
        for index in state.delivery_queue.claim_due(state.clock.now()):
            send(index)
        if not state.clock.is_running:
            return None
        times = (timeline.next_due(state), state.delivery_queue.next_due())
        due = min((time for time in times if time is not None), default=None)
        return None if due is None else self._seconds_until(due)

    def _seconds_until(self, due: datetime) -> float:
        return min(max((due - self._state.clock.now()).total_seconds(), 0.0), _MAX_SLEEP)

    async def _send(self, sender: WebhookSender, index: int) -> None:
        with self._holding_lock():
            delivery = self._state.delivery_queue.deliveries[index]
        attempt = await sender.send(delivery, delivery.next_attempt_at or self._state.clock.now())
        with self._holding_lock():
            delivery = self._state.delivery_queue.record_attempt(index, attempt)
            history.update_payment(self._state, delivery)
            self._state.lock.notify_all()
        self._woken.set()


def _serve(loop: asyncio.AbstractEventLoop, main: asyncio.Task[None]) -> None:
    try:
        loop.run_until_complete(main)
    except asyncio.CancelledError:
        pass
    except Exception:  # noqa: BLE001  (nothing above this thread would handle it)
        _log.exception("the webhook thread failed; no more webhooks are sent")
    finally:
        # Not `asyncio.run()`: it would wait for DNS lookups, which cannot be cancelled.
        loop.close()
