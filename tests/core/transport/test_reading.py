"""Reading a response: whole, in pieces, in turn with others, or not to its end."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from portone_async import errors
from tests.core.conftest import paid
from tests.core.server import PATIENCE, Exchange, Hangup, Server, Step, answer, gzipped, head
from tests.core.transport.matrix import ONCE, Kind
from tests.core.transport.servers import RESPONSE, get_paid, named, names_in

pytestmark = pytest.mark.anyio


async def test_a_response_may_be_compressed_or_not(kind: Kind, any_server: Server) -> None:
    any_server.plays(answer(paid()), gzipped(paid()))
    async with kind.client(any_server.url) as portone:
        first = await portone.payment.get_payment("order-1")
        assert await portone.payment.get_payment("order-1") == first
    assert len(any_server.requests) == 2


async def test_a_response_may_arrive_byte_by_byte(kind: Kind, server: Server) -> None:
    async def play(exchange: Exchange) -> None:
        for byte in named("order-1"):
            await exchange.write(bytes([byte]))

    server.plays(Step(play))
    async with kind.client(server.url) as portone:
        assert (await get_paid(portone, "order-1")).id == "order-1"


async def test_early_hints_precede_the_response(kind: Kind, server: Server) -> None:
    """Of a 1xx nothing is kept."""
    server.plays(Step(_early_hints), answer(paid()))
    async with kind.client(server.url) as portone:
        for _ in range(2):
            await portone.payment.get_payment("order-1")
    assert server.opened == 1


async def _early_hints(exchange: Exchange) -> None:
    await exchange.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    await answer(paid()).play(exchange)


async def test_a_big_body_arrives_whole_both_ways(kind: Kind, any_server: Server) -> None:
    """In order, to the last byte."""
    text = "".join(chr(33 + number % 90) for number in range(2_000_011))
    any_server.plays(answer({"text": text}), answer(paid()))
    async with kind.client(any_server.url) as portone:
        with anyio.fail_after(4 * PATIENCE):
            response = await portone.request("POST", "/big", json={"text": text}, options=ONCE)
            assert response.json() == any_server.request.json == {"text": text}
            await portone.payment.get_payment("order-1")
    assert any_server.opened == 1


@pytest.mark.parametrize("size", [0, 1, -1])
async def test_a_connection_that_ends_within_a_response_is_an_error(
    kind: Kind, any_server: Server, size: int
) -> None:
    """With TLS too, whose close_notify the server leaves out."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(RESPONSE[:size])
        raise Hangup

    any_server.plays(Step(play))
    async with kind.client(any_server.url) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1", options=ONCE)
    assert caught.value.may_have_reached


@pytest.mark.parametrize("framing", ["length", "chunked", "neither"])
async def test_a_download_must_say_where_it_ends(
    kind: Kind, any_server: Server, tmp_path: Path, framing: str
) -> None:
    """Anybody can cut a connection, and half a sheet would pass for a whole one."""
    sheet = b"id,amount\n1,1000\n"
    headers = {
        "length": {"Content-Length": str(len(sheet))},
        "chunked": {"Transfer-Encoding": "chunked"},
        "neither": {},
    }[framing]
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(sheet), sheet) if framing == "chunked" else sheet

    async def play(exchange: Exchange) -> None:
        await exchange.write(head(200, {"Connection": "close", **headers}) + body)
        raise Hangup

    any_server.plays(Step(play))
    file = tmp_path / "sheet.csv"
    async with kind.client(any_server.url) as portone:
        download = portone.platform.transfer.download_platform_transfer_sheet
        if framing == "neither":
            with pytest.raises(errors.ResponseError, match="length"):
                await download(file=file, fields=["TRANSFER_ID"], options=ONCE)
            assert names_in(tmp_path) == []
        else:
            await download(file=file, fields=["TRANSFER_ID"], options=ONCE)
            assert file.read_bytes() == sheet
