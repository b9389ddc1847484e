"""What a client's arguments say about its transport, and the transport that comes of it."""

from __future__ import annotations

import ssl
import subprocess
import sys
from math import nan
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from portone_async import PortOne
from portone_async._origin import Origin
from portone_async._transport.direct import DirectTransport
from portone_async._transport.httpx_transport import HttpxTransport
from portone_async._transport.pool import ConnectionPool, ConnectionPools
from portone_async._transport_options import MAX_RESPONSE_SIZE, TransportOptions
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import SECRET, TransportName
from tests.core.server import Server, answer, serving
from tests.core.tls import Authority

HTTP = Origin("http", "localhost", 80)
HTTPS = Origin("https", "api.portone.io", 443)


def options(origin: Origin = HTTPS, **arguments: Any) -> TransportOptions:
    defaults: dict[str, Any] = {
        "transport": "httpx",
        "max_connections": None,
        "max_response_size": MAX_RESPONSE_SIZE,
        "ssl_context": None,
        "http_client": None,
    }
    return TransportOptions.of(origin, **defaults | arguments)


@pytest.mark.parametrize("transport", ["", "carrier pigeon", "Direct", None, 5, True, b"httpx"])
def test_there_are_two_transports(transport: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="transport takes 'httpx' or 'direct'"):
        PortOne("x", transport=transport)


@pytest.mark.parametrize("name", ["max_connections", "max_response_size"])
@pytest.mark.parametrize("value", [0, -1, True, "5", b"5", 1.0, nan, [5]])
def test_limits_are_whole_numbers(name: str, value: Any) -> None:
    """From 1; at once, and not with the first call."""
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(InvalidArgumentError, match=f"{name} takes a whole number from 1"):
        PortOne("x", **arguments)


def test_max_response_size_has_no_none() -> None:
    """Which would mean without a limit elsewhere; `max_connections=None` is the default."""
    with pytest.raises(InvalidArgumentError, match="max_response_size takes a whole number"):
        PortOne("x", max_response_size=None)  # pyright: ignore[reportArgumentType]
    assert options(max_connections=None).max_connections == 100
    assert options(max_connections=7).max_connections == 7


@pytest.mark.parametrize("context", [True, False, "cert.pem", ssl.SSLContext])
def test_ssl_context_is_a_context(context: Any) -> None:
    """httpx's `verify=False`, say, is not."""
    with pytest.raises(InvalidArgumentError, match=r"ssl_context takes an ssl\.SSLContext"):
        PortOne("x", ssl_context=context)


def test_ssl_context_without_tls_is_a_mistake() -> None:
    with pytest.raises(InvalidArgumentError, match="ssl_context has no effect: base_url is not"):
        PortOne("x", base_url="http://localhost", ssl_context=ssl.create_default_context())


@pytest.mark.parametrize(
    "client", [httpx, httpx.AsyncClient, httpx.Client(), httpx.AsyncHTTPTransport(), True, "httpx"]
)
def test_http_client_is_an_async_client(client: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"http_client takes an httpx\.AsyncClient or"):
        PortOne("x", http_client=client)


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize(
    "arguments",
    [
        {"ssl_context": ssl.create_default_context()},
        {"max_connections": 5},
        {"transport": "direct"},
    ],
)
def test_a_client_of_the_users_has_its_own_transport(
    library: Any, arguments: dict[str, Any]
) -> None:
    """What is set there cannot be set here."""
    with pytest.raises(InvalidArgumentError, match="an http_client has its own transport"):
        PortOne("x", http_client=library.AsyncClient(), **arguments)


def test_without_httpx2_a_client_is_refused_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a client of a library has imported it."""
    monkeypatch.delitem(sys.modules, "httpx2")
    with pytest.raises(InvalidArgumentError, match="not int"):
        PortOne("x", http_client=5)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_users_client_sends(library: Any) -> None:
    """Of either library; its pool is its own."""
    client = library.AsyncClient()
    transport = options(http_client=client).open()
    assert isinstance(transport, HttpxTransport)
    assert transport.client is client
    assert transport.library is library
    assert transport.pools is None


async def get_pool(pools: ConnectionPools[Any]) -> ConnectionPool[Any]:
    return pools.get()


@pytest.mark.parametrize("origin", [HTTP, HTTPS])
def test_httpx_is_the_default(origin: Origin) -> None:
    """Over a pool of our own."""
    transport = options(origin, max_connections=7).open()
    assert isinstance(transport, HttpxTransport)
    assert transport.pools is not None
    assert anyio.run(get_pool, transport.pools).limit == 7
    assert transport.max_response_size == MAX_RESPONSE_SIZE


@pytest.mark.parametrize("origin", [HTTP, HTTPS])
def test_direct_is_a_choice(origin: Origin) -> None:
    assert isinstance(options(origin, transport="direct").open(), DirectTransport)


def test_direct_does_not_go_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would send past it; where NO_PROXY exempts the host there is none."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with pytest.raises(InvalidArgumentError, match="does not go through a proxy, and the env"):
        PortOne("x", transport="direct")
    monkeypatch.setenv("NO_PROXY", "api.portone.io")
    PortOne("x", transport="direct")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "gopher://user:marker-of-the-proxy@proxy.example"),
        ("HTTPS_PROXY", "http://user:marker-of-the-proxy@proxy.example:port"),
        ("ALL_PROXY", "carrier://marker-of-the-proxy"),
        ("SSL_CERT_FILE", "/nowhere/marker-of-the-proxy.pem"),
    ],
)
async def test_an_environment_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Before anything is sent, without what it holds: a proxy's password, say."""
    monkeypatch.setenv(name, value)
    portone = PortOne("x")
    try:
        with pytest.raises(InvalidArgumentError, match="the environment names cannot be") as caught:
            await portone.payment.get_payment("order-1")
    finally:
        await portone.aclose()
    assert name in str(caught.value)
    assert "marker-of-the-proxy" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def secure(authority: Authority) -> Any:
    """A server whose certificate nobody trusts who is not told to."""
    async with serving(authority.server()) as server:
        server.always = answer()
        yield server


@pytest.mark.anyio
async def test_a_certificate_is_trusted_by_the_users_context(
    secure: Server, authority: Authority, transport: TransportName
) -> None:
    async with PortOne(
        SECRET, base_url=secure.url, ssl_context=authority.client(), transport=transport
    ) as portone:
        await portone.payment.get_payment("order-1")
    assert len(secure.requests) == 1


@pytest.mark.anyio
async def test_a_certificate_is_trusted_by_the_environment(
    secure: Server,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    transport: TransportName,
    tmp_path: Path,
) -> None:
    """`SSL_CERT_FILE`, as for other programs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with PortOne(SECRET, base_url=secure.url, transport=transport) as portone:
        await portone.payment.get_payment("order-1")
    assert len(secure.requests) == 1


def test_building_a_client_imports_no_transport() -> None:
    """Importing the package and building a client are quick: httpx is loaded by the first call."""
    code = (
        "import sys; from portone_async import PortOne; PortOne('x'); print('httpx' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert result.stdout == "False\n"


def test_options_print_no_credentials() -> None:
    """A client may have some of its own."""
    shown = repr(options(http_client=httpx.AsyncClient(auth=("user", SECRET))))
    assert SECRET not in shown
    assert "http_client" not in shown
