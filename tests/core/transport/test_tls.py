"""TLS: whom a client trusts, what it shows of itself, and what it does not say without."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from portone_async import errors, with_response
from tests.core.conftest import SECRET, paid
from tests.core.server import Server, answer, serving
from tests.core.tls import Authority
from tests.core.transport.matrix import AT_ONCE, DEFAULT, DIRECT, ONCE, Kind, on
from tests.core.transport.servers import RESPONSE, listening

if TYPE_CHECKING:
    from anyio.abc import AnyByteStream

pytestmark = pytest.mark.anyio


async def test_a_client_trusts_the_authority_that_it_is_given(
    kind: Kind, authority: Authority
) -> None:
    async with serving(authority.server()) as server:
        server.plays(answer(paid()))
        async with kind.client(server.url, ssl_context=authority.client()) as portone:
            await portone.payment.get_payment("order-1", options=ONCE)


async def test_an_unknown_authority_is_not_trusted(kind: Kind, authority: Authority) -> None:
    """Not a byte of the request is sent, the error says why, and it is not tried again."""
    async with serving(authority.server()) as server:
        async with kind.client(server.url, retry=AT_ONCE) as portone:
            with pytest.raises(errors.APIConnectionError, match="ConnectError") as caught:
                await portone.payment.get_payment("order-1")
        assert "certificate is not trusted" in str(caught.value)
        assert not caught.value.may_have_reached
        assert not caught.value.is_transient
        assert caught.value.attempts == 1
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        assert server.requests == []
        await server.until(lambda: server.open == 0)


async def test_a_certificate_for_another_name_is_not_trusted(
    kind: Kind, authority: Authority
) -> None:
    """Whoever issued it."""
    async with serving(authority.server("DNS:other.example,IP:127.0.0.9")) as server:
        async with kind.client(
            server.url, retry=AT_ONCE, ssl_context=authority.client()
        ) as portone:
            with pytest.raises(errors.APIConnectionError, match="not trusted") as caught:
                await portone.payment.get_payment("order-1")
        assert not caught.value.may_have_reached
        assert caught.value.attempts == 1
        assert server.requests == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
async def test_ssl_cert_file_names_the_authorities(
    kind: Kind, tls_server: Server, name: str
) -> None:
    """As everywhere."""
    tls_server.plays(answer(paid()))
    async with kind.client(tls_server.url.replace("127.0.0.1", name)) as portone:
        await portone.payment.get_payment("order-1", options=ONCE)


async def test_a_client_may_have_a_certificate_of_its_own(kind: Kind, authority: Authority) -> None:
    """A server that asks for one receives it, and turns away who has none."""
    asking = authority.server()
    asking.verify_mode = ssl.CERT_REQUIRED
    async with serving(asking) as server:
        server.plays(answer(paid()))
        async with kind.client(server.url, ssl_context=authority.client()) as portone:
            with pytest.raises(errors.APIConnectionError):
                await portone.payment.get_payment("order-1", options=ONCE)
        async with kind.client(server.url, ssl_context=authority.client("DNS:me")) as portone:
            await portone.payment.get_payment("order-1", options=ONCE)
        assert len(server.requests) == 1


async def test_a_server_without_tls_is_told_nothing(kind: Kind) -> None:
    """The secret is for TLS only, once `base_url` says https."""
    received: list[bytes] = []

    async def handler(stream: AnyByteStream) -> None:
        received.append(await stream.receive())
        await stream.send(RESPONSE)

    async with listening(handler) as url, kind.client(url.replace("http", "https")) as portone:
        with pytest.raises(errors.APIConnectionError, match="TLS failed") as caught:
            await portone.payment.get_payment("order-1", options=ONCE)
    assert not caught.value.may_have_reached
    assert received
    assert SECRET.encode() not in b"".join(received)


async def test_session_tickets_do_not_cost_a_connection(kind: Kind, tls_server: Server) -> None:
    """A server may send some of TLS's own bytes after each response; those are not a response to anything."""
    tls_server.always = answer(paid())
    async with kind.client(tls_server.url) as portone:
        for _ in range(5):
            await portone.payment.get_payment("order-1")
    assert tls_server.opened == 1


@on(DIRECT)
async def test_a_server_that_agrees_on_http2_gets_no_request(
    kind: Kind, authority: Authority
) -> None:
    """A context that offers HTTP/2, as one does that is shared with a client that speaks it."""
    there, here = authority.server(), authority.client()
    for context in (there, here):
        context.set_alpn_protocols(["h2", "http/1.1"])
    async with serving(tls=there) as server, kind.client(server.url, ssl_context=here) as portone:
        with pytest.raises(errors.APIConnectionError, match="another protocol") as caught:
            await portone.payment.get_payment("order-1", options=ONCE)
        assert server.requests == []
    assert not caught.value.may_have_reached


@on(DEFAULT)
async def test_httpx_offers_http1_whatever_the_context_does(
    kind: Kind, authority: Authority
) -> None:
    there, here = authority.server(), authority.client()
    for context in (there, here):
        context.set_alpn_protocols(["h2", "http/1.1"])
    async with serving(tls=there) as server, kind.client(server.url, ssl_context=here) as portone:
        server.plays(answer(paid()))
        result = await with_response(portone.payment.get_payment, "order-1")
    assert result.response.status == 200
