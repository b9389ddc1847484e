"""The same calls over each wire: the client's own, httpx as it comes, and httpx2 by its extra."""

import importlib.util
import sys

import pytest

from portone_async import PortOne, RequestOptions, errors
from portone_async.emulator import Emulator

ONCE = RequestOptions(max_retries=0)
MODULES = {"auto": "anyio", "httpx": "httpx", "httpx2": "httpx2"}


@pytest.fixture(params=MODULES)
def wire(request: pytest.FixtureRequest) -> str:
    if importlib.util.find_spec(MODULES[request.param]) is None:
        pytest.skip(f"{MODULES[request.param]} is not installed")
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


@pytest.mark.anyio
async def test_each_wire_is_the_one_that_was_asked_for(
    wire: str, anyio_backend_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's own on asyncio, httpcore on trio or when httpx is asked for, httpcore2 for httpx2."""
    name = {"httpx2": "httpcore2"}.get(wire, "httpcore")
    if wire == "auto" and anyio_backend_name == "asyncio":
        name = "portone_async._transport.direct"
    used: list[str] = []

    def note(module: str, owner: object, method: str) -> None:
        whole = getattr(owner, method)

        def noted(*args: object, **options: object) -> object:
            used.append(module)
            return whole(*args, **options)

        monkeypatch.setattr(owner, method, noted)

    import httpcore

    from portone_async._transport import direct

    note("portone_async._transport.direct", direct.Connector, "connect")
    note("httpcore", httpcore.AsyncHTTPConnection, "handle_async_request")
    if "httpcore2" in sys.modules or importlib.util.find_spec("httpcore2"):
        import httpcore2

        note("httpcore2", httpcore2.AsyncHTTPConnection, "handle_async_request")
    async with (
        Emulator() as emulator,
        PortOne(emulator.secret, base_url=emulator.url, wire=wire) as portone,
    ):
        emulator.checkout("order-1", amount=1_000)
        await portone.payment.get_payment("order-1")
    assert used == [name]


@pytest.mark.parametrize("wire", ["carrier pigeon", "aiohttp", ""])
def test_an_unknown_wire_is_refused(wire: str) -> None:
    """With the names of those that there are."""
    with pytest.raises(errors.InvalidArgumentError, match="auto, httpx, httpx2"):
        PortOne("x", wire=wire)
