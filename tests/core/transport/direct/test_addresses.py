"""A server's addresses: how they are asked for, and which of them is connected to."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from portone_async import errors
from portone_async._transport.direct import connector
from tests.core.conftest import paid
from tests.core.server import Server, answer
from tests.core.transport.cancelling import WAYS, Way, cancel_when
from tests.core.transport.matrix import DIRECT, EVERY, ONCE, Kind, on
from tests.core.transport.servers import RESPONSE, listening, until, until_gone

if TYPE_CHECKING:
    from anyio.abc import AnyByteStream

pytestmark = [pytest.mark.anyio, on(DIRECT)]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have every name mean these addresses."""

    async def getaddrinfo(name: str, *ports: int, **options: Any) -> list[Any]:
        # uvloop asks even about an address, by its family.
        found = [(name, ports[0])] if "family" in options else addresses
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in host], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
            for host, port in found
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


def address_of(url: str) -> tuple[str, int]:
    host, _, port = url.rpartition("//")[2].rpartition(":")
    return host, int(port)


@pytest.mark.parametrize("living", [0, 1, 2])
async def test_an_address_that_refuses_is_passed_over(
    kind: Kind, server: Server, refusing: str, monkeypatch: pytest.MonkeyPatch, living: int
) -> None:
    """At once, wherever the living one stands."""
    addresses = [address_of(refusing)] * 3
    addresses[living] = address_of(server.url)
    resolve_to(monkeypatch, *addresses)
    server.plays(answer(paid()))
    started = time.monotonic()
    async with kind.client("http://many.invalid", allow_http=True) as portone:
        await portone.payment.get_payment("order-1", options=ONCE)
    assert time.monotonic() - started < 2
    assert server.request.header("host") == "many.invalid"


async def test_addresses_that_all_refuse_are_an_error(
    kind: Kind, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent."""
    resolve_to(monkeypatch, *[address_of(refusing)] * 3)
    async with kind.client("http://many.invalid", allow_http=True) as portone:
        with pytest.raises(errors.APIConnectionError, match="refused") as caught:
            await portone.payment.get_payment("order-1", options=ONCE)
    assert not caught.value.may_have_reached


async def test_an_address_that_does_not_respond_is_not_waited_for(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next is tried beside it after a quarter of a second; its attempt is given up."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect
    given_up = 0

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        nonlocal given_up
        if address[0] == "192.0.2.1":
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                given_up += 1
                raise
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    resolve_to(monkeypatch, ("192.0.2.1", 80), address_of(server.url))
    server.plays(answer(paid()))
    started = time.monotonic()
    async with kind.client("http://many.invalid", allow_http=True) as portone:
        await portone.payment.get_payment("order-1", options=ONCE)
    assert time.monotonic() - started < 2
    assert given_up == 1


async def test_a_name_is_asked_for_once_by_all_who_wait(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question takes a thread, and a burst of calls would take them all."""
    loop = asyncio.get_running_loop()
    resolve, asked = loop.getaddrinfo, 0
    all_wait = asyncio.Event()

    async def slow(host: str, *arguments: Any, **options: Any) -> Any:
        nonlocal asked
        if host == "pay.test":
            asked += 1
            await all_wait.wait()
            host = "127.0.0.1"
        return await resolve(host, *arguments, **options)

    monkeypatch.setattr(loop, "getaddrinfo", slow)
    server.always = answer(paid())
    url = server.url.replace("127.0.0.1", "pay.test")
    async with (
        kind.client(url, allow_http=True, max_retries=0) as portone,
        anyio.create_task_group() as tasks,
    ):
        for number in range(20):
            tasks.start_soon(portone.payment.get_payment, f"order-{number}")
        await anyio.wait_all_tasks_blocked()
        all_wait.set()
    assert len(server.requests) == 20
    assert asked == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("phase", ["resolve", "connect", "race"])
async def test_a_call_may_be_cancelled_while_it_connects(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, way: Way, phase: str
) -> None:
    """Nothing stays: the next call gets the only connection."""
    loop = asyncio.get_running_loop()
    waiting = 0

    async def forever(*_arguments: Any, **_options: Any) -> Any:
        nonlocal waiting
        waiting += 1
        await loop.create_future()

    server.plays(answer(paid()))
    async with kind.client(server.url, max_connections=1, max_retries=0) as portone:
        with monkeypatch.context() as patch:
            if phase == "resolve":
                patch.setattr(loop, "getaddrinfo", forever)
            else:
                resolve_to(patch, *[address_of(server.url)] * (1 if phase == "connect" else 3))
                patch.setattr(loop, "sock_connect", forever)
            count = 3 if phase == "race" else 1
            await cancel_when(
                way,
                lambda: portone.payment.get_payment("order-1"),
                lambda: until(lambda: waiting == count),
            )
        await portone.payment.get_payment("order-1")
    gc.collect()
    assert server.opened == 1


@on(EVERY)
async def test_an_ipv6_address_may_stand_in_the_url(kind: Kind) -> None:
    """In brackets, in `Host` too."""
    received: list[bytes] = []

    async def handler(stream: AnyByteStream) -> None:
        received.append(await stream.receive())
        await stream.send(RESPONSE)
        await until_gone(stream)

    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    async with listening(handler, "::1") as url, kind.client(url) as portone:
        await portone.payment.get_payment("order-1")
    assert f"host: {url.removeprefix('http://')}\r\n".encode() in received[0].lower()


@on(EVERY)
@pytest.mark.parametrize("host", ["x" * 64 + ".invalid", "a..invalid", "nowhere.invalid"])
async def test_a_name_that_means_nothing_is_an_error_of_the_client(kind: Kind, host: str) -> None:
    """Also where it is no possible name at all."""
    with pytest.raises(errors.PortOneError) as caught:
        async with kind.client(f"http://{host}", allow_http=True) as portone:
            await portone.payment.get_payment("order-1", options=ONCE)
    assert not getattr(caught.value, "may_have_reached", False)


class Connects:
    """Stands in for a connect that succeeds when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_end = asyncio.Event()
        self.waiting = 0
        self.sockets: list[socket.socket] = []
        monkeypatch.setattr(connector, "_connect", self)

    async def __call__(self, _: Any) -> socket.socket:
        self.waiting += 1
        await self.may_end.wait()
        sock = socket.socket()
        self.sockets.append(sock)
        return sock


TWO: list[Any] = [(socket.AF_INET, 0, 0, "", ()), (socket.AF_INET6, 0, 0, "", ())]


async def test_of_two_addresses_that_accept_at_once_one_is_used(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other connection is closed."""
    connects = Connects(monkeypatch)
    monkeypatch.setattr(connector, "_NEXT_ADDRESS", 0.001)
    task = asyncio.create_task(connector._open_socket(TWO))
    await until(lambda: connects.waiting == 2)
    connects.may_end.set()
    sock = await task
    assert [other.fileno() != -1 for other in connects.sockets] == [
        other is sock for other in connects.sockets
    ]
    sock.close()


async def test_a_connection_that_is_there_as_the_call_is_cancelled_is_closed(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects = Connects(monkeypatch)
    task = asyncio.create_task(connector._open_socket(TWO))
    await until(lambda: connects.waiting == 1)
    connects.may_end.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [sock.fileno() for sock in connects.sockets] == [-1]
