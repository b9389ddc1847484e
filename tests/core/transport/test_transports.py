"""The same calls by each transport: httpx, the direct one, and clients of the user's."""

from __future__ import annotations

from typing import Any, Final, Literal

import httpcore
import pytest

from portone_async import PortOne, RequestOptions, errors, models
from portone_async._transport.direct.connector import Connector
from portone_async.emulator import Emulator
from tests.core.conftest import SECRET
from tests.core.server import Server
from tests.core.transport.matrix import EVERY, ONCE, Kind, on

USERS_ON_TRIO: Final = [
    Kind("httpx", "trio", "httpx"),
    Kind("httpx", "trio", "httpx2"),
]
pytestmark = [pytest.mark.anyio, on([*EVERY, *USERS_ON_TRIO])]


async def test_any_id_arrives_as_it_is_and_a_lost_response_cancels_once(kind: Kind) -> None:
    """However it has to be escaped, and by the same idempotency key."""
    payment_id = "o/1 é%2F+'~한글?#&"
    async with Emulator(secret=SECRET) as emulator, kind.client(emulator.url) as portone:
        emulator.checkout(payment_id, amount=1_000)
        payment = await portone.payment.get_payment(payment_id)
        assert isinstance(payment, models.PaidPayment)
        assert payment.id == payment_id
        emulator.fault("cancelPayment", "reset_after")
        await portone.payment.cancel_payment(payment_id, reason="x", amount=400)
        assert emulator.payments[payment_id]["amount"]["cancelled"] == 400


@pytest.mark.parametrize("fault", ["reset_after", "truncated"])
async def test_a_broken_connection_may_have_reached_portone(
    kind: Kind, fault: Literal["reset_after", "truncated"]
) -> None:
    """The request was sent."""
    async with Emulator(secret=SECRET) as emulator, kind.client(emulator.url) as portone:
        emulator.checkout("order-1", amount=1_000)
        emulator.fault("cancelPayment", fault)
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.cancel_payment("order-1", reason="x", amount=1, options=ONCE)
        assert caught.value.may_have_reached
        assert not isinstance(caught.value, errors.APITimeoutError)


async def test_a_refused_connection_did_not_reach_portone(kind: Kind, refusing: str) -> None:
    """There was no connection to send it by."""
    async with kind.client(refusing) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1", options=ONCE)
    assert not caught.value.may_have_reached


async def test_a_slow_response_is_a_timeout(kind: Kind) -> None:
    """PortOne may be at work on the request."""
    options = RequestOptions(max_retries=0, timeout=0.05)
    async with Emulator(secret=SECRET) as emulator, kind.client(emulator.url) as portone:
        with emulator.hold("getPayment"), pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.get_payment("order-1", options=options)
        assert caught.value.may_have_reached


async def test_each_transport_is_the_one_that_was_asked_for(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the event loop is: httpcore for httpx, httpcore2 for httpx2, and neither for the direct one."""
    used: list[str] = []

    def record(name: str, owner: Any, method: str) -> None:
        original = getattr(owner, method)

        def recorded(*args: Any) -> Any:
            used.append(name)
            return original(*args)

        monkeypatch.setattr(owner, method, recorded)

    record("direct", Connector, "connect")
    record("httpx", httpcore.AsyncHTTPConnection, "handle_async_request")
    if kind.library == "httpx2":
        httpcore2 = pytest.importorskip("httpcore2")
        record("httpx2", httpcore2.AsyncHTTPConnection, "handle_async_request")
    async with Emulator(secret=SECRET) as emulator, kind.client(emulator.url) as portone:
        emulator.checkout("order-1", amount=1_000)
        await portone.payment.get_payment("order-1")
    assert used == [kind.library or kind.transport]


@on([Kind("direct", "trio")])
async def test_the_direct_transport_is_refused_on_trio(kind: Kind, server: Server) -> None:
    """At the first call, as a client may be built before there is an event loop; nothing is sent."""
    async with kind.client(server.url) as portone:
        for _ in range(2):
            with pytest.raises(errors.InvalidArgumentError, match="asyncio only"):
                await portone.payment.cancel_payment("order-1", reason="x")
    assert server.untouched


@pytest.mark.parametrize("name", ["carrier pigeon", "aiohttp", "httpx2", "auto", ""])
def test_an_unknown_transport_is_refused(name: Any) -> None:
    """With the names of those that there are."""
    with pytest.raises(errors.InvalidArgumentError, match="'httpx' or 'direct'"):
        PortOne(SECRET, transport=name)
