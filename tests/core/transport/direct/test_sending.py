"""Responses that arrive before a request is sent to its end."""

from __future__ import annotations

import anyio
import pytest

from portone_async import errors
from tests.core.server import PATIENCE, head
from tests.core.transport.matrix import DIRECT, ONCE, Kind, on
from tests.core.transport.servers import BIG, RESPONSE, Peer, small_server

pytestmark = [pytest.mark.anyio, on(DIRECT)]


async def test_a_response_before_all_is_sent_is_the_response(kind: Kind) -> None:
    """413 while a big body is being sent; the rest of it never reaches a later request's connection."""
    received: list[bytes] = []
    go_on, ended = anyio.Event(), anyio.Event()
    rest = 0

    async def handler(peer: Peer) -> None:
        nonlocal rest
        received.append(await peer.receive())
        if len(received) > 1:
            await peer.send(RESPONSE)
            return
        await peer.send(head(413, {"Content-Length": "2"}) + b"{}")
        await go_on.wait()
        rest = await peer.count_rest()
        ended.set()

    async with small_server(handler) as url, kind.client(url) as portone:
        with anyio.fail_after(PATIENCE), pytest.raises(errors.APIError) as caught:
            await portone.request("POST", "/big", json=BIG, options=ONCE)
        assert caught.value.status == 413
        go_on.set()
        with anyio.fail_after(PATIENCE):
            await ended.wait()
        await portone.payment.get_payment("order-1")
    assert [data.split(b" ")[0] for data in received] == [b"POST", b"GET"]
    assert rest < len(BIG["text"]) * 3 // 4
