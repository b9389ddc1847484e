"""Many threads share a client, and whatever is raised in one of them ends its call."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from random import Random
from types import FrameType
from typing import Any

import pytest

from portone_async import CallEnd, Hooks, RequestOptions, RetryPolicy, Timeout, errors
from portone_async.blocking import PortOne
from portone_async.models import PaidPayment
from portone_emulator import Emulator
from tests.blocking.conftest import ORDER

EXHAUSTIVE = bool(os.environ.get("PORTONE_TESTS_EXHAUSTIVE"))
THREADS = 32
HUNDRED = 100


class TimeLimit(BaseException):
    """What a signal handler raises, as Celery's does when a task's time is up."""


@contextmanager
def handler(number: int, error: type[BaseException]) -> Generator[Callable[[], None]]:
    """Raise an error in the main thread whenever what this gives is called, in any thread."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise error

    before = signal.signal(number, handle)
    main = threading.get_ident()
    try:
        yield lambda: signal.pthread_kill(main, number)
    finally:
        signal.signal(number, before)


def client_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "portone_async.blocking"]


# Faults


@pytest.mark.parametrize("transport", ["httpx", "direct"])
def test_changes_from_many_threads_are_carried_out_once_each(transport: Any) -> None:
    """One request in five fails, before it is carried out or after."""
    calls = 10_000 if EXHAUSTIVE else 320
    payments = [f"order{number}" for number in range(calls // HUNDRED + 1)]
    with Emulator() as emulator:
        for payment_id in payments:
            emulator.checkout(payment_id, amount=10_000_000)
        for kind in ("reset_before", "reset_after", "503", "truncated"):
            emulator.fault("cancelPayment", kind, times=calls // 20, probability=0.2)
        policy = RetryPolicy(max_retries=20, initial_delay=0.01, max_delay=0.05)
        with PortOne(
            emulator.secret, base_url=emulator.url, retry=policy, transport=transport
        ) as portone:

            def refund(number: int) -> str:
                payment_id = payments[number % len(payments)]
                response = portone.payment.cancel_payment(
                    payment_id, amount=1 + number, reason=f"refund {number}"
                )
                return response.cancellation.id  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]

            with ThreadPoolExecutor(THREADS) as pool:
                refunds = list(pool.map(refund, range(calls)))
            assert len(client_threads()) == 1
        assert client_threads() == []
        assert len(set(refunds)) == calls
        attempts = [each for each in emulator.requests if each.operation_id == "cancelPayment"]
        carried_out: Counter[str] = Counter()
        for payment_id in payments:
            for cancellation in emulator.payments[payment_id]["cancellations"]:
                carried_out[cancellation["reason"]] += 1
                assert cancellation["reason"] == f"refund {cancellation['totalAmount'] - 1}"
    assert carried_out == Counter(f"refund {number}" for number in range(calls))
    assert len(attempts) > calls + 3 * (calls // 20)  # the last faults may find no call left


def test_the_first_calls_of_many_threads_share_one_event_loop(
    emulator: Emulator, portone: PortOne
) -> None:
    start = threading.Barrier(THREADS)

    def call(_: int) -> object:
        start.wait()
        return portone.payment.get_payment(ORDER)

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(call, range(THREADS)))
    assert len(found) == len(emulator.requests) == THREADS
    assert len(client_threads()) == 1


# What is raised in a thread that waits


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGALRM, TimeLimit)]
)
def test_an_interrupt_ends_the_call(
    emulator: Emulator, number: int, error: type[BaseException]
) -> None:
    ended = SimpleQueue[CallEnd]()
    hooks = Hooks(on_end=ended.put)
    with PortOne(emulator.secret, base_url=emulator.url, hooks=hooks) as portone:
        portone.payment.get_payment(ORDER)
        ended.get(timeout=10)
        with emulator.hold("cancelPayment") as hold, handler(number, error) as interrupt:

            def interrupt_later() -> None:
                hold.wait()
                interrupt()

            with ThreadPoolExecutor(1) as pool:
                pool.submit(interrupt_later)
                with pytest.raises(error):
                    portone.payment.cancel_payment(ORDER, amount=1, reason="returned")
        # It had ended when the interrupt was raised: nothing goes on in the background.
        call = ended.get_nowait()
        assert isinstance(call.error, asyncio.CancelledError)
        # PortOne may have received it: with its key it is carried out once, however often it is called.
        options = RequestOptions(idempotency_key=call.request.idempotency_key)
        portone.payment.cancel_payment(ORDER, amount=1, reason="returned", options=options)
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 1


