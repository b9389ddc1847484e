"""The same calls over each wire: httpx as it comes, httpx2 and aiohttp by their extras."""

import importlib.util

import pytest

from portone_async import PortOne, RequestOptions, errors
from portone_async.emulator import Emulator

ONCE = RequestOptions(max_retries=0)
MODULES = {"httpx": "httpx", "httpx2": "httpx2", "aiohttp": "aiohttp"}


@pytest.fixture(params=MODULES)
def wire(request: pytest.FixtureRequest, anyio_backend_name: str) -> str:
    if importlib.util.find_spec(MODULES[request.param]) is None:
        pytest.skip(f"{MODULES[request.param]} is not installed")
    if request.param == "aiohttp" and anyio_backend_name != "asyncio":
        pytest.skip("aiohttp runs on asyncio only")
    return request.param


@pytest.mark.anyio
async def test_any_id_arrives_as_it_is_and_a_lost_answer_cancels_once(wire: str) -> None:
    payment_id = "o/1 é%2F+'~한글?#&"
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url, wire=wire) as portone,
    ):
        emulator.checkout(payment_id, amount=1_000)
        assert (await portone.payment.get_payment(payment_id)).id == payment_id
        emulator.fault("cancelPayment", "reset_after")
        await portone.payment.cancel_payment(payment_id, reason="x", amount=400)
        assert emulator.payments[payment_id]["amount"]["cancelled"] == 400


@pytest.mark.anyio
async def test_a_broken_connection_may_have_reached_portone(wire: str) -> None:
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url, wire=wire) as portone,
    ):
        emulator.checkout("order-1", amount=1_000)
        for fault in ("reset_after", "truncated"):
            emulator.fault("cancelPayment", fault)
            with pytest.raises(errors.APIConnectionError) as raised:
                await portone.payment.cancel_payment("order-1", reason="x", amount=1, options=ONCE)
            assert raised.value.may_have_reached
            assert not isinstance(raised.value, errors.APITimeoutError)


@pytest.mark.anyio
async def test_a_refused_connection_did_not_reach_portone(wire: str) -> None:
    with Emulator() as emulator:
        gone = emulator.url
    async with PortOne("x", base_url=gone, wire=wire) as portone:
        with pytest.raises(errors.APIConnectionError) as raised:
            await portone.payment.get_payment("order-1", options=ONCE)
    assert not raised.value.may_have_reached


@pytest.mark.anyio
async def test_a_slow_answer_is_a_timeout(wire: str) -> None:
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url, wire=wire) as portone,
    ):
        with emulator.hold("getPayment") as hold, pytest.raises(errors.APITimeoutError) as raised:
            await portone.payment.get_payment(
                "order-1", options=RequestOptions(max_retries=0, timeout=0.05)
            )
        del hold
    assert raised.value.may_have_reached


def test_an_unknown_wire_is_refused() -> None:
    with pytest.raises(errors.InvalidArgumentError, match="httpx2"):
        PortOne("x", wire="carrier pigeon")
