"""What is refused when a client is built, or before anything is sent, and why."""

from __future__ import annotations

import ssl
import subprocess
import sys
from typing import Any

import httpx
import pytest

from portone_async import PortOne, errors
from tests.core.server import Server
from tests.core.transport.matrix import Kind, on


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """The library of an `http_client`, if it is installed."""
    return pytest.importorskip(request.param)


def test_a_blocking_http_client_is_refused(library: Any) -> None:
    """With what it takes instead."""
    with (
        library.Client(verify=False) as client,
        pytest.raises(
            errors.InvalidArgumentError,
            match=r"httpx\.AsyncClient or httpx2\.AsyncClient, not Client",
        ),
    ):
        PortOne("x", http_client=client)


@pytest.mark.parametrize("client", [httpx, httpx.AsyncClient, object, "httpx", 1], ids=repr)
def test_something_else_than_an_http_client_is_refused(client: Any) -> None:
    with pytest.raises(errors.InvalidArgumentError, match="http_client takes an"):
        PortOne("x", http_client=client)


@pytest.mark.parametrize(
    "options",
    [
        {"ssl_context": ssl.create_default_context()},
        {"max_connections": 5},
        {"transport": "direct"},
    ],
    ids=["ssl_context", "max_connections", "transport"],
)
def test_what_an_http_client_has_of_its_own_is_refused_beside_it(
    library: Any, options: dict[str, Any]
) -> None:
    """It would have no effect."""
    client = library.AsyncClient(verify=False)
    with pytest.raises(errors.InvalidArgumentError, match="http_client has its own"):
        PortOne("x", http_client=client, **options)


@pytest.mark.parametrize("transport", ["carrier pigeon", "aiohttp", "httpx2", "", None, 1])
def test_an_unknown_transport_is_refused(transport: Any) -> None:
    """With the names of those that there are."""
    with pytest.raises(errors.InvalidArgumentError, match="'httpx' or 'direct'"):
        PortOne("x", transport=transport)


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "5"])
@pytest.mark.parametrize("option", ["max_connections", "max_response_size"])
def test_a_limit_is_a_whole_number_from_1(option: str, number: Any) -> None:
    options: dict[str, Any] = {option: number}
    with pytest.raises(errors.InvalidArgumentError, match=option):
        PortOne("x", **options)


def test_an_ssl_context_that_would_not_be_used_is_refused() -> None:
    with pytest.raises(errors.InvalidArgumentError, match="not https"):
        PortOne("x", base_url="http://localhost", ssl_context=ssl.create_default_context())


def test_something_else_than_an_ssl_context_is_refused() -> None:
    context: Any = True
    with pytest.raises(errors.InvalidArgumentError, match=r"ssl\.SSLContext"):
        PortOne("x", ssl_context=context)


@pytest.mark.anyio
@on([Kind("direct", "trio")])
async def test_the_direct_transport_on_trio_is_refused_before_anything_is_sent(
    kind: Kind, server: Server
) -> None:
    async with kind.client(server.url) as portone:
        for _ in range(2):
            with pytest.raises(
                errors.InvalidArgumentError, match=r"asyncio only.*default transport"
            ):
                await portone.payment.cancel_payment("order-1", reason="r")
    assert server.untouched


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_direct_transport_behind_a_proxy_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Unless the proxy is not for that host."""
    monkeypatch.setenv(name, "http://user:password@proxy.invalid")
    with pytest.raises(errors.InvalidArgumentError, match="does not go through a proxy") as caught:
        PortOne("x", transport="direct")
    assert "password" not in str(caught.value)
    monkeypatch.setenv("NO_PROXY", "api.portone.io")
    PortOne("x", transport="direct")


def test_building_a_client_imports_no_transport() -> None:
    """Nor does it open anything."""
    program = (
        "import sys; from portone_async import PortOne; PortOne('x'); "
        "print(sorted({'httpx', 'httpcore'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
