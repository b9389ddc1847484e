"""Retries: when a call is tried again, how long it waits, and that nothing happens twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import pytest

from portone_async import PortOne, RequestOptions, RetryPolicy, Timeout, errors, models
from tests.core.conftest import SECRET, Waits, paid
from tests.core.server import (
    PATIENCE,
    Ledger,
    Server,
    Step,
    answer,
    empty,
    error,
    half,
    half_chunked,
    headers_only,
    html,
    reset,
    reset_unread,
    silence,
    stalled,
    then_close,
    until_close,
    when,
)

pytestmark = pytest.mark.anyio
CANCELLED = {"cancellation": {"status": "SUCCEEDED", "id": "cancellation-1", "totalAmount": 1000}}
OUTSTANDING = error("IDEMPOTENCY_OUTSTANDING_REQUEST", 409)
QUICK = RequestOptions(timeout=Timeout(read=0.05))

LOST = {
    "reset": reset(),
    "half": half(b'{"cancellation": {}}'),
    "half chunked": half_chunked(b'{"cancellation": {}}'),
    "headers only": headers_only(),
    "no answer": silence(),
    "stalled": stalled(b'{"cancellation": {}}'),
    "cut JSON": until_close(b'{"cancellation": {"status": "SUCC'),
    "cut JSON after an inner object": until_close(b'{"cancellation": {"status": "SUCCEEDED"}'),
    "a gateway's page": html(200),
    "502": html(502),
    "504": empty(504),
    "500": empty(500),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_a_cancel_whose_answer_was_lost_happens_once(
    server: Server, portone: PortOne, waits: Waits, lost: Step
) -> None:
    """It is asked again under the same key, and PortOne tells what happened."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.loses(lost), ledger.loses(lost), ledger.answers())
    reply = await portone.payment.cancel_payment("order-1", reason="r", options=QUICK)
    assert isinstance(reply.cancellation, models.SucceededPaymentCancellation)
    assert reply.cancellation.id == "cancellation-1"
    assert ledger.executed == 1
    assert len(server.requests) == 3
    assert len(set(server.keys)) == 1
    assert server.keys[0] is not None
    assert len({request.body for request in server.requests}) == 1
    assert waits == [0.5, 1.0]


async def test_a_cancel_that_never_arrived_is_sent_again(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """A reset before it was read."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(reset_unread(), reset_unread(), ledger.answers())
    await portone.payment.cancel_payment("order-1", reason="r")
    assert server.unread == 2
    assert ledger.executed == 1


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_the_last_failure_is_the_error(
    server: Server, portone: PortOne, waits: Waits, lost: Step
) -> None:
    """After two retries, with the number of attempts and the key to ask with again."""
    server.always = lost
    with pytest.raises(
        (errors.APIConnectionError, errors.ResponseError, errors.ServerError)
    ) as caught:
        await portone.payment.cancel_payment("order-1", reason="r", options=QUICK)
    assert caught.value.attempts == 3
    assert len(server.requests) == 3
    assert {caught.value.request.idempotency_key} == set(server.keys)


@pytest.mark.parametrize("name", ["cut JSON", "cut JSON after an inner object", "a gateway's page"])
async def test_a_cut_success_is_only_an_error_after_the_last_attempt(
    server: Server, portone: PortOne, waits: Waits, name: str
) -> None:
    """A body of no declared length that ends in the middle is a passing fault."""
    server.plays(LOST[name], answer(paid()))
    assert isinstance(await portone.payment.get_payment("order-1"), models.PaidPayment)
    server.always = LOST[name]
    with pytest.raises(errors.ResponseError) as caught:
        await portone.payment.get_payment("order-1")
    assert caught.value.attempts == 3
    assert waits == [0.5, 0.5, 1.0]


async def test_a_success_without_a_declared_body_needs_no_json(
    server: Server, portone: PortOne
) -> None:
    """Two operations answer with nothing."""
    server.plays(empty(200))
    assert (
        await portone.b2b.tax_invoice.attach_b2b_tax_invoice_file("key", file_id="file-1") is None
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_passing_statuses_are_tried_again(
    server: Server, portone: PortOne, waits: Waits, status: int
) -> None:
    """Where the body names no error type of PortOne's."""
    server.plays(empty(status), html(status), answer(paid()))
    await portone.payment.get_payment("order-1")
    assert len(server.requests) == 3
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501, 505])
async def test_other_statuses_are_not_tried_again(
    server: Server, portone: PortOne, waits: Waits, status: int
) -> None:
    """They would be the same again."""
    server.plays(empty(status))
    with pytest.raises(errors.APIError) as caught:
        await portone.payment.get_payment("order-1")
    assert caught.value.attempts == 1
    assert waits == []