def test_an_interrupt_during_backoff_ends_the_call(emulator: Emulator) -> None:
    waiting = threading.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    emulator.fault("getPayment", "503", times=None)
    policy = RetryPolicy(sleep=sleep)
    with (
        PortOne(emulator.secret, base_url=emulator.url, retry=policy) as portone,
        handler(signal.SIGALRM, TimeLimit) as interrupt,
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(lambda: waiting.wait(10) and interrupt())
        with pytest.raises(TimeLimit):
            portone.payment.get_payment(ORDER)
    assert len(emulator.requests) == 1


# Python itself drops what a signal's handler raises while it runs a callback of a weak reference.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupts_at_any_moment_leave_nothing_behind() -> None:
    """Each interrupted refund was carried out once or not at all, each other one once, and the client ends."""
    random = Random(14)
    finished: list[int] = []
    with Emulator() as emulator:
        emulator.checkout(ORDER, amount=10_000_000)
        portone = PortOne(emulator.secret, base_url=emulator.url, transport="direct")
        portone.payment.get_payment(ORDER)
        interrupted, is_calling = 0, False

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            if is_calling:  # an alarm may also come when the call is over
                raise TimeLimit

        before = signal.signal(signal.SIGALRM, interrupt)
        for number in range(300):
            try:
                is_calling = True
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 4e-3))
                portone.payment.cancel_payment(ORDER, amount=1, reason=f"refund {number}")
                is_calling = False
                finished.append(number)
            except TimeLimit:
                is_calling = False
                interrupted += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        portone.close()
        assert client_threads() == []
        carried_out = Counter(
            cancellation["reason"] for cancellation in emulator.payments[ORDER]["cancellations"]
        )
    assert interrupted > 20
    assert set(carried_out.values()) == {1}
    assert carried_out.keys() >= {f"refund {number}" for number in finished}


# The end of a client


def test_closing_waits_for_the_calls_of_other_threads(emulator: Emulator) -> None:
    portone = PortOne(emulator.secret, base_url=emulator.url, timeout=Timeout(total=20))
    with ThreadPoolExecutor(2) as pool, emulator.hold("getPayment") as hold:
        held = pool.submit(portone.payment.get_payment, ORDER)
        hold.wait()
        closing = pool.submit(portone.close)
        while True:
            try:
                portone.payment.get_payment("order20261130404", options=None)
            except errors.ClientClosedError:
                break
            except errors.NotFoundError:
                pass
        assert not closing.done()
        hold.release()
        assert isinstance(held.result(10), PaidPayment)
        closing.result(10)
    assert client_threads() == []


def test_calls_that_meet_the_end_return_or_are_refused(emulator: Emulator) -> None:
    """None hangs."""
    for _ in range(20):
        portone = PortOne(emulator.secret, base_url=emulator.url, transport="direct")
        portone.payment.get_payment(ORDER)
        start = threading.Barrier(5)

        def call(client: PortOne = portone, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                for _ in range(50):
                    client.payment.get_payment(ORDER)
            except errors.ClientClosedError:
                return True
            return False

        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(call) for _ in range(4)]
            start.wait()
            portone.close()
        assert all(each.result(10) for each in calls)


def test_a_client_that_is_dropped_says_so_and_ends(emulator: Emulator) -> None:
    portone = PortOne(emulator.secret, base_url=emulator.url)
    get_payment = portone.payment.get_payment
    del portone
    assert isinstance(get_payment(ORDER), PaidPayment)
    threads = client_threads()
    with pytest.warns(ResourceWarning, match=r"use `with` or `close\(\)`"):
        del get_payment
    for thread in threads:
        thread.join(10)
    assert client_threads() == []
    PortOne(emulator.secret, base_url=emulator.url)  # never used: nothing to say
