"""A connection of the direct transport by itself: what the event loop may tell it, in any order."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define, field

from portone_async._errors import RequestInfo
from portone_async._options import Timeout
from portone_async._request import Request
from portone_async._response import RawResponse
from portone_async._transport.direct.connection import DirectConnection
from portone_async._transport_error import TransportError

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]
INFO = RequestInfo("GET", "/")
GET = Request("GET", "/", [], None, INFO)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@define
class Wire:
    """What a connection writes to."""

    sock: socket.socket
    written: bytearray = field(factory=bytearray)
    aborted: bool = False

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True

    def set_write_buffer_limits(self, **limits: int) -> None:
        pass

    def get_extra_info(self, name: str) -> Any:
        return {"socket": self.sock}.get(name)


@pytest.fixture
def wire() -> Iterator[Wire]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours)


def connected(wire: Wire) -> DirectConnection:
    connection = DirectConnection("h", 1_000)
    connection.connection_made(wire)  # type: ignore[arg-type]
    return connection


def sending(connection: DirectConnection, request: Request = GET) -> asyncio.Task[RawResponse]:
    ends_at = asyncio.get_running_loop().time() + 60
    return asyncio.create_task(connection.send(request, Timeout(), ends_at))


async def test_what_was_closed_as_soon_as_it_was_opened_was_sent_nothing(wire: Wire) -> None:
    connection = connected(wire)
    connection.connection_lost(None)
    with pytest.raises(TransportError, match="closed by the server") as caught:
        await sending(connection)
    assert not caught.value.may_have_reached
    assert not wire.written


async def test_what_http_cannot_carry_is_not_sent(wire: Wire) -> None:
    request = Request("GET", "/", [("a", "b\r\nc: d")], None, INFO)
    with pytest.raises(TransportError, match="LocalProtocolError") as caught:
        await sending(connected(wire), request)
    assert not caught.value.may_have_reached
    assert not wire.written


async def test_data_that_was_not_asked_for_closes_the_connection(wire: Wire) -> None:
    connection = connected(wire)
    connection.data_received(HEAD)
    assert wire.aborted
    assert not await connection.is_reusable()


async def test_data_behind_a_response_closes_the_connection(wire: Wire) -> None:
    """The response itself is good."""
    connection = connected(wire)
    task = sending(connection)
    await asyncio.sleep(0)
    connection.data_received(HEAD + b"{}")
    connection.data_received(HEAD)
    assert (await task).content == b"{}"
    assert wire.aborted
    assert not await connection.is_reusable()


async def test_a_response_that_begins_before_all_is_sent_is_waited_for(wire: Wire) -> None:
    """It does not extend the time in which the server must take the request."""
    connection = connected(wire)
    task = sending(connection)
    await asyncio.sleep(0)
    connection.pause_writing()
    deadline = connection._deadline
    connection.data_received(HEAD)
    assert connection._deadline == deadline
    connection.data_received(b"{}")
    assert (await task).content == b"{}"
    assert wire.aborted  # the rest of the request is still to be sent


async def test_the_first_error_is_the_one_that_is_raised(wire: Wire) -> None:
    connection = connected(wire)
    task = sending(connection)
    await asyncio.sleep(0)
    connection.data_received(b"SSH-2.0\r\n\r\n")
    connection.connection_lost(ConnectionResetError())
    connection.data_received(HEAD)
    with pytest.raises(TransportError, match=r"RemoteProtocolError: no HTTP/1\.1 head"):
        await task


async def test_where_sockets_cannot_be_polled_a_connection_is_reusable(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, whose event loop reads before it is asked to."""
    monkeypatch.delattr(select, "poll")
    connection = connected(wire)
    assert await connection.is_reusable()
    connection.eof_received()
    assert not await connection.is_reusable()


def test_a_connection_may_outlive_its_event_loop(wire: Wire, anyio_backend: str) -> None:
    """To abort what is left of it then would be an error."""

    async def connect() -> DirectConnection:
        return connected(wire)

    connection = asyncio.run(connect())
    asyncio.run(connection.aclose())
    assert not wire.aborted
