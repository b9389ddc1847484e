"""A client of the user's own: httpx's or httpx2's, with the same behaviour."""

from __future__ import annotations

import importlib
import os
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import anyio
import pytest

from portone_async import PortOne, RequestOptions, errors, models
from tests.core.conftest import ORDER, SECRET, WORD, Waits, paid
from tests.core.server import (
    PATIENCE,
    Ledger,
    Server,
    Step,
    answer,
    empty,
    error,
    garbage,
    gzipped,
    half,
    half_chunked,
    html,
    reset,
    reset_unread,
    silence,
    stalled,
    when,
)
from tests.core.transport.matrix import USERS, Kind, on

CLIENTS: Final = [*USERS, *(Kind("httpx", "trio", kind.library) for kind in USERS)]
pytestmark = [pytest.mark.anyio, on(CLIENTS)]


@pytest.fixture
def httpx(kind: Kind) -> Any:
    """The library of the user's client."""
    assert kind.library is not None
    return importlib.import_module(kind.library)


@pytest.fixture
async def http_client(httpx: Any) -> AsyncIterator[Any]:
    async with httpx.AsyncClient() as http_client:
        yield http_client


@pytest.fixture
async def own(server: Server, http_client: Any, waits: Waits) -> AsyncIterator[PortOne]:
    """A client that sends by the user's; its retries wait in `waits`."""
    async with PortOne(
        SECRET, base_url=server.url, http_client=http_client, retry=waits.policy()
    ) as portone:
        yield portone


async def test_it_sends_the_same_request(server: Server, portone: PortOne, own: PortOne) -> None:
    """As the default transport does, header for header."""
    server.always = answer(paid())
    options = RequestOptions(idempotency_key="refund-of-order-1", headers={"X-Trace": "1"})
    for client in (portone, own):
        await client.payment.get_payment("결제/1 %")
        await client.payment.cancel_payment("order-1", reason="이유", options=options)
        await client.payment.get_payments(page=models.PageInput(size=1))
        await client.common.get_bank_infos()
    default, users = server.requests[:4], server.requests[4:]
    for first, second in zip(default, users, strict=True):
        assert (first.method, first.target, first.body) == (
            second.method,
            second.target,
            second.body,
        )
        left_out = {"connection"}
        assert {h for h in first.headers if h[0] not in left_out} == {
            h for h in second.headers if h[0] not in left_out
        }


async def test_it_reads_the_same_response(server: Server, own: PortOne) -> None:
    """Compressed or not."""
    server.plays(answer(paid()), gzipped(paid()))
    for _ in range(2):
        payment = await own.payment.get_payment(ORDER)
        assert isinstance(payment, models.PaidPayment)
        assert payment.id == ORDER


async def test_it_raises_the_same_errors(server: Server, own: PortOne) -> None:
    """By type and by status."""
    server.plays(error("PAYMENT_NOT_FOUND", 404, message=WORD), html(403))
    with pytest.raises(errors.PaymentNotFoundError) as caught:
        await own.payment.get_payment(ORDER)
    assert caught.value.message == WORD
    with pytest.raises(errors.PermissionDeniedError):
        await own.payment.get_payment(ORDER)


BROKEN = {
    "reset": reset(),
    "reset unread": reset_unread(),
    "half": half(b'{"status": "PAID"}'),
    "half chunked": half_chunked(b'{"status": "PAID"}'),
    "garbage": garbage(WORD.encode() + b"\r\n\r\n"),
}


