"""The proxies that the environment names."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import anyio
import pytest

from portone_async import PortOne, RequestOptions, Timeout, errors
from portone_async._proxies import environment_proxy
from tests.core.conftest import ORDER, SECRET, WORD, paid
from tests.core.server import (
    Exchange,
    Server,
    Step,
    answer,
    empty,
    reset,
    serving,
    silence,
    then_close,
)
from tests.core.transport.matrix import AT_ONCE, DEFAULT, DIRECT, Kind, on

pytestmark = [pytest.mark.anyio, on(DEFAULT)]
NOWHERE: Final = "http://api.portone.invalid"
PASSWORD: Final = "marker-of-the-proxy-27ad"
CREDENTIALS: Final = f"user:{PASSWORD}"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("form", ["{}", "{}/", "host"])
async def test_a_proxy_of_the_environment_is_used(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    """The whole URL goes to it, and the secret with it, as with any HTTP proxy."""
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


async def test_a_proxy_may_want_a_password(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of its URL."""
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://user:word@"))
    server.plays(answer(paid()))
    async with kind.client(NOWHERE, allow_http=True) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("proxy-authorization") == "Basic dXNlcjp3b3Jk"


@on([*DEFAULT, *DIRECT])
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


@on(DIRECT)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_the_direct_transport_is_refused_behind_a_proxy(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """When the client is built: its requests would go past the proxy, with which nobody reckons."""
    monkeypatch.setenv(name, server.url.replace("http://", f"http://{CREDENTIALS}@"))
    with pytest.raises(errors.InvalidArgumentError, match="does not go through a proxy") as caught:
        PortOne(SECRET, base_url=server.url, transport=kind.transport)
    check_no_password(caught.value)
    assert server.untouched


async def test_a_handshake_that_failed_behind_a_proxy_does_not_keep_its_connection(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call opens a connection of its own, and does not wait for the one that is stuck."""

    async def tunnel(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await anyio.sleep_forever()

    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.always = Step(tunnel)
    timeout = Timeout(connect=0.2, pool=1)
    async with kind.client(
        "https://api.portone.invalid", max_connections=1, max_retries=0, timeout=timeout
    ) as portone:
        for calls in (1, 2, 3):
            with pytest.raises(errors.APITimeoutError, match="ConnectTimeout") as caught:
                await portone.payment.get_payment("order-1")
            assert not caught.value.may_have_reached
            assert server.opened == calls


# The proxy's password


@pytest.mark.parametrize(
    "proxy",
    [
        f"gopher://{CREDENTIALS}@proxy.example",
        f"http://{CREDENTIALS}@proxy.example:port",
        f"http://{CREDENTIALS}@[::1",
        f"socks5://{CREDENTIALS}@proxy.example",
    ],
    ids=["scheme", "port", "host", "without its extra"],
)
async def test_a_proxy_that_cannot_be_used_is_an_invalid_argument(
    kind: Kind, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """With the variables' names, and without the password that httpx's own errors repeat."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    portone = PortOne(SECRET, base_url="http://localhost", transport=kind.transport)
    with pytest.raises(errors.InvalidArgumentError, match="HTTP_PROXY") as caught:
        await portone.payment.get_payment("order-1")
    check_no_password(caught.value)


FAILURES: Final = {
    "refused with 407": empty(407),
    "refused with 502": empty(502),
    "reset": reset(),
    "silent": silence(),
    "closed": then_close(answer(b"")),
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("step", FAILURES.values(), ids=FAILURES)
async def test_no_error_holds_the_proxys_password(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, step: Step, scheme: str
) -> None:
    """Not in the variables of its frames either, which tools that collect errors show."""
    monkeypatch.setenv("ALL_PROXY", server.url.replace("http://", f"http://{CREDENTIALS}@"))
    server.always = step
    options = RequestOptions(timeout=Timeout(connect=0.2, read=0.2))
    url = f"{scheme}://api.portone.invalid"
    async with kind.client(url, allow_http=True, retry=AT_ONCE) as portone:
        with pytest.raises(errors.PortOneError) as caught:
            await portone.payment.cancel_payment(ORDER, reason=WORD, options=options)
    assert server.requests
    check_no_password(caught.value)


async def test_a_proxy_that_is_not_there_is_an_error_without_its_password(
    kind: Kind, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operating system's error is its cause."""
    monkeypatch.setenv("ALL_PROXY", refusing.replace("http://", f"http://{CREDENTIALS}@"))
    async with kind.client(NOWHERE, allow_http=True, max_retries=0) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment(ORDER)
    assert not caught.value.may_have_reached
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    check_no_password(caught.value)


def check_no_password(error: BaseException) -> None:
    """Check what a tool that collects errors sees of one: its texts, its causes and their frames."""
    shown = "\n".join(seen_by_tools(error))
    assert "portone_async" in shown
    assert PASSWORD not in shown
    assert b64encode(CREDENTIALS.encode()).decode() not in shown


def seen_by_tools(error: BaseException | None) -> Iterator[str]:
    """Return the texts of an error and of all that it came of, and the variables of the package's frames."""
    if error is None:
        return
    yield f"{error} {error!r} {error.args!r} {vars(error)!r}"
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals["__name__"]
        if not name.startswith("tests."):
            yield name
            for variable in trace.tb_frame.f_locals.values():
                with suppress(AttributeError):  # of an object whose `__init__` has failed
                    yield repr(variable)
        trace = trace.tb_next
    yield from seen_by_tools(error.__cause__)
    yield from seen_by_tools(error.__context__)
