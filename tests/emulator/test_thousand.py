"""A thousand concurrent requests from one SDK client: nothing is lost, and amounts always agree.

The cancellations in the responses, those that the payment lists, and the payment's totals must be the
same at any time.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from portone_async import PortOne, RequestOptions, UnknownVariant, errors
from portone_async.models import CancelPaymentResponse, PaidPayment, PartialCancelledPayment
from portone_emulator import Emulator

pytestmark = pytest.mark.anyio

TOTAL = 30_000
CANCELS = 500
READS = 500
AMOUNT = 70
FITTING = TOTAL // AMOUNT
"""How many of the cancellations fit into the payment: 428 of 500."""


@pytest.fixture
def anyio_backend() -> str:
    """The emulator, which is tested here, does not know by which event loop it is called."""
    return "asyncio"


def client_of(emulator: Emulator) -> PortOne:
    return PortOne(emulator.secret, base_url=emulator.url, store_id=emulator.store_id)


def cancellation_id(response: CancelPaymentResponse) -> str:
    assert not isinstance(response.cancellation, UnknownVariant)
    return response.cancellation.id


async def send_all(emulator: Emulator, key: Callable[[int], str]) -> list[CancelPaymentResponse]:
    """Send cancellations and reads at once; return the successful responses."""
    responses: list[CancelPaymentResponse] = []
    conflicts: list[errors.ConflictError] = []
    seen: list[int] = []

    async with client_of(emulator) as portone, anyio.create_task_group() as tasks:

        async def cancel(number: int) -> None:
            try:
                responses.append(
                    await portone.payment.cancel_payment(
                        "order-1",
                        reason="changed mind",
                        amount=AMOUNT,
                        options=RequestOptions(idempotency_key=key(number), timeout=60),
                    )
                )
            except errors.CancelAmountExceedsCancellableAmountError as error:
                conflicts.append(error)

        async def read() -> None:
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
            if number < READS:
                tasks.start_soon(read)

    assert len(responses) + len(conflicts) == CANCELS
    assert len(seen) == READS
    amount = emulator.payments["order-1"]["amount"]
    distinct = {cancellation_id(response) for response in responses}
    assert amount["paid"] == TOTAL
    assert amount["cancelled"] == AMOUNT * len(distinct)
    return responses


async def test_with_a_key_for_each() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        responses = await send_all(emulator, lambda number: f"cancel-number-{number:06}")
        assert (
            len(responses) == len({cancellation_id(response) for response in responses}) == FITTING
        )
        assert len(emulator.requests) == CANCELS + READS


async def test_with_repeated_keys() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        responses = await send_all(emulator, lambda number: f"cancel-number-{number % 100:06}")
        assert len(responses) == CANCELS
        assert len({cancellation_id(response) for response in responses}) == 100


async def test_with_lost_responses() -> None:
    """The client retries after a reset with the same key, and no money moves twice."""
    async with Emulator(seed=1) as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        emulator.fault("cancelPayment", "reset_after", times=None, probability=0.05)
        responses = await send_all(emulator, lambda number: f"cancel-number-{number:06}")
        assert (
            len({cancellation_id(response) for response in responses}) == len(responses) == FITTING
        )
        assert any(record.is_replay for record in emulator.requests)


async def test_reads_only() -> None:
    async with Emulator() as emulator, client_of(emulator) as portone:
        for number in range(100):
            emulator.checkout(f"order-{number}", amount=number + 1)
        seen: list[int] = []

        async def read(number: int) -> None:
            payment = await portone.payment.get_payment(
                f"order-{number % 100}", options=RequestOptions(timeout=60)
            )
            assert isinstance(payment, PaidPayment)
            assert payment.amount.total == number % 100 + 1
            seen.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(1_000):
                tasks.start_soon(read, number)
        assert sorted(seen) == list(range(1_000))
        assert len(emulator.requests) == 1_000
