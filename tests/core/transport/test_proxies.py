"""The proxies that the environment names."""

from __future__ import annotations

import logging

import anyio
import anyio.abc
import pytest

from portone_async import Timeout, errors
from portone_async._proxies import environment_proxy
from tests.core.conftest import SECRET, paid
from tests.core.server import PATIENCE, Exchange, Server, Step, answer, serving
from tests.core.tls import Authority
from tests.core.transport.matrix import DEFAULT, Kind, on
from tests.core.transport.servers import get_at_once, get_paid, named

NOWHERE = "http://api.portone.invalid"
TUNNEL = "https://api.portone.invalid"
pytestmark = on(DEFAULT)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("form", ["{}", "{}/", "host"])
async def test_a_proxy_of_the_environment_is_used(
    kind: Kind,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    form: str,
) -> None:
    """The whole URL goes to it, and the secret with it, as with any HTTP proxy."""
    caplog.set_level(logging.WARNING)
    host = server.url.removeprefix("http://")
    monkeypatch.setenv(name, host if form == "host" else form.format(server.url))
    server.plays(answer(paid()), answer(paid()))
    async with kind.client(NOWHERE, allow_http=True) as portone:
        for _ in range(2):
            await portone.payment.get_payment("a/b")
    assert [request.target for request in server.requests] == [f"{NOWHERE}/payments/a%2Fb"] * 2
    assert server.requests[0].header("host") == "api.portone.invalid"
    assert server.requests[0].header("authorization") == f"PortOne {SECRET}"
    assert server.opened == 1
    assert "unknown version" not in caplog.text


@pytest.mark.anyio
async def test_a_proxy_may_want_a_password(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of its URL."""
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://user:word@"))
    server.plays(answer(paid()))
    async with kind.client(NOWHERE, allow_http=True) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("proxy-authorization") == "Basic dXNlcjp3b3Jk"


@pytest.mark.anyio
@pytest.mark.parametrize("exempt", ["127.0.0.1", "127.0.0.1:{port}", "*", "example.com, 127.0.0.1"])
async def test_no_proxy_is_honoured(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    """Hosts that it names are called directly."""
    server.plays(answer(paid()))
    async with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", exempt.format(port=server.url.rpartition(":")[2]))
        async with kind.client(server.url) as portone:
            await portone.payment.get_payment("order-1")
        assert proxy.untouched
    assert server.request.target == "/payments/order-1"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"ALL_PROXY": "p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://q:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "portone.io"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".portone.io"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "one.io"}, "http://p:1"),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_which_proxy_a_url_has(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], proxy: str | None
) -> None:
    """By its scheme, else the one for all."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy("https://api.portone.io") == proxy


@pytest.mark.anyio
async def test_a_handshake_that_failed_behind_a_proxy_does_not_keep_its_connection(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call opens one of its own, and does not wait for the one that is stuck."""

    async def tunnel(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await exchange.until_gone()

    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.always = Step(tunnel)
    timeout = Timeout(connect=0.1, pool=1)
    async with kind.client(TUNNEL, max_connections=1, max_retries=0, timeout=timeout) as portone:
        for calls in (1, 2, 3):
            with pytest.raises(errors.APITimeoutError, match="ConnectTimeout") as caught:
                await portone.payment.get_payment("order-1")
            assert not caught.value.may_have_reached
            assert server.opened == calls
            await server.until(lambda: server.open == 0)


@pytest.mark.anyio
@pytest.mark.parametrize("proxy_scheme", ["http", "https"])
async def test_a_tunnel_is_used_again_unless_there_are_strays(
    kind: Kind,
    trusted: Authority,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    proxy_scheme: str,
) -> None:
    """Through a proxy, with TLS to the server, and perhaps to the proxy too."""
    caplog.set_level(logging.WARNING)
    stray = b""

    async def play(exchange: Exchange) -> None:
        await exchange.write(named(exchange.request.path.split("/")[2]) + stray)

    proxy_tls = trusted.server() if proxy_scheme == "https" else None
    async with serving(trusted.server()) as server, serving(proxy_tls) as proxy:
        server.always = Step(play)

        async def tunnel(exchange: Exchange) -> None:
            port = int(server.url.rpartition(":")[2])
            async with await anyio.connect_tcp("127.0.0.1", port) as target:
                await exchange.write(b"HTTP/1.1 200 OK\r\n\r\n")

                async def pump(source: anyio.abc.ByteStream, sink: anyio.abc.ByteStream) -> None:
                    try:
                        async for data in source:
                            await sink.send(data)
                    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                        pass
                    tasks.cancel_scope.cancel()

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(pump, exchange.stream, target)
                    tasks.start_soon(pump, target, exchange.stream)

        proxy.always = Step(tunnel)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        url = server.url.replace("127.0.0.1", "localhost")
        async with kind.client(url, max_connections=1, max_retries=0) as portone:
            with anyio.fail_after(PATIENCE):
                for number in range(3):
                    found = await get_paid(portone, f"order-{number}")
                    assert found.id == f"order-{number}"
                assert proxy.opened == server.opened == 1
                stray = named("stray")
                for number in range(3):
                    found = await get_at_once(portone, f"order-{number}")
                    assert found.id == f"order-{number}"
        assert proxy.opened == server.opened == 3
        assert len(server.requests) == 6
    assert "unknown version" not in caplog.text
