"""The client: what it is built from, and what it is after it was closed."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from threading import Thread
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from portone_async import Hooks, PortOne, RawResponse, RequestOptions, RetryPolicy, Timeout, errors
from portone_async._request import Request
from portone_async._transport_options import TransportOptions
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import SECRET, TransportName, Waits, paid
from tests.core.server import PATIENCE, Server, answer, empty


@pytest.mark.anyio
async def test_the_environment_gives_secret_and_store(
    server: Server, monkeypatch: pytest.MonkeyPatch, transport: TransportName
) -> None:
    """`PORTONE_API_SECRET`, `PORTONE_STORE_ID` and `PORTONE_BASE_URL`."""
    monkeypatch.setenv("PORTONE_API_SECRET", "from-the-environment")
    monkeypatch.setenv("PORTONE_STORE_ID", "store-of-the-environment")
    monkeypatch.setenv("PORTONE_BASE_URL", server.url)
    server.plays(answer())
    async with PortOne(transport=transport) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == "PortOne from-the-environment"
    assert server.request.query == {"storeId": "store-of-the-environment"}


@pytest.mark.anyio
async def test_arguments_win_over_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch, transport: TransportName
) -> None:
    """What is given is used."""
    monkeypatch.setenv("PORTONE_API_SECRET", "from-the-environment")
    monkeypatch.setenv("PORTONE_STORE_ID", "store-of-the-environment")
    monkeypatch.setenv("PORTONE_BASE_URL", "https://portone.example")
    server.plays(answer())
    async with PortOne(
        "given", store_id="store-1", base_url=server.url, transport=transport
    ) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == "PortOne given"
    assert server.request.query == {"storeId": "store-1"}


@pytest.mark.parametrize("store_id", [5, b"store-1", ["store-1"], True])
def test_a_store_id_is_text(store_id: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="store_id takes a str, not"):
        PortOne("x", store_id=store_id)


@pytest.mark.parametrize("retry", [None, 2, "2", {"max_retries": 2}, RetryPolicy])
def test_retry_takes_a_policy(retry: Any) -> None:
    """Also `None`, which might mean either no retries or the default."""
    with pytest.raises(InvalidArgumentError, match="retry takes a RetryPolicy, not"):
        PortOne("x", retry=retry)


@pytest.mark.parametrize("strict", ["no", 0, 1, None])
def test_strict_is_true_or_false(strict: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="strict takes True or False"):
        PortOne("x", strict=strict)


@pytest.mark.anyio
async def test_the_clients_timeout_is_that_of_its_calls(
    server: Server, waits: Waits, transport: TransportName
) -> None:
    """Which a call's options may replace."""
    server.always = empty(503)
    async with PortOne(
        SECRET,
        base_url=server.url,
        timeout=Timeout(total=1.2),
        retry=waits.policy(),
        transport=transport,
    ) as portone:
        with pytest.raises(errors.ServiceUnavailableError) as short:
            await portone.payment.get_payment("order-1")
        with pytest.raises(errors.ServiceUnavailableError) as long:
            await portone.payment.get_payment("order-1", options=RequestOptions(timeout=5))
    assert (short.value.attempts, long.value.attempts) == (2, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": 5},
        {"timeout": -1},
        {"max_retries": -1},
        {"store_id": 5},
        {"transport": "carrier pigeon"},
        {"api_secret": 5},
    ],
)
def test_a_client_that_could_not_be_built_can_be_printed(arguments: dict[str, Any]) -> None:
    """Tools that show errors do that."""
    seen: list[str] = []

    class Watched(PortOne):
        def __init__(self, **arguments: Any) -> None:
            arguments = {"api_secret": SECRET} | arguments
            try:
                super().__init__(**arguments)
            finally:
                seen.append(repr(self))

    with pytest.raises(InvalidArgumentError):
        Watched(**arguments)
    assert seen[0].startswith("PortOne(base_url=")
    assert SECRET not in seen[0]
    assert repr(PortOne.__new__(PortOne)) == "PortOne(base_url=None, store_id=None)"


def test_a_client_prints_where_it_sends_to() -> None:
    """And for which store."""
    portone = PortOne("x", base_url="https://a/v2", store_id="store-1")
    assert repr(portone) == "PortOne(base_url='https://a', store_id='store-1')"
    assert repr(portone.payment) == f"<PaymentNamespace of {portone!r}>"


