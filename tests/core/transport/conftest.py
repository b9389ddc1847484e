from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.server import Server, serving
from tests.core.tls import Authority
from tests.core.transport.matrix import EVERY, Kind


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kinds(list): the transports and event loops to test on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses `kind` on every kind, or on those that its closest mark names."""
    if "kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("kinds")
        kinds: list[Kind] = EVERY if marker is None else marker.args[0]
        metafunc.parametrize("kind", kinds, indirect=True, ids=str)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pass over what trio remarks on httpx: it leaves generators suspended when a connection breaks."""
    remark = "ignore:Async generator 'http(x|core):ResourceWarning"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(remark))


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> Kind:
    """The transport and event loop of a test."""
    kind: Kind = request.param
    kind.require()
    return kind


@pytest.fixture
def anyio_backend(kind: Kind) -> tuple[str, dict[str, Any]]:
    return kind.backend


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    try:
        return Authority.found(tmp_path_factory.mktemp("authority"))
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that clients trust by the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


@pytest.fixture
async def tls_server(trusted: Authority) -> AsyncIterator[Server]:
    """A server with TLS, whose authority clients trust."""
    async with serving(trusted.server()) as server:
        yield server


@pytest.fixture(params=["plain", "tls"])
def server_tls(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    """TLS or not, for a server."""
    if request.param == "plain":
        return None
    trusted: Authority = request.getfixturevalue("trusted")
    return trusted.server()


@pytest.fixture
def client_tls(
    server_tls: ssl.SSLContext | None, request: pytest.FixtureRequest
) -> ssl.SSLContext | None:
    """What a client of `any_server` may be given, so that it need not read all of certifi's authorities."""
    if server_tls is None:
        return None
    authority: Authority = request.getfixturevalue("authority")
    return authority.client()


@pytest.fixture
async def any_server(server_tls: ssl.SSLContext | None) -> AsyncIterator[Server]:
    """A server, without TLS and with it."""
    async with serving(server_tls) as server:
        yield server
