"""A client of the user's, httpx's or httpx2's: what is its own, and what stays this package's."""

from __future__ import annotations

import copy
import importlib
import logging
import pickle
from pathlib import Path
from typing import Any

import anyio
import pytest

from portone_async import PortOne, RequestOptions, Timeout, errors
from tests.core.conftest import ORDER, SECRET, WORD, paid
from tests.core.server import PATIENCE, Server, answer, half, silence, stalled, when
from tests.core.transport.matrix import AT_ONCE, USERS, Kind, on
from tests.core.transport.servers import get_paid, names_in

pytestmark = [
    pytest.mark.anyio,
    on([*USERS, Kind("httpx", "trio", "httpx"), Kind("httpx", "trio", "httpx2")]),
]


@pytest.fixture
def httpx(kind: Kind) -> Any:
    """The user's library."""
    return importlib.import_module(str(kind.library))


def client_of(httpx: Any, server: Server, **options: Any) -> tuple[Any, PortOne]:
    """A client of the user's, and one of this package's that sends by it."""
    http_client = httpx.AsyncClient(verify=False, **options)
    return http_client, PortOne(SECRET, base_url=server.url, http_client=http_client)


@pytest.mark.parametrize("step", [silence(), stalled(b'{"status": "PAID"}')])
async def test_the_timeout_of_the_call_counts(httpx: Any, server: Server, step: Any) -> None:
    """Not the user's client's."""
    server.plays(step)
    http_client, portone = client_of(httpx, server, timeout=None)
    options = RequestOptions(timeout=Timeout(read=0.05), max_retries=0)
    async with http_client, portone:
        with pytest.raises(errors.APITimeoutError) as caught:
            await portone.payment.get_payment("order-1", options=options)
    assert caught.value.may_have_reached


async def test_the_timeout_of_this_package_counts(httpx: Any, server: Server) -> None:
    """60 s for a response, however short the user's client would wait: PortOne asks for that."""
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())))
    http_client, portone = client_of(httpx, server, timeout=0.01)
    async with http_client, portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                with anyio.move_on_after(0.03):
                    await anyio.sleep_forever()
                gate.set()
    assert len(server.requests) == 1


async def test_a_busy_pool_is_a_timeout_before_anything_was_sent(
    httpx: Any, server: Server
) -> None:
    """The limits of the user's client hold."""
    server.plays(silence())
    limits = httpx.Limits(max_connections=1)
    http_client, portone = client_of(httpx, server, limits=limits)
    async with http_client, portone, anyio.create_task_group() as tasks:
        tasks.start_soon(portone.payment.get_payment, "order-1")
        await server.until(lambda: len(server.requests) == 1)
        options = RequestOptions(timeout=Timeout(pool=0.02), max_retries=0)
        with pytest.raises(errors.APITimeoutError, match="PoolTimeout") as caught:
            await portone.payment.get_payment("order-2", options=options)
        assert not caught.value.may_have_reached
        tasks.cancel_scope.cancel()


async def test_redirects_are_not_followed(httpx: Any, server: Server) -> None:
    """Even if the user's client would."""
    server.plays(answer(b"", 302, {"Location": "/elsewhere"}))
    http_client, portone = client_of(httpx, server, follow_redirects=True)
    async with http_client, portone:
        with pytest.raises(errors.APIError) as caught:
            await portone.payment.get_payment("order-1")
    assert caught.value.status == 302
    assert len(server.requests) == 1


async def test_its_credentials_do_not_replace_the_secret(httpx: Any, server: Server) -> None:
    """Nor do its headers; those that are only its own are sent."""
    server.plays(answer(paid()))
    headers = {"Authorization": "Bearer theirs", "X-Shop": "shop-1"}
    http_client, portone = client_of(httpx, server, auth=("user", "word"), headers=headers)
    async with http_client, portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == f"PortOne {SECRET}"
    assert server.request.header("x-shop") == "shop-1"


async def test_it_stays_the_users_to_close(httpx: Any, server: Server) -> None:
    """It works after this package's client is closed, and that one does not."""
    server.always = answer(paid())
    http_client, portone = client_of(httpx, server)
    async with http_client:
        await portone.payment.get_payment("order-1")
        await portone.aclose()
        assert not http_client.is_closed
        assert (await http_client.get(server.url)).status_code == 200
        with pytest.raises(errors.ClientClosedError):
            await portone.payment.get_payment("order-1")


async def test_a_closed_one_says_so(httpx: Any, server: Server) -> None:
    """With this package's error."""
    http_client, portone = client_of(httpx, server)
    await http_client.aclose()
    async with portone:
        with pytest.raises(errors.ClientClosedError, match="http_client"):
            await portone.payment.get_payment("order-1")
    assert server.untouched