@pytest.mark.anyio
@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
async def test_a_client_is_not_pickled_or_copied(
    server: Server, portone: PortOne, copied: Callable[[Any], Any]
) -> None:
    """Neither a fresh one nor a used one, and none of its namespaces: the error says what to do."""
    server.plays(answer(paid()))
    for _ in range(2):
        for thing in (portone, portone.payment, portone.payment.get_payment):
            with pytest.raises(TypeError, match="build one in each process"):
                copied(thing) if copied is pickle.dumps else copied(portone)
        if not server.requests:
            await portone.payment.get_payment("order-1")


# Closing


@pytest.mark.anyio
async def test_a_closed_client_says_so(server: Server, portone: PortOne) -> None:
    """Whatever is asked of it; closing it again does no harm."""
    server.plays(answer(paid()))
    await portone.payment.get_payment("order-1")
    await portone.aclose()
    await portone.aclose()
    for call in (
        portone.payment.get_payment("order-1"),
        portone.payment.cancel_payment("order-1", reason="r"),
        portone.request("GET", "/things"),
        portone.__aenter__(),
    ):
        with pytest.raises(errors.ClientClosedError, match="this client is closed"):
            await call
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_client_that_was_never_used_can_be_closed() -> None:
    """It never opened anything."""
    portone = PortOne("x")
    await portone.aclose()
    with pytest.raises(errors.ClientClosedError):
        await portone.payment.get_payment("order-1")


@pytest.mark.anyio
async def test_a_client_is_closed_in_a_cancelled_scope_too(
    server: Server, portone: PortOne
) -> None:
    """As at the end of a task group that was cancelled: its connection ends."""
    server.plays(answer(paid()))
    await portone.payment.get_payment("order-1")
    with anyio.CancelScope() as scope:
        scope.cancel()
        await portone.aclose()
    with anyio.fail_after(PATIENCE):
        await server.until(lambda: server.open == 0)


@pytest.mark.anyio
async def test_closing_is_not_cancelled_halfway() -> None:
    """Whatever a transport has to wait for."""
    closed: list[bool] = []

    class Slow:
        pools = None

        async def send(self, request: Request, timeout: Timeout) -> RawResponse:
            raise AssertionError(request, timeout)

        async def aclose(self) -> None:
            await checkpoint()
            closed.append(True)

    portone = PortOne("x")
    portone._transport = Slow()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await portone.aclose()
    assert closed == [True]


@pytest.mark.anyio
async def test_a_client_that_is_closed_during_a_backoff_raises_what_happened(
    server: Server, transport: TransportName
) -> None:
    """The first attempt's failure, and not that the second one was not sent."""

    async def close(delay: float) -> None:
        await portone.aclose()

    server.always = empty(503)
    portone = PortOne(
        SECRET, base_url=server.url, retry=RetryPolicy(sleep=close), transport=transport
    )
    with pytest.raises(errors.ServiceUnavailableError) as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.attempts == 1
    assert caught.value.may_have_reached


def test_the_users_client_is_not_closed() -> None:
    """It stays theirs."""

    async def main() -> None:
        async with httpx.AsyncClient() as http_client:
            async with PortOne("x", http_client=http_client):
                pass
            assert not http_client.is_closed

    anyio.run(main)


def test_threads_that_use_a_client_first_at_once_share_one_transport(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each would otherwise have connections of its own, and one of them would never be closed."""
    counts: list[Any] = []
    portone = PortOne(SECRET, base_url="http://127.0.0.1:1", hooks=Hooks(on_open=counts.append))
    opened: list[Any] = []
    open_transport = TransportOptions.open

    def open_slowly(options: TransportOptions) -> Any:
        transport = open_transport(options)
        opened.append(transport)
        if len(opened) == 1:
            other.start()
            other.join()  # it waits for nobody
        return transport

    other = Thread(target=lambda: asyncio.run(portone.__aenter__()))
    monkeypatch.setattr(TransportOptions, "open", open_slowly)
    asyncio.run(portone.__aenter__())
    assert len(opened) == 2
    assert portone._transport is opened[1]
    assert len(counts) == 1
