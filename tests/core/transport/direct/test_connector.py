"""The direct transport finds a server's addresses, and tries them in turn (RFC 8305)."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from anyio.abc import AnyByteStream  # noqa: TC002

from portone_async import PortOne, errors
from tests.core.conftest import paid
from tests.core.server import PATIENCE, Server, answer
from tests.core.transport.matrix import DIRECT, Kind, on
from tests.core.transport.servers import BIG, RESPONSE, Peer, listening, small_server, until_gone

pytestmark = [pytest.mark.anyio, on(DIRECT)]


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have every name stand for these addresses."""

    async def getaddrinfo(name: str, *ports: int, **options: Any) -> list[Any]:
        # uvloop resolves even an address, by its family.
        found = [(name, ports[0])] if "family" in options else addresses
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in host], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
            for host, port in found
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


def address(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    assert split.hostname is not None
    assert split.port is not None
    return split.hostname, split.port


def client(kind: Kind, url: str) -> PortOne:
    return PortOne("secret", base_url=url, transport=kind.transport, max_retries=0, allow_http=True)


@pytest.mark.parametrize("living", [0, 1, 2])
async def test_a_refusing_address_is_passed_over(
    kind: Kind, server: Server, refusing: str, monkeypatch: pytest.MonkeyPatch, living: int
) -> None:
    """At once, wherever the living one stands."""
    addresses = [address(refusing)] * 3
    addresses[living] = address(server.url)
    resolves_to(monkeypatch, *addresses)
    server.plays(answer(paid()))
    started = time.monotonic()
    async with client(kind, "http://many.invalid") as portone:
        await portone.payment.get_payment("order-1")
    assert time.monotonic() - started < 2
    assert server.request.header("host") == "many.invalid"


async def test_addresses_that_all_refuse_are_an_error(
    kind: Kind, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which nothing was sent."""
    resolves_to(monkeypatch, *[address(refusing)] * 3)
    async with client(kind, "http://many.invalid") as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1")
    assert not caught.value.may_have_reached


async def test_an_address_that_swallows_everything_is_not_waited_for(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is tried beside it after a quarter of a second; its attempt is given up."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect
    given_up = 0

    async def sock_connect(sock: socket.socket, target: Any) -> None:
        nonlocal given_up
        if target[0] == "192.0.2.1":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                given_up += 1
                raise
        await connect(sock, target)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    resolves_to(monkeypatch, ("192.0.2.1", 80), address(server.url))
    server.plays(answer(paid()))
    started = time.monotonic()
    async with client(kind, "http://many.invalid") as portone:
        await portone.payment.get_payment("order-1")
    assert time.monotonic() - started < 2
    assert given_up == 1


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
    async with listening(handler, "::1") as url, client(kind, url) as portone:
        await portone.payment.get_payment("another")
    assert f"host: {url.removeprefix('http://')}\r\n".encode() in received[0].lower()


async def test_a_name_is_resolved_once_for_all_who_wait(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each lookup takes a thread, and a burst of calls would take them all."""
    loop = asyncio.get_running_loop()
    resolve, asked = loop.getaddrinfo, 0
    everybody_waits = asyncio.Event()

    async def slow(host: str, *arguments: Any, **options: Any) -> Any:
        nonlocal asked
        if host == "pay.test":
            asked += 1
            await everybody_waits.wait()
            host = "127.0.0.1"
        return await resolve(host, *arguments, **options)

    monkeypatch.setattr(loop, "getaddrinfo", slow)
    server.always = answer(paid())
    async with (
        client(kind, server.url.replace("127.0.0.1", "pay.test")) as portone,
        anyio.create_task_group() as tasks,
    ):
        for number in range(20):
            tasks.start_soon(portone.payment.get_payment, f"order-{number}")
        await anyio.wait_all_tasks_blocked()
        everybody_waits.set()
    assert len(server.requests) == 20
    assert asked == 1


async def test_a_response_before_all_is_sent_is_the_response(kind: Kind) -> None:
    """413 while a big body is under way; the rest of the body never reaches a later request's connection."""
    opened: list[bytes] = []
    go_on = anyio.Event()

    async def handler(peer: Peer) -> None:
        opened.append(await peer.receive())
        if len(opened) > 1:
            await peer.send(RESPONSE)
        else:
            await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}")
            await go_on.wait()

    async with small_server(handler) as url, client(kind, url) as portone:
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APIError) as caught:
            await portone.request("POST", "/big", json=BIG)
        assert caught.value.status == 413
        go_on.set()
        await portone.payment.get_payment("another")
    assert [data.split(b" ")[0] for data in opened] == [b"POST", b"GET"]
