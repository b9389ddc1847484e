"""A thousand requests at once from one of our clients: nothing lost, and the amounts hold at every look.

What was paid is what was cancelled and what is cancellable: the cancellations that callers got, those that the
payment shows and the payment's own sums are three tellings of one thing.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from portone_async import PortOne, RequestOptions, errors
from portone_async.emulator import Emulator
from portone_async.models import CancelPaymentResponse, PaidPayment, PartialCancelledPayment

pytestmark = pytest.mark.anyio

TOTAL = 30_000
CANCELS = 500
LOOKS = 500
AMOUNT = 70
FITTING = TOTAL // AMOUNT
"""So many cancels fit into the payment: 428 of 500."""


def client_of(emulator: Emulator) -> PortOne:
    return PortOne(emulator.secret, base_url=emulator.url, store_id=emulator.store_id)


async def storm(emulator: Emulator, key: Callable[[int], str]) -> list[CancelPaymentResponse]:
    """Cancel and look, all at once; return the cancels that were answered with one."""
    made: list[CancelPaymentResponse] = []
    refused: list[errors.ConflictError] = []
    seen: list[int] = []

    async with client_of(emulator) as portone, anyio.create_task_group() as tasks:

        async def cancel(number: int) -> None:
            try:
                made.append(
                    await portone.payment.cancel_payment(
                        "order-1",
                        reason="changed mind",
                        amount=AMOUNT,
                        options=RequestOptions(idempotency_key=key(number), timeout=60),
                    )
                )
            except errors.CancelAmountExceedsCancellableAmountError as error:
                refused.append(error)

        async def look() -> None:
            payment = await portone.payment.get_payment(
                "order-1", options=RequestOptions(timeout=60)
            )
            assert isinstance(payment, PaidPayment | PartialCancelledPayment)
            done = [each.total_amount for each in getattr(payment, "cancellations", None) or []]
            assert payment.amount.paid == TOTAL
            assert payment.amount.cancelled == sum(done) == AMOUNT * len(done) <= TOTAL
            seen.append(payment.amount.cancelled)

        for number in range(CANCELS):
            tasks.start_soon(cancel, number)
            if number < LOOKS:
                tasks.start_soon(look)

    assert len(made) + len(refused) == CANCELS
    assert len(seen) == LOOKS
    amount = emulator.payments["order-1"]["amount"]
    distinct = {reply.cancellation.id for reply in made}
    assert amount["paid"] == TOTAL
    assert amount["cancelled"] == AMOUNT * len(distinct)
    return made


async def test_with_a_key_for_each() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        made = await storm(emulator, lambda number: f"cancel-number-{number:06}")
        assert len(made) == len({reply.cancellation.id for reply in made}) == FITTING
        assert len(emulator.requests) == CANCELS + LOOKS


async def test_with_repeated_keys() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        made = await storm(emulator, lambda number: f"cancel-number-{number % 100:06}")
        assert len(made) == CANCELS
        assert len({reply.cancellation.id for reply in made}) == 100


async def test_with_answers_that_get_lost() -> None:
    """A reset after the work: the client asks again with the same key, and no money moves twice."""
    async with Emulator(seed=1) as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        emulator.fault("cancelPayment", "reset_after", times=None, probability=0.05)
        made = await storm(emulator, lambda number: f"cancel-number-{number:06}")
        assert len({reply.cancellation.id for reply in made}) == len(made) == FITTING
        assert any(record.is_replay for record in emulator.requests)


async def test_looks_alone() -> None:
    async with Emulator() as emulator, client_of(emulator) as portone:
        for number in range(100):
            emulator.checkout(f"order-{number}", amount=number + 1)
        seen: list[int] = []

        async def look(number: int) -> None:
            payment = await portone.payment.get_payment(
                f"order-{number % 100}", options=RequestOptions(timeout=60)
            )
            assert isinstance(payment, PaidPayment)
            assert payment.amount.total == number % 100 + 1
            seen.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(1_000):
                tasks.start_soon(look, number)
        assert sorted(seen) == list(range(1_000))
        assert len(emulator.requests) == 1_000