@pytest.mark.parametrize(
    ("type_", "status"),
    [("PG_PROVIDER", 502), ("SOMETHING_NEW", 503), ("INVALID_REQUEST", 429), ("UNKNOWN", 500)],
)
async def test_portones_own_errors_are_not_tried_again(
    server: Server, portone: PortOne, waits: Waits, type_: str, status: int
) -> None:
    """A declined card is an answer, not a fault of the wire."""
    server.plays(error(type_, status))
    with pytest.raises(errors.APIError) as caught:
        await portone.payment.pay_with_billing_key(
            "order-1",
            billing_key="key-1",
            order_name="a month",
            amount=models.PaymentAmountInput(total=1),
            currency="KRW",
        )
    assert (caught.value.type, caught.value.status) == (type_, status)
    assert len(server.requests) == 1
    assert waits == []


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_is_obeyed(
    server: Server, portone: PortOne, waits: Waits, status: int
) -> None:
    """As the least to wait."""
    server.plays(
        empty(status, {"Retry-After": "7"}),
        empty(status, {"Retry-After": "0"}),
        answer(paid()),
    )
    await portone.payment.get_payment("order-1")
    assert waits == [7.0, 1.0]


async def test_retry_after_as_a_date_is_obeyed(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """Reckoned from now; one in the past asks for nothing."""
    now = datetime.now(UTC)
    later, past = (format_datetime(now + timedelta(seconds=s), usegmt=True) for s in (20, -3600))
    server.plays(
        empty(429, {"Retry-After": later}), empty(429, {"Retry-After": past}), answer(paid())
    )
    await portone.payment.get_payment("order-1")
    assert 15 < waits[0] <= 20
    assert waits[1:] == [1.0]


@pytest.mark.parametrize("asked", ["31", "86400", "Fri, 03 Jul 2099 09:00:00 GMT"])
async def test_a_retry_after_beyond_the_cap_is_raised_at_once(
    server: Server, portone: PortOne, waits: Waits, asked: str
) -> None:
    """The caller decides about so long a wait."""
    server.plays(empty(429, {"Retry-After": asked}))
    with pytest.raises(errors.RateLimitError) as caught:
        await portone.payment.get_payment("order-1")
    assert caught.value.attempts == 1
    assert waits == []


async def test_the_first_request_of_a_key_is_waited_for(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """While it still runs PortOne says so; then it gives the first answer. The count of retries is no limit."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.loses(reset()), *[OUTSTANDING] * 5, ledger.answers())
    reply = await portone.payment.cancel_payment("order-1", reason="r")
    assert isinstance(reply.cancellation, models.SucceededPaymentCancellation)
    assert ledger.executed == 1
    assert len(set(server.keys)) == 1
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


async def test_the_budget_ends_the_wait_for_the_first_request(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """It does not go on for ever, and the error tells the key."""
    server.always = OUTSTANDING
    with pytest.raises(errors.ConflictError) as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.type == "IDEMPOTENCY_OUTSTANDING_REQUEST"
    assert caught.value.attempts == len(server.requests) > 10
    assert 170 < sum(waits) <= 180


async def test_no_retries_means_one_attempt(server: Server, waits: Waits) -> None:
    """For the client or for one call, whatever went wrong."""
    steps = (empty(503), OUTSTANDING, reset(), until_close(b"{"))
    server.plays(*steps, *steps)
    async with (
        PortOne(SECRET, base_url=server.url, max_retries=0) as never,
        PortOne(SECRET, base_url=server.url) as portone,
    ):
        for _ in steps:
            with pytest.raises(errors.PortOneError):
                await never.payment.cancel_payment("order-1", reason="r")
        for _ in steps:
            options = RequestOptions(max_retries=0)
            with pytest.raises(errors.PortOneError):
                await portone.payment.cancel_payment("order-1", reason="r", options=options)
    assert len(server.requests) == 8
    assert waits == []


async def test_a_call_may_be_more_stubborn_than_its_client(server: Server, waits: Waits) -> None:
    """`max_retries` of the call goes before the client's."""
    server.plays(*[empty(503)] * 5, answer(paid()))
    async with PortOne(SECRET, base_url=server.url, max_retries=0) as portone:
        await portone.payment.get_payment("order-1", options=RequestOptions(max_retries=5))
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]


async def test_the_budget_ends_the_retries(server: Server, waits: Waits) -> None:
    """A retry that would start after it is not waited for."""
    server.always = empty(503, {"Retry-After": "20"})
    policy = RetryPolicy(max_retries=100, budget=50)
    async with PortOne(SECRET, base_url=server.url, retry=policy) as portone:
        with pytest.raises(errors.ServiceUnavailableError) as caught:
            await portone.payment.get_payment("order-1")
    assert waits == [20.0, 20.0]
    assert caught.value.attempts == 3


async def test_a_refused_connection_is_tried_again(waits: Waits, refusing: str) -> None:
    """And the error says that nothing arrived."""
    async with PortOne(SECRET, base_url=refusing) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert not caught.value.may_have_reached
    assert caught.value.attempts == 3


@pytest.mark.parametrize("first", [reset(), empty(503)])
async def test_an_earlier_attempt_that_may_have_arrived_is_not_forgotten(
    server: Server, portone: PortOne, monkeypatch: pytest.MonkeyPatch, waits: Waits, first: Step
) -> None:
    """The first attempt was read, then the server went away: PortOne may have got the request."""

    async def meanwhile(delay: float) -> None:
        server.leave()
        await anyio.wait_all_tasks_blocked()

    monkeypatch.setattr("portone_async._client.anyio.sleep", meanwhile)
    server.plays(then_close(first))
    with pytest.raises(errors.APIConnectionError, match="ConnectError.*may have got it") as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.attempts == 3
    assert caught.value.may_have_reached
    assert len(server.requests) == 1


async def test_the_callers_key_is_the_key_of_each_attempt(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """So that a call can be taken up by another process."""
    server.plays(reset(), empty(503), answer(CANCELLED))
    options = RequestOptions(idempotency_key="refund-of-order-1")
    await portone.payment.cancel_payment("order-1", reason="r", options=options)
    assert server.keys == ["refund-of-order-1"] * 3


@pytest.fixture
async def single(server: Server) -> AsyncIterator[PortOne]:
    """A client with one lane only, so that a lost one shows."""
    async with PortOne(SECRET, base_url=server.url, max_connections=1) as portone:
        yield portone


@pytest.mark.parametrize("step", [empty(503), reset(), OUTSTANDING])
async def test_a_cancelled_task_stops_in_the_middle_of_a_backoff(
    server: Server, single: PortOne, backoff: anyio.Event, step: Step
) -> None:
    """At once, and the client's one lane is free again."""
    server.plays(step, answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(single.payment.get_payment, "order-1")
            await backoff.wait()
            tasks.cancel_scope.cancel()
        await single.payment.get_payment("order-1")
    assert len(server.requests) == 2


async def test_nobody_holds_a_lane_during_a_backoff(
    server: Server, single: PortOne, backoff: anyio.Event
) -> None:
    """Other calls go on meanwhile."""
    server.plays(empty(503), answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(single.payment.get_payment, "order-1")
            await backoff.wait()
            await single.payment.get_payment("order-2")
            tasks.cancel_scope.cancel()


SLOW = {"no answer": silence(), "stalled": stalled(b'{"status": "PAID"}')}


@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
async def test_a_cancelled_task_stops_in_the_middle_of_a_slow_answer(
    server: Server, single: PortOne, step: Step
) -> None:
    """The half-read connection is closed and not used for the next call."""
    server.plays(step, answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(single.payment.get_payment, "order-1")
            await server.until(lambda: len(server.requests) == 1)
            tasks.cancel_scope.cancel()
        await server.until(lambda: server.open == 0)
        payment = await single.payment.get_payment("order-1")
    assert isinstance(payment, models.PaidPayment)
    assert server.opened == 2


async def test_a_deadline_of_the_callers_ends_a_call(server: Server, single: PortOne) -> None:
    """`anyio.move_on_after` and friends are not mistaken for a timeout of the wire."""
    server.plays(silence(), answer(paid()))
    with anyio.move_on_after(0.05) as scope:
        await single.payment.get_payment("order-1")
    assert scope.cancelled_caught
    await single.payment.get_payment("order-1")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
async def test_a_native_cancellation_is_not_swallowed(
    server: Server, single: PortOne, step: Step
) -> None:
    """`task.cancel()` of asyncio's own, in the middle of a slow answer."""
    server.plays(step, answer(paid()))
    task = asyncio.ensure_future(single.payment.cancel_payment("order-1", reason="r"))
    await server.until(lambda: len(server.requests) == 1)
    await _stops(task)
    await server.until(lambda: server.open == 0)
    with anyio.fail_after(PATIENCE):
        await single.payment.get_payment("order-1")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_native_cancellation_ends_a_backoff(
    server: Server, single: PortOne, backoff: anyio.Event
) -> None:
    """And is not taken for a fault to retry."""
    server.plays(reset(), answer(paid()))
    task = asyncio.ensure_future(single.payment.cancel_payment("order-1", reason="r"))
    with anyio.fail_after(PATIENCE):
        await backoff.wait()
        await _stops(task)
        await single.payment.get_payment("order-1")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_native_cancellation_ends_the_wait_for_a_lane(
    server: Server, single: PortOne
) -> None:
    """Without the place in the queue being lost to the next one."""
    gate = anyio.Event()
    server.plays(when(gate, answer(paid())), answer(paid()))
    first = asyncio.ensure_future(single.payment.get_payment("order-1"))
    await server.until(lambda: len(server.requests) == 1)
    second = asyncio.ensure_future(single.payment.get_payment("order-2"))
    third = asyncio.ensure_future(single.payment.get_payment("order-3"))
    await anyio.wait_all_tasks_blocked()
    await _stops(second)
    gate.set()
    with anyio.fail_after(PATIENCE):
        await asyncio.gather(first, third)
    assert [request.path for request in server.requests] == [
        "/payments/order-1",
        "/payments/order-3",
    ]


async def _stops(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_native_timeout_is_not_swallowed(server: Server, single: PortOne) -> None:
    """`asyncio.timeout` raises what it raises anywhere."""
    server.plays(silence())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await single.payment.get_payment("order-1")


async def test_many_cancelled_calls_leak_no_lane(server: Server, single: PortOne) -> None:
    """Cancelled while they wait for the lane, or while they hold it."""
    server.plays(silence(), answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(single.payment.get_payment, f"order-{number}")
            await server.until(lambda: len(server.requests) == 1)
            tasks.cancel_scope.cancel()
        await single.payment.get_payment("order-1")
    assert len(server.requests) == 2