@pytest.mark.parametrize("step", BROKEN.values(), ids=BROKEN)
async def test_its_connection_errors_are_understood(
    server: Server,
    own: PortOne,
    waits: Waits,
    discreet: Callable[..., None],
    step: Step,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As errors of the connection, retried."""
    for name in ("httpcore", "httpcore2"):
        caplog.set_level(
            "INFO", logger=name
        )  # at DEBUG they log what a server sent instead of HTTP
    server.always = step
    with pytest.raises(errors.APIConnectionError) as caught:
        await own.payment.cancel_payment(ORDER, reason=WORD)
    assert caught.value.attempts == 3
    assert len(waits) == 2
    assert caught.value.may_have_reached
    assert not isinstance(caught.value, errors.APITimeoutError)
    discreet(caught.value)


async def test_a_lost_response_is_asked_for_again(server: Server, own: PortOne) -> None:
    """Under the same key, once executed."""
    ledger = Ledger(answer({"cancellation": {"status": "SUCCEEDED"}}))
    server.plays(ledger.loses(reset()), ledger.answers())
    await own.payment.cancel_payment("order-1", reason="r")
    assert ledger.executed == 1
    assert len(set(server.keys)) == 1


async def test_nobody_there(refusing: str, http_client: Any, waits: Waits) -> None:
    """PortOne certainly did not get it."""
    async with PortOne(
        SECRET, base_url=refusing, http_client=http_client, retry=waits.policy()
    ) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.get_payment("order-1")
    assert not caught.value.may_have_reached


@pytest.mark.parametrize(
    "step", [silence(), stalled(b'{"status": "PAID"}')], ids=["silence", "stalled"]
)
async def test_its_timeouts_are_understood(server: Server, own: PortOne, step: Step) -> None:
    """The call's timeout counts, not the user's client's."""
    server.plays(step)
    options = RequestOptions(timeout=0.02, max_retries=0)
    with pytest.raises(errors.APITimeoutError) as caught:
        await own.payment.get_payment("order-1", options=options)
    assert caught.value.may_have_reached


async def test_this_packages_timeout_counts(server: Server, httpx: Any) -> None:
    """60 s for a response, whatever the user's client would wait: PortOne asks for that."""
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())))
    async with (
        httpx.AsyncClient(timeout=0.01) as http_client,
        PortOne(SECRET, base_url=server.url, http_client=http_client) as portone,
    ):
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                await anyio.sleep(0.03)  # longer than the user's client would wait
                gate.set()
    assert len(server.requests) == 1


async def test_a_busy_pool_is_a_timeout_before_anything_was_sent(
    server: Server, httpx: Any
) -> None:
    """The limits of the user's client hold."""
    server.plays(silence())
    limits = httpx.Limits(max_connections=1)
    options = RequestOptions(timeout=0.02)
    async with httpx.AsyncClient(limits=limits) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client, max_retries=0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(portone.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == 1)
            with pytest.raises(errors.APITimeoutError) as caught:
                await portone.payment.get_payment("order-2", options=options)
            assert not caught.value.may_have_reached
            tasks.cancel_scope.cancel()
    assert len(server.requests) == 1


async def test_redirects_are_not_followed(server: Server, httpx: Any) -> None:
    """Even if the user's client would."""
    server.plays(empty(302, {"Location": "/elsewhere"}))
    async with httpx.AsyncClient(follow_redirects=True) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
        with pytest.raises(errors.APIError) as caught:
            await portone.payment.get_payment("order-1")
    assert caught.value.status == 302
    assert len(server.requests) == 1


async def test_its_credentials_do_not_replace_the_secret(server: Server, httpx: Any) -> None:
    """Nor do its headers; those that are only its own are sent."""
    server.plays(answer(paid()))
    theirs = ["Authorization", "User-Agent", "Accept", "Accept-Encoding", "Host", "X-Shop"]
    headers = dict.fromkeys(theirs, "theirs")
    async with httpx.AsyncClient(auth=("user", "word"), headers=headers) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == f"PortOne {SECRET}"
    for name in theirs[:-1]:
        assert server.request.header(name.lower()) not in (None, "theirs")
    assert server.request.header("x-shop") == "theirs"


async def test_it_stays_the_users_to_close(server: Server, http_client: Any) -> None:
    """It works after this package's client is closed, and that one does not."""
    server.always = answer(paid())
    portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
    await portone.payment.get_payment("order-1")
    await portone.aclose()
    assert not http_client.is_closed
    assert (await http_client.get(server.url)).status_code == 200
    with pytest.raises(errors.ClientClosedError):
        await portone.payment.get_payment("order-1")


async def test_a_closed_one_says_so(server: Server, httpx: Any) -> None:
    """With this package's error."""
    http_client = httpx.AsyncClient()
    await http_client.aclose()
    async with PortOne(SECRET, base_url=server.url, http_client=http_client) as portone:
        with pytest.raises(errors.ClientClosedError, match="http_client"):
            await portone.payment.get_payment("order-1")
    assert server.untouched


async def test_a_request_too_long_for_a_url_is_refused(server: Server, own: PortOne) -> None:
    """With this package's error and without the URL in it."""
    with pytest.raises(errors.InvalidArgumentError, match="too long"):
        await own.payment.payment_schedule.revoke_payment_schedules(schedule_ids=["a" * 99] * 999)
    assert server.untouched


async def test_a_cancelled_call_leaves_it_usable(server: Server, httpx: Any) -> None:
    """With one connection, so that a leaked one would show."""
    server.plays(silence(), answer(paid()))
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, "order-1")
                await server.until(lambda: len(server.requests) == 1)
                tasks.cancel_scope.cancel()
            await portone.payment.get_payment("order-1")