async def test_a_request_too_long_for_a_url_is_refused(httpx: Any, server: Server) -> None:
    """With this package's error and without the URL in it."""
    http_client, portone = client_of(httpx, server)
    async with http_client, portone:
        with pytest.raises(errors.InvalidArgumentError, match="too long"):
            await portone.payment.payment_schedule.revoke_payment_schedules(
                schedule_ids=["a" * 99] * 999
            )
    assert server.untouched


async def test_a_cancelled_call_leaves_it_usable(httpx: Any, server: Server) -> None:
    """With one connection, so that a leaked one would show."""
    server.plays(silence(), answer(paid()))
    http_client, portone = client_of(httpx, server, limits=httpx.Limits(max_connections=1))
    async with http_client, portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                tasks.cancel_scope.cancel()
            await portone.payment.get_payment("order-1")


async def test_downloads_go_by_it_too(kind: Kind, server: Server, tmp_path: Path) -> None:
    """Whole or not at all."""
    target = tmp_path / "sheet.csv"
    server.plays(half(b"id\r\n" * 10_000), answer(b"id\r\n1\r\n"))
    async with kind.client(server.url, retry=AT_ONCE) as portone:
        await portone.platform.transfer.download_platform_transfer_sheet(file=target)
    assert target.read_bytes() == b"id\r\n1\r\n"
    assert names_in(tmp_path) == ["sheet.csv"]


async def test_it_logs_no_secret(
    httpx: Any, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor the URL, as it does for the user's own requests."""
    caplog.set_level(logging.DEBUG)
    server.plays(answer(paid()))
    http_client, portone = client_of(httpx, server)
    async with http_client, portone:
        await portone.payment.get_payment(ORDER)
    logged = "".join(record.getMessage() for record in caplog.records)
    assert "HTTP Request: GET /payments/{paymentId}" in logged
    for marker in (SECRET, WORD, ORDER):
        assert marker not in logged


async def test_its_event_hooks_are_called(httpx: Any, server: Server) -> None:
    """With the request and the response, as for any other."""
    server.plays(answer(paid()))
    seen: list[str] = []

    async def on_request(request: Any) -> None:
        seen.append(request.method)

    async def on_response(response: Any) -> None:
        await response.aread()
        seen.append(response.json()["id"])

    hooks = {"request": [on_request], "response": [on_response]}
    http_client, portone = client_of(httpx, server, event_hooks=hooks)
    async with http_client, portone:
        assert (await get_paid(portone, ORDER)).id == ORDER
    assert seen == ["GET", ORDER]


async def test_an_event_hook_that_raises_for_error_responses_is_understood(
    httpx: Any, server: Server
) -> None:
    """As an error of this package's, by which the request may have been carried out; httpx's has the headers."""
    server.always = answer({}, 500)

    async def on_response(response: Any) -> None:
        response.raise_for_status()

    http_client, portone = client_of(httpx, server, event_hooks={"response": [on_response]})
    async with http_client, portone:
        options = RequestOptions(max_retries=0)
        with pytest.raises(errors.APIConnectionError, match="HTTPStatusError") as caught:
            await portone.payment.cancel_payment(ORDER, reason="r", options=options)
    assert caught.value.may_have_reached


async def test_its_mock_transport_responds(httpx: Any, server: Server) -> None:
    """As users test with httpx."""

    def respond(request: Any) -> Any:
        return httpx.Response(200, json=paid(id=request.url.path.rpartition("/")[2]))

    http_client, portone = client_of(httpx, server, transport=httpx.MockTransport(respond))
    async with http_client, portone:
        assert (await get_paid(portone, "order-7")).id == "order-7"
    assert server.untouched


async def test_hooks_see_the_whole_url(httpx: Any, server: Server) -> None:
    """Compared, copied and pickled like any other, and what is sent is exactly what it says."""
    server.plays(answer(paid()))
    seen: list[Any] = []

    async def on_request(request: Any) -> None:
        seen.append(request.url)

    http_client, portone = client_of(httpx, server, event_hooks={"request": [on_request]})
    async with http_client, portone:
        await portone.payment.get_payment("주문 (1)!'*?", store_id="store & 1")
    target = "/payments/%EC%A3%BC%EB%AC%B8%20(1)!'*%3F?storeId=store%20%26%201"
    assert server.requests[0].target == target
    (url,) = seen
    host = httpx.URL(server.url)
    for other in (url, copy.copy(url), copy.deepcopy(url), pickle.loads(pickle.dumps(url))):  # noqa: S301
        assert str(other) == server.url + target
        assert other.raw_path == target.encode()
        assert other.path == "/payments/주문 (1)!'*?"
        assert dict(other.params) == {"storeId": "store & 1"}
        assert (other.scheme, other.host, other.port) == (host.scheme, host.host, host.port)
        assert other == url == httpx.URL(server.url + target)
        assert hash(other) == hash(httpx.URL(server.url + target))
        assert other.copy_with(path="/x", query=None) == httpx.URL(server.url + "/x")
        with pytest.raises(AttributeError, match="fragments"):
            other.fragments  # noqa: B018
