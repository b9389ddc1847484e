"""Responses that arrive before a request is sent to its end."""

from __future__ import annotations

import anyio
import pytest

from portone_async import errors
from portone_async._transport.direct.http1 import ProtocolError, encode_raw
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


def test_a_request_of_httpcores_is_sent_with_what_tools_added() -> None:
    headers = [(b"host", b"a"), (b"Traceparent", b"00-\xe9"), (b"content-length", b"2")]
    assert encode_raw(b"POST", b"/a?b", headers, b"{}") == (
        b"POST /a?b HTTP/1.1\r\nhost: a\r\nTraceparent: 00-\xe9\r\ncontent-length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("target", "headers", "content"),
    [
        (b"/a b", [], b""),
        (b"/", [(b"a", b"b\r\nc: d")], b""),
        (b"/", [(b"a", b"b\x00")], b""),
        (b"/", [(b"a b", b"c")], b""),
        (b"/", [(b"a:", b"c")], b""),
        (b"/", [(b"", b"c")], b""),
        (b"/", [(b"Transfer-Encoding", b"chunked")], b""),
        (b"/", [(b"Content-Length", b"1")], b""),
        (b"/", [(b"content-length", b"2"), (b"content-length", b"1")], b"{}"),
        (b"/", [(b"content-length", b"x")], b"{}"),
        (b"/", [], b"{}"),
    ],
)
def test_a_request_that_is_not_one_is_refused(
    target: bytes, headers: list[tuple[bytes, bytes]], content: bytes
) -> None:
    """Whatever a tool has made of it: the server would take it for another, or for two."""
    with pytest.raises(ProtocolError):
        encode_raw(b"POST", target, headers, content)
