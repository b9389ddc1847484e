"""Private attributes of httpx, httpcore, h11, anyio and trio: each is there, and none of them is relied upon."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from typing import Any

import anyio
import httpcore
import pytest

from portone_async._transport import httpx_transport, unread
from tests.core.conftest import paid
from tests.core.server import PATIENCE, Exchange, Server, Step, answer
from tests.core.transport.matrix import DEFAULT, Kind, on
from tests.core.transport.servers import get_at_once, named, requested_id

pytestmark = [pytest.mark.anyio, on(DEFAULT)]
ATTRIBUTES = {
    "_pool": "httpx.AsyncHTTPTransport",
    "connections": "httpcore.AsyncConnectionPool",
    "_connection": "httpcore.AsyncHTTPConnection",
    "_h11_state": "httpcore.AsyncHTTP11Connection",
    "_network_stream": "httpcore.AsyncHTTP11Connection",
    "trailing_data": "h11.Connection",
    "_stream": "httpcore's streams",
}
OF_TLS = {"_ssl_object": "anyio's and trio's TLS streams", "transport_stream": "the same"}
OF_ASYNCIO = {"_protocol": "anyio's socket stream", "read_queue": "anyio's stream protocol"}
OF_TRIO = {"socket": "trio.SocketStream"}


@pytest.fixture(autouse=True)
def _connections_of_httpcore(monkeypatch: pytest.MonkeyPatch) -> None:
    """On asyncio too, where they are used through proxies only."""
    monkeypatch.setattr(
        httpx_transport,
        "Pool",
        lambda connector: httpcore.AsyncConnectionPool(
            ssl_context=connector.tls, max_connections=1
        ),
    )


WARNING = "each connection is used for one request only"


async def test_a_connection_is_used_again(
    kind: Kind, any_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not, with a warning, when a new version of a library has not got one of the attributes any more."""
    caplog.set_level(logging.WARNING)
    any_server.always = answer(paid())
    async with kind.client(any_server.url, max_connections=1) as portone:
        for _ in range(5):
            await portone.request("GET", "/")
    assert any_server.opened == 1
    assert WARNING not in caplog.text


class Without:
    """An object, and all that is reached through it, without an attribute of some name."""

    def __init__(self, whole: Any, name: str) -> None:
        self._whole = whole
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise AttributeError(name)
        return self._without(getattr(self._whole, name))

    def __getitem__(self, key: int) -> Any:
        return self._without(self._whole[key])

    def __iter__(self) -> Iterator[Any]:
        return map(self._without, self._whole)

    def __bool__(self) -> bool:
        return bool(self._whole)

    def __call__(self, *arguments: Any) -> Any:
        return self._whole(*arguments)

    def _without(self, found: Any) -> Any:
        plain = found is None or isinstance(found, bytes | bytearray | int | str)
        return found if plain else Without(found, self._name)


@pytest.fixture
def names(kind: Kind, server_tls: object) -> list[str]:
    """The attributes that count on this event loop, with TLS or without it."""
    by_loop = OF_TRIO if kind.loop == "trio" else OF_ASYNCIO
    return [*ATTRIBUTES, *by_loop, *(OF_TLS if server_tls is not None else {})]


async def test_without_an_attribute_each_connection_is_used_once(
    kind: Kind,
    any_server: Server,
    names: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a warning; the results are right all the same, stray responses or not."""
    is_drained = httpx_transport.is_drained

    async def play(exchange: Exchange) -> None:
        payment_id = requested_id(exchange)
        stray = named("stray") if payment_id in ("order-1", "order-3") else b""
        await exchange.write(named(payment_id) + stray)

    any_server.always = Step(play)
    for missing in names:
        caplog.clear()
        opened = any_server.opened
        monkeypatch.setattr(
            httpx_transport,
            "is_drained",
            lambda transport, name=missing: is_drained(Without(transport, name)),
        )
        async with kind.client(any_server.url, max_connections=1) as portone:

            async def call(payment_id: str, client: Any = portone) -> None:
                assert (await get_at_once(client, payment_id)).id == payment_id

            with anyio.fail_after(PATIENCE):
                async with anyio.create_task_group() as tasks:
                    for number in range(4):
                        tasks.start_soon(call, f"order-{number}")
        assert any_server.opened == opened + 4, missing
        assert WARNING in caplog.text, missing


async def test_a_stand_in_without_an_attribute_is_one_with_all_others(
    kind: Kind, any_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the test above would prove nothing."""
    is_drained = httpx_transport.is_drained
    monkeypatch.setattr(
        httpx_transport, "is_drained", lambda transport: is_drained(Without(transport, "unknown"))
    )
    any_server.always = answer(paid())
    async with kind.client(any_server.url, max_connections=1) as portone:
        for _ in range(3):
            await portone.payment.get_payment("order-1")
    assert any_server.opened == 1


def test_a_tls_connection_that_has_failed_is_not_used_again() -> None:
    """Whatever it holds cannot be read."""

    class Failed:
        transport_stream = None

        class _ssl_object:  # noqa: N801  (as anyio names it)
            @staticmethod
            def read(_: int) -> bytes:
                raise ssl.SSLZeroReturnError

    assert unread._has_unread_data(Failed())
