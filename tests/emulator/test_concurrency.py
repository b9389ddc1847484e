"""Concurrent requests: the paid amount is always the cancelled plus the cancellable amount."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from portone_emulator import Emulator

from .response_checks import check

TOTAL = 5_000
REQUESTS = 100


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


def client_of(emulator: Emulator) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=emulator.url,
        headers={"Authorization": f"PortOne {emulator.secret}"},
        limits=httpx.Limits(max_connections=20),
        timeout=30,
        verify=False,
    )


async def cancel_all(
    emulator: Emulator, bodies: list[dict[str, Any]], keys: list[str]
) -> list[httpx.Response]:
    """Send all cancellations at once, checking the payment in between."""
    responses: list[httpx.Response] = []
    async with client_of(emulator) as client, anyio.create_task_group() as tasks:

        async def cancel(body: dict[str, Any], key: str) -> None:
            response = await client.post(
                "/payments/order-1/cancel",
                json={"reason": "changed mind", **body},
                headers={"Idempotency-Key": f'"{key}"'},
            )
            check(response)
            responses.append(response)

        async def check_payment() -> None:
            payment = (await client.get("/payments/order-1")).json()
            done = sum(each["totalAmount"] for each in payment.get("cancellations", []))
            assert payment["amount"]["paid"] == TOTAL
            assert payment["amount"]["cancelled"] == done <= TOTAL

        for body, key in zip(bodies, keys, strict=True):
            tasks.start_soon(cancel, body, key)
            tasks.start_soon(check_payment)
    return responses


@pytest.mark.anyio
async def test_no_more_is_cancelled_than_was_paid() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        bodies = [{"amount": 70}] * REQUESTS
        keys = [f"cancel-number-{number:06}" for number in range(REQUESTS)]
        responses = await cancel_all(emulator, bodies, keys)
        succeeded = [response for response in responses if response.is_success]
        assert len(succeeded) == TOTAL // 70
        assert emulator.payments["order-1"]["amount"]["cancelled"] == len(succeeded) * 70
        error_types = {response.json()["type"] for response in responses if response.is_error}
        assert error_types == {"CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT"}


@pytest.mark.anyio
async def test_repeated_keys_cancel_once_each() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        keys = [f"cancel-number-{number % 10:06}" for number in range(REQUESTS)]
        responses = await cancel_all(emulator, [{"amount": 70}] * REQUESTS, keys)
        assert all(response.is_success for response in responses)
        assert len({response.json()["cancellation"]["id"] for response in responses}) == 10
        assert emulator.payments["order-1"]["amount"]["cancelled"] == 700


@pytest.mark.anyio
async def test_only_one_of_many_with_the_same_expected_balance_succeeds() -> None:
    async with Emulator() as emulator:
        emulator.checkout("order-1", amount=TOTAL)
        bodies = [{"amount": 70, "currentCancellableAmount": TOTAL}] * 50
        keys = [f"cancel-number-{number:06}" for number in range(50)]
        responses = await cancel_all(emulator, bodies, keys)
        assert sum(response.is_success for response in responses) == 1
        error_types = {response.json()["type"] for response in responses if response.is_error}
        assert error_types == {"CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN"}


@pytest.mark.anyio
async def test_hundreds_of_concurrent_requests_all_succeed() -> None:
    async with Emulator() as emulator, client_of(emulator) as client:
        for number in range(100):
            emulator.checkout(f"order-{number}", amount=number + 1)
        seen: list[int] = []

        async def check_payment(number: int) -> None:
            response = await client.get(f"/payments/order-{number % 100}")
            assert response.json()["amount"]["total"] == number % 100 + 1
            seen.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(check_payment, number)
        assert sorted(seen) == list(range(300))
        assert len(emulator.requests) == 300
