"""The proxies that the environment names."""

from __future__ import annotations

import anyio
import pytest

from portone_async import PortOne, Timeout, errors
from portone_async._transport import environment_proxy
from tests.core.conftest import SECRET, paid
from tests.core.server import Exchange, Server, Step, answer, serving

pytestmark = pytest.mark.anyio
NOWHERE = "http://api.portone.invalid"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("form", ["{}", "{}/", "host"])
async def test_a_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    """The whole URL goes to it, and the secret with it, as with any HTTP proxy."""
    host = server.url.removeprefix("http://")
    monkeypatch.setenv(name, host if form == "host" else form.format(server.url))
    server.plays(answer(paid()), answer(paid()))
    async with PortOne(SECRET, base_url=NOWHERE) as portone:
        for _ in range(2):
            await portone.payment.get_payment("a/b")
    assert [request.target for request in server.requests] == [f"{NOWHERE}/payments/a%2Fb"] * 2
    assert server.requests[0].header("host") == "api.portone.invalid"
    assert server.requests[0].header("authorization") == f"PortOne {SECRET}"
    assert server.opened == 1


async def test_a_proxy_may_want_a_password(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of its URL."""
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://user:word@"))
    server.plays(answer(paid()))
    async with PortOne(SECRET, base_url=NOWHERE) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("proxy-authorization") == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize("exempt", ["127.0.0.1", "127.0.0.1:{port}", "*", "example.com, 127.0.0.1"])
async def test_no_proxy_is_honoured(
    server: Server, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    """Hosts that it names are called directly."""
    server.plays(answer(paid()))
    async with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", exempt.format(port=server.url.rpartition(":")[2]))
        async with PortOne(SECRET, base_url=server.url) as portone:
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


async def test_a_handshake_that_failed_behind_a_proxy_does_not_keep_its_lane(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call opens a connection of its own, and does not wait for the one that is stuck."""

    async def tunnel(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await anyio.sleep_forever()

    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.always = Step(tunnel)
    timeout = Timeout(connect=0.2, pool=1)
    async with PortOne(
        SECRET,
        base_url="https://api.portone.invalid",
        max_connections=1,
        max_retries=0,
        timeout=timeout,
    ) as portone:
        for calls in (1, 2, 3):
            with pytest.raises(errors.APITimeoutError, match="ConnectTimeout") as caught:
                await portone.payment.get_payment("order-1")
            assert not caught.value.may_have_reached
            assert server.opened == calls