async def test_downloads_go_by_it_too(server: Server, own: PortOne, tmp_path: Path) -> None:
    """Whole or not at all."""
    target = tmp_path / "sheet.csv"
    server.plays(half(b"id\r\n" * 10_000), answer(b"id\r\n1\r\n"))
    await own.platform.transfer.download_platform_transfer_sheet(file=target)
    assert target.read_bytes() == b"id\r\n1\r\n"
    assert os.listdir(tmp_path) == ["sheet.csv"]  # noqa: PTH208  (pathlib's may not be used in a coroutine)


async def test_it_logs_no_secret_and_no_id(
    server: Server, own: PortOne, httpx: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its library logs the URL of each request, and PortOne's hold ids: their template is logged instead."""
    caplog.set_level("DEBUG")
    server.plays(answer(paid()))
    await own.payment.get_payment(ORDER)
    logged = "".join(record.getMessage() for record in caplog.records)
    assert "/payments/{paymentId}" in [
        argument
        for record in caplog.records
        if record.name == httpx.__name__
        for argument in record.args or ()
    ]
    for marker in (SECRET, ORDER, WORD):
        assert marker not in logged


# Event hooks


@pytest.mark.parametrize("status", [404, 503])
async def test_a_hook_may_raise_for_a_status(
    server: Server, httpx: Any, discreet: Callable[..., None], status: int
) -> None:
    """What it raises repeats the URL, and with it the id: it becomes an error of this package without them."""

    async def raise_for_status(response: Any) -> None:
        response.raise_for_status()

    server.plays(error("PAYMENT_NOT_FOUND", status, message=WORD), answer(paid()))
    async with httpx.AsyncClient(event_hooks={"response": [raise_for_status]}) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
        with pytest.raises(errors.APIConnectionError, match="HTTPStatusError") as caught:
            await portone.payment.get_payment(ORDER)
        await portone.payment.get_payment(ORDER)
    assert caught.value.attempts == 1  # the hook would raise again
    assert caught.value.may_have_reached
    assert caught.value.__cause__ is caught.value.__context__ is None
    discreet(caught.value)


async def test_a_hook_may_refuse_a_request(
    server: Server, httpx: Any, discreet: Callable[..., None]
) -> None:
    """With an error of its own, which may hold anything."""

    async def refuse(request: Any) -> None:
        raise RuntimeError(f"{request.url} {request.headers}")

    async with httpx.AsyncClient(event_hooks={"request": [refuse]}) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
        with pytest.raises(errors.APIConnectionError, match="RuntimeError") as caught:
            await portone.payment.get_payment(ORDER)
    assert caught.value.attempts == 1
    assert caught.value.__cause__ is caught.value.__context__ is None
    discreet(caught.value)
    assert server.untouched


@pytest.mark.parametrize("step", [answer(paid()), gzipped(paid())], ids=["plain", "gzip"])
async def test_a_hook_may_read_the_response(server: Server, httpx: Any, step: Step) -> None:
    """Its library has decompressed the body then, and it is not decompressed again."""

    async def read(response: Any) -> None:
        await response.aread()

    server.plays(step)
    async with httpx.AsyncClient(event_hooks={"response": [read]}) as http_client:
        portone = PortOne(SECRET, base_url=server.url, http_client=http_client)
        payment = await portone.payment.get_payment(ORDER)
    assert isinstance(payment, models.PaidPayment)
    assert payment.id == ORDER


# What is refused when the PortOne is built


@pytest.mark.parametrize(
    "options",
    [
        {"ssl_context": ssl.create_default_context()},
        {"transport": "direct"},
        {"max_connections": 5},
    ],
    ids=["ssl_context", "transport", "max_connections"],
)
async def test_tls_transport_and_limits_are_the_clients_own(
    http_client: Any, options: dict[str, Any]
) -> None:
    """What would have no effect is refused."""
    with pytest.raises(errors.InvalidArgumentError, match="http_client"):
        PortOne(SECRET, http_client=http_client, **options)


def test_a_blocking_client_is_refused(httpx: Any) -> None:
    """As is everything else of its library."""
    with httpx.Client() as blocking:
        for other in (blocking, httpx, httpx.AsyncClient, httpx.AsyncHTTPTransport()):
            with pytest.raises(errors.InvalidArgumentError, match=r"http_client takes an httpx\."):
                PortOne(SECRET, http_client=other)
