"""The retry loop: when a call is retried, how long it waits, and that nothing happens twice."""

from __future__ import annotations

import asyncio
import errno
import gzip
import logging
import os
import weakref
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NoReturn

import anyio
import httpx
import pytest
from attrs import define, evolve, field

from portone_async import (
    PortOne,
    RawResponse,
    RequestOptions,
    RetryPolicy,
    Timeout,
    errors,
    models,
    with_response,
)
from portone_async._driver import send
from portone_async._request import Request
from portone_async._transport_error import TransportError
from portone_async.errors import RequestInfo
from tests.core.conftest import ORDER, SECRET, WORD, Backoff, TransportName, Waits, paid
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
    serving,
    silence,
    stalled,
    then_close,
    until_close,
    when,
)
from tests.core.tls import Authority

pytestmark = pytest.mark.anyio
CANCELLED = {"cancellation": {"status": "SUCCEEDED", "id": "cancellation-1", "totalAmount": 1000}}
IN_PROGRESS = error("IDEMPOTENCY_OUTSTANDING_REQUEST", 409)
QUICK = RequestOptions(
    timeout=Timeout(read=0.25)
)  # a response after a timeout must come in time too

LOST = {
    "reset": reset(),
    "half": half(b'{"cancellation": {}}'),
    "half chunked": half_chunked(b'{"cancellation": {}}'),
    "headers only": headers_only(),
    "no response": silence(),
    "stalled": stalled(b'{"cancellation": {}}'),
    "cut JSON": until_close(b'{"cancellation": {"status": "SUCC'),
    "cut JSON after an inner object": until_close(b'{"cancellation": {"status": "SUCCEEDED"}'),
    "a gateway's page": html(200),
    "502": html(502),
    "504": empty(504),
    "500": empty(500),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_a_cancel_whose_response_was_lost_happens_once(
    server: Server, portone: PortOne, waits: Waits, lost: Step
) -> None:
    """It is sent again under the same key, and PortOne repeats its response."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.loses(lost), ledger.loses(lost), ledger.answers())
    response = await portone.payment.cancel_payment("order-1", reason="r", options=QUICK)
    assert isinstance(response.cancellation, models.SucceededPaymentCancellation)
    assert response.cancellation.id == "cancellation-1"
    assert ledger.executed == 1
    assert len(server.requests) == 3
    assert len(set(server.keys)) == 1
    assert server.keys[0] is not None
    assert len({request.body for request in server.requests}) == 1
    assert waits == [0.5, 1.0]


async def test_a_cancel_that_never_arrived_is_sent_again(server: Server, portone: PortOne) -> None:
    """The connection was reset before it was read."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(reset_unread(), reset_unread(), ledger.answers())
    await portone.payment.cancel_payment("order-1", reason="r")
    assert server.unread == 2
    assert ledger.executed == 1


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
async def test_the_last_failure_is_the_error(server: Server, portone: PortOne, lost: Step) -> None:
    """After two retries, with the number of attempts and the key by which the call can be repeated."""
    server.always = lost
    with pytest.raises(
        (errors.APIConnectionError, errors.ResponseError, errors.ServerError)
    ) as caught:
        await portone.payment.cancel_payment("order-1", reason="r", options=QUICK)
    assert caught.value.attempts == 3
    assert caught.value.may_have_reached
    assert len(server.requests) == 3
    assert {caught.value.request.idempotency_key} == set(server.keys)


@pytest.mark.parametrize("name", ["cut JSON", "cut JSON after an inner object", "a gateway's page"])
async def test_a_success_that_was_cut_short_is_only_an_error_after_the_last_attempt(
    server: Server, portone: PortOne, waits: Waits, name: str
) -> None:
    """A body of no declared length that ends in the middle is a transient failure."""
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
    """Two operations respond with nothing."""
    server.plays(empty(200))
    assert (
        await portone.b2b.tax_invoice.attach_b2b_tax_invoice_file("key", file_id="file-1") is None
    )
    assert len(server.requests) == 1


# Which failures are retried


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, *range(520, 531)])
async def test_transient_statuses_are_retried(
    server: Server, portone: PortOne, waits: Waits, status: int
) -> None:
    """Where the body names no error type of PortOne's. 520 to 530 are Cloudflare's."""
    server.plays(empty(status), html(status), answer(paid()))
    await portone.payment.get_payment("order-1")
    assert len(server.requests) == 3
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501, 505, 519, 531])
async def test_other_statuses_are_not_retried(
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
async def test_portones_own_errors_are_not_retried(
    server: Server, portone: PortOne, waits: Waits, type_: str, status: int
) -> None:
    """A declined card is a response, not a failure on the way."""
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


GATEWAY_TYPES = [
    "https://gateway.example/errors/503",
    "about:blank",
    "service_unavailable",
    "ServiceUnavailable",
    "Service Unavailable",
    f"CALL 010-1234-5678 {WORD}",
    f"UNAVAILABLE\n{WORD}",
    "UNAVAILABLE\n",
    "010",
    "",
    5,
    None,
]


@pytest.mark.parametrize("type_", GATEWAY_TYPES)
@pytest.mark.parametrize("status", [429, 503, 504])
async def test_a_gateways_problem_document_is_retried(
    server: Server,
    portone: PortOne,
    waits: Waits,
    discreet: Callable[..., None],
    status: int,
    type_: Any,
) -> None:
    """Its `type` (RFC 9457) is not an error type of PortOne's; its text is in no error and no log."""
    problem = {"type": type_, "title": WORD, "detail": WORD, "status": status}
    headers = {"Content-Type": "application/problem+json", "Retry-After": "3"}
    server.always = answer(problem, status, headers)
    with pytest.raises(errors.APIError) as caught:
        await portone.payment.cancel_payment(ORDER, reason=WORD)
    assert waits == [3.5, 4.0]
    assert caught.value.attempts == 3
    assert caught.value.type is None
    assert caught.value.may_have_reached
    assert caught.value.body == problem
    discreet(caught.value)


async def test_a_problem_document_in_between_does_not_matter(
    server: Server, portone: PortOne
) -> None:
    """The retry is carried out."""
    ledger = Ledger(answer(CANCELLED))
    problem = answer({"type": "about:blank"}, 503, {"Content-Type": "application/problem+json"})
    server.plays(ledger.loses(problem), ledger.answers())
    await portone.payment.cancel_payment("order-1", reason="r")
    assert ledger.executed == 1


async def test_a_refused_connection_is_retried(
    waits: Waits, refusing: str, transport: TransportName
) -> None:
    """And the error says that nothing arrived."""
    async with PortOne(
        SECRET, base_url=refusing, retry=waits.policy(), transport=transport
    ) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert not caught.value.may_have_reached
    assert caught.value.attempts == 3


async def test_a_certificate_that_is_not_trusted_is_not_retried(
    tmp_path_factory: pytest.TempPathFactory, waits: Waits, transport: TransportName
) -> None:
    """It would not be trusted again, and nothing was sent."""
    authority = Authority.found(tmp_path_factory.mktemp("authority"))
    async with (
        serving(authority.server()) as server,
        PortOne(SECRET, base_url=server.url, retry=waits.policy(), transport=transport) as portone,
    ):
        with pytest.raises(errors.APIConnectionError, match="certificate") as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert not caught.value.is_transient
    assert not caught.value.may_have_reached
    assert caught.value.attempts == 1
    assert waits == []
    assert server.requests == []


async def test_a_retry_is_logged(
    server: Server,
    portone: PortOne,
    caplog: pytest.LogCaptureFixture,
    discreet: Callable[..., None],
) -> None:
    """At DEBUG: the operation, the wait and what went wrong, without ids and bodies."""
    server.plays(
        answer({"message": WORD}, 503), reset(), answer(CANCELLED), answer(CANCELLED), empty(404)
    )
    options = RequestOptions(idempotency_key=f"{ORDER}-{WORD}")
    await portone.payment.cancel_payment(ORDER, reason=WORD, options=options)
    await portone.payment.cancel_payment(ORDER, reason=WORD)
    with pytest.raises(errors.NotFoundError):
        await portone.payment.cancel_payment(ORDER, reason=WORD)
    first, second = (record for record in caplog.records if record.name == "portone_async")
    assert first.levelno == second.levelno == logging.DEBUG
    assert first.getMessage() == (
        "POST /payments/{paymentId}/cancel: attempt 1 failed, retrying in 0.50 s: "
        "503 without a PortOne error type in response to POST /payments/{paymentId}/cancel"
    )
    assert second.getMessage().startswith(
        "POST /payments/{paymentId}/cancel: attempt 2 failed, retrying in 1.00 s: no complete response"
    )
    discreet()


# Whether an attempt may have been carried out

REFUSED = {
    "401": error("UNAUTHORIZED", 401),
    "403": error("FORBIDDEN", 403),
    "429 with a type": error("TOO_MANY_REQUESTS", 429),
    "503 with a type": error("UNAVAILABLE", 503),
    "409 with another type": error("PAYMENT_ALREADY_CANCELLED", 409),
    "502 of the payment company": error("PG_PROVIDER", 502),
}
FIRST_LOSSES = {name: LOST[name] for name in ("reset", "half", "cut JSON", "502")}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("lost", FIRST_LOSSES.values(), ids=FIRST_LOSSES)
async def test_a_refusal_after_a_lost_response_does_not_deny_the_first_attempt(
    server: Server, portone: PortOne, lost: Step, refused: Step
) -> None:
    """The cancel was carried out; that the second attempt is refused changes nothing about that."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.loses(lost), refused)
    with pytest.raises(errors.APIError, match="an earlier attempt of this call may have") as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert ledger.executed == 1
    assert caught.value.may_have_reached
    assert caught.value.attempts == 2


async def test_a_first_attempt_in_progress_until_the_time_is_up_is_not_denied(
    server: Server, portone: PortOne
) -> None:
    """The cancel was carried out; PortOne says until the end that it is at it."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.loses(reset()))
    server.always = IN_PROGRESS
    with pytest.raises(errors.ConflictError, match="an earlier attempt of this call may") as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.type == "IDEMPOTENCY_OUTSTANDING_REQUEST"
    assert caught.value.may_have_reached


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
async def test_what_portone_refused_at_once_was_not_carried_out(
    server: Server, portone: PortOne, refused: Step
) -> None:
    """The error says so."""
    server.plays(refused)
    with pytest.raises(errors.APIError) as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert not caught.value.may_have_reached
    assert "may have been carried out" not in str(caught.value)


async def test_a_refusal_after_an_attempt_that_did_not_arrive_was_not_carried_out() -> None:
    """Nothing of it reached PortOne."""
    transport = FakeTransport(
        [TransportError("ConnectError", may_have_reached=False), response(403, b'{"type": "X_Y"}')]
    )
    with pytest.raises(errors.PermissionDeniedError) as caught:
        await call(transport)
    assert caught.value.attempts == 2
    assert not caught.value.may_have_reached


@pytest.mark.parametrize(
    "step",
    [
        html(403),
        html(501),
        empty(404),
        answer({"type": "about:blank", "status": 400}, 400),
        answer({"message": "Forbidden"}, 403),
        IN_PROGRESS,
    ],
)
async def test_a_response_that_is_not_portones_refusal_proves_nothing(
    server: Server, portone: PortOne, step: Step
) -> None:
    """A gateway may respond after PortOne received the request."""
    server.always = step
    with pytest.raises(errors.APIError) as caught:
        await portone.payment.cancel_payment(
            "order-1", reason="r", options=RequestOptions(max_retries=0)
        )
    assert caught.value.attempts == 1
    assert caught.value.may_have_reached
    assert "earlier attempt" not in str(caught.value)


@pytest.mark.parametrize("first", [reset(), empty(503)])
async def test_an_earlier_attempt_that_may_have_arrived_is_not_forgotten(
    server: Server, transport: TransportName, first: Step
) -> None:
    """The first attempt was read, then the server went away: PortOne may have received the request."""

    async def meanwhile(delay: float) -> None:
        server.leave()
        await anyio.wait_all_tasks_blocked()

    server.plays(then_close(first))
    async with PortOne(
        SECRET, base_url=server.url, retry=RetryPolicy(sleep=meanwhile), transport=transport
    ) as portone:
        with pytest.raises(
            errors.APIConnectionError, match=r"ConnectError.*may have received"
        ) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.attempts == 3
    assert caught.value.may_have_reached
    assert len(server.requests) == 1


async def test_the_callers_key_is_the_key_of_each_attempt(server: Server, portone: PortOne) -> None:
    """So that a call can be repeated by another process."""
    server.plays(reset(), empty(503), answer(CANCELLED))
    options = RequestOptions(idempotency_key="refund-of-order-1")
    await portone.payment.cancel_payment("order-1", reason="r", options=options)
    assert server.keys == ["refund-of-order-1"] * 3


# How long to wait


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_is_obeyed(
    server: Server, portone: PortOne, waits: Waits, status: int
) -> None:
    """As the least to wait; jitter comes on top."""
    server.plays(
        empty(status, {"Retry-After": "7"}),
        empty(status, {"Retry-After": "0"}),
        answer(paid()),
    )
    await portone.payment.get_payment("order-1")
    assert waits == [7.5, 1.0]


async def test_retry_after_sent_twice_is_obeyed(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """By the longer wait; the header's lines are one list."""
    server.plays(
        empty(503, {"Retry-After": "2.5", "retry-after": "1"}),
        empty(503, {"Retry-After": "1, 3"}),
        answer(paid()),
    )
    await portone.payment.get_payment("order-1")
    assert waits == [3.0, 4.0]


async def test_retry_after_as_a_date_is_obeyed(
    server: Server, waits: Waits, transport: TransportName
) -> None:
    """Counted from now; one in the past asks for nothing."""
    now = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
    later, past = (format_datetime(now + timedelta(seconds=s), usegmt=True) for s in (20, -3600))
    server.plays(
        empty(429, {"Retry-After": later}), empty(429, {"Retry-After": past}), answer(paid())
    )
    policy = waits.policy(now=lambda: now)
    async with PortOne(SECRET, base_url=server.url, retry=policy, transport=transport) as portone:
        await portone.payment.get_payment("order-1")
    assert waits == [20.5, 1.0]


@pytest.mark.parametrize("asked", ["31", "86400", "30.1", "5, 31", "Fri, 03 Jul 2099 09:00:00 GMT"])
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
    """While it is in progress PortOne says so; then it repeats its response. The count of retries is no limit."""
    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.loses(reset()), *[IN_PROGRESS] * 5, ledger.answers())
    response = await portone.payment.cancel_payment("order-1", reason="r")
    assert isinstance(response.cancellation, models.SucceededPaymentCancellation)
    assert ledger.executed == 1
    assert len(set(server.keys)) == 1
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


async def test_the_total_time_ends_the_wait_for_the_first_request(
    server: Server, portone: PortOne, waits: Waits
) -> None:
    """It does not go on for ever, and the error has the key."""
    server.always = IN_PROGRESS
    with pytest.raises(errors.ConflictError) as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.type == "IDEMPOTENCY_OUTSTANDING_REQUEST"
    assert caught.value.attempts == len(server.requests) > 10
    assert {caught.value.request.idempotency_key} == set(server.keys)
    assert 170 < sum(waits) <= 180


async def test_no_retries_means_one_attempt(
    server: Server, waits: Waits, transport: TransportName
) -> None:
    """For the client or for one call, whatever went wrong."""
    steps = (empty(503), IN_PROGRESS, reset(), until_close(b"{"))
    server.plays(*steps, *steps)
    async with (
        PortOne(
            SECRET, base_url=server.url, max_retries=0, retry=waits.policy(), transport=transport
        ) as never,
        PortOne(SECRET, base_url=server.url, retry=waits.policy(), transport=transport) as portone,
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


async def test_a_call_may_be_more_persistent_than_its_client(
    server: Server, waits: Waits, transport: TransportName
) -> None:
    """`max_retries` of the call goes before the client's."""
    server.plays(*[empty(503)] * 5, answer(paid()))
    async with PortOne(
        SECRET, base_url=server.url, max_retries=0, retry=waits.policy(), transport=transport
    ) as portone:
        await portone.payment.get_payment("order-1", options=RequestOptions(max_retries=5))
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]


async def test_the_total_time_ends_the_retries(
    server: Server, waits: Waits, transport: TransportName
) -> None:
    """A retry that would start after it is not waited for: the last error is raised."""
    server.always = empty(503, {"Retry-After": "19"})
    async with PortOne(
        SECRET,
        base_url=server.url,
        retry=waits.policy(max_retries=100),
        timeout=Timeout(total=50),
        transport=transport,
    ) as portone:
        with pytest.raises(errors.ServiceUnavailableError) as caught:
            await portone.payment.get_payment("order-1")
    assert waits == [19.5, 20.0]
    assert caught.value.attempts == 3


async def test_the_total_time_ends_an_attempt(server: Server, portone: PortOne) -> None:
    """Though more is to come: PortOne may have received the request."""
    server.plays(answer(), silence())
    await portone.payment.get_payment("order-1")  # opens the connection, which may take its time
    options = RequestOptions(timeout=Timeout(total=0.05), max_retries=0)
    with pytest.raises(errors.APITimeoutError, match="the time of the call is up") as caught:
        await portone.payment.cancel_payment("order-1", reason="r", options=options)
    assert caught.value.may_have_reached


async def test_what_earlier_attempts_left_of_the_total_time_ends_an_attempt(
    server: Server, transport: TransportName
) -> None:
    """Not the total time over again."""
    clock = Waits()

    async def sleep(_delay: float) -> None:
        clock.append(99.95)

    server.plays(empty(503), silence())
    async with PortOne(
        SECRET,
        base_url=server.url,
        retry=RetryPolicy(sleep=sleep, clock=clock.clock),
        timeout=Timeout(total=100),
        transport=transport,
    ) as portone:
        with (
            anyio.fail_after(PATIENCE),
            pytest.raises(errors.APITimeoutError, match="the time of the call is up") as caught,
        ):
            await portone.payment.cancel_payment("order-1", reason="r")
    assert caught.value.attempts == 2
    assert caught.value.may_have_reached


# Cancellation


@pytest.fixture
async def single(server: Server, waits: Waits, transport: TransportName) -> AsyncIterator[PortOne]:
    """A client with one connection only, so that a lost one shows."""
    async with PortOne(
        SECRET, base_url=server.url, max_connections=1, retry=waits.policy(), transport=transport
    ) as portone:
        yield portone


@pytest.fixture
async def waiting(
    server: Server, backoff: Backoff, transport: TransportName
) -> AsyncIterator[PortOne]:
    """A client with one connection, whose backoff has no end."""
    async with PortOne(
        SECRET, base_url=server.url, max_connections=1, retry=backoff.policy, transport=transport
    ) as portone:
        yield portone


@pytest.mark.parametrize("step", [empty(503), reset(), IN_PROGRESS])
async def test_a_cancelled_task_stops_in_the_middle_of_a_backoff(
    server: Server, waiting: PortOne, backoff: Backoff, step: Step
) -> None:
    """At once, and the client's one connection is free again."""
    server.plays(step, answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waiting.payment.get_payment, "order-1")
            await backoff.begun.wait()
            tasks.cancel_scope.cancel()
        await waiting.payment.get_payment("order-1")
    assert len(server.requests) == 2


async def test_nobody_holds_a_connection_during_a_backoff(
    server: Server, waiting: PortOne, backoff: Backoff
) -> None:
    """Other calls go on meanwhile."""
    server.plays(empty(503), answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waiting.payment.get_payment, "order-1")
            await backoff.begun.wait()
            await waiting.payment.get_payment("order-2")
            tasks.cancel_scope.cancel()


SLOW = {"no response": silence(), "stalled": stalled(b'{"status": "PAID"}')}


@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
async def test_a_cancelled_task_stops_in_the_middle_of_a_slow_response(
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
    """`anyio.move_on_after` and the like are not mistaken for a timeout of the transport."""
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
    """`task.cancel()` of asyncio's own, in the middle of a slow response."""
    server.plays(step, answer(paid()))
    task = asyncio.ensure_future(single.payment.cancel_payment("order-1", reason="r"))
    await server.until(lambda: len(server.requests) == 1)
    await _stops(task)
    await server.until(lambda: server.open == 0)
    with anyio.fail_after(PATIENCE):
        await single.payment.get_payment("order-1")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_native_cancellation_ends_a_backoff(
    server: Server, waiting: PortOne, backoff: Backoff
) -> None:
    """And is not taken for a failure to retry."""
    server.plays(reset(), answer(paid()))
    task = asyncio.ensure_future(waiting.payment.cancel_payment("order-1", reason="r"))
    with anyio.fail_after(PATIENCE):
        await backoff.begun.wait()
        await _stops(task)
        await waiting.payment.get_payment("order-1")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_native_cancellation_ends_the_wait_for_a_connection(
    server: Server, single: PortOne
) -> None:
    """Without the next one in the queue being forgotten."""
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


async def test_many_cancelled_calls_leak_no_connection(server: Server, single: PortOne) -> None:
    """Cancelled while they wait for the connection, or while they hold it."""
    server.plays(silence(), answer(paid()))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(single.payment.get_payment, f"order-{number}")
            await server.until(lambda: len(server.requests) == 1)
            tasks.cancel_scope.cancel()
        await single.payment.get_payment("order-1")
    assert len(server.requests) == 2


# The user's functions


def failing(response: RawResponse) -> NoReturn:
    raise LookupError(WORD)


async def test_a_failing_callback_does_not_hide_a_result(
    server: Server,
    portone: PortOne,
    caplog: pytest.LogCaptureFixture,
    discreet: Callable[..., None],
) -> None:
    """The cancel was carried out; the failure is logged by type and place, without its text."""
    server.plays(answer(CANCELLED), answer(CANCELLED))
    options = RequestOptions(on_response=failing)
    response = await portone.payment.cancel_payment("order-1", reason="r", options=options)
    assert isinstance(response.cancellation, models.SucceededPaymentCancellation)
    typed = await with_response(
        portone.payment.cancel_payment, "order-1", reason="r", options=options
    )
    assert typed.value == response
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(logged) == 2
    for record in logged:
        assert record.name == "portone_async"
        assert record.getMessage().startswith("on_response raised LookupError (test_driver.py:")
    discreet()


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (error("PAYMENT_NOT_PAID", 409), errors.PaymentNotPaidError),
        (html(200), errors.ResponseError),
    ],
)
async def test_a_failing_callback_does_not_hide_an_error(
    server: Server,
    portone: PortOne,
    discreet: Callable[..., None],
    step: Step,
    kind: type[errors.PortOneError],
) -> None:
    """PortOne's response is what matters."""
    server.always = step
    with pytest.raises(kind) as caught:
        await portone.payment.cancel_payment(
            ORDER, reason="r", options=RequestOptions(on_response=failing)
        )
    assert caught.value.__context__ is None
    discreet(caught.value)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("step", [answer(CANCELLED), error("PAYMENT_NOT_PAID", 409)])
async def test_a_callback_may_end_the_program(
    kind: type[BaseException], step: Step, server: Server, portone: PortOne
) -> None:
    """What is not an `Exception` passes."""

    def interrupted(response: RawResponse) -> NoReturn:
        raise kind

    server.plays(step)
    with pytest.raises(kind):
        await portone.payment.cancel_payment(
            "order-1", reason="r", options=RequestOptions(on_response=interrupted)
        )


def bad_function(*_: Any) -> Any:
    raise LookupError(WORD)


async def no_sleep(delay: float) -> None:
    pass


@pytest.mark.parametrize(
    "policy",
    [
        RetryPolicy(sleep=bad_function),
        RetryPolicy(sleep=lambda _: None),  # pyright: ignore[reportArgumentType]
        RetryPolicy(sleep=no_sleep, jitter=bad_function),
        RetryPolicy(sleep=no_sleep, jitter=lambda: "1"),  # pyright: ignore[reportArgumentType]
        RetryPolicy(sleep=no_sleep, now=bad_function),
    ],
)
async def test_a_failing_function_of_the_policy_does_not_hide_the_error(
    server: Server,
    transport: TransportName,
    caplog: pytest.LogCaptureFixture,
    discreet: Callable[..., None],
    policy: RetryPolicy,
) -> None:
    """There is no retry; the failure is logged."""
    server.plays(empty(503, {"Retry-After": "Fri, 03 Jul 2026 09:00:00 GMT"}))
    async with PortOne(SECRET, base_url=server.url, retry=policy, transport=transport) as portone:
        with pytest.raises(errors.ServiceUnavailableError) as caught:
            await portone.payment.cancel_payment(ORDER, reason=WORD)
    assert caught.value.attempts == 1
    assert "a function of the RetryPolicy raised" in caplog.text
    discreet(caught.value)


async def test_a_failing_hook_of_the_users_client_does_not_hide_that_the_call_was_sent(
    server: Server, waits: Waits, discreet: Callable[..., None]
) -> None:
    """Such as one that raises for a status: its error holds the request with the secret."""

    async def hook(response: httpx.Response) -> None:
        raise LookupError(WORD)

    ledger = Ledger(answer(CANCELLED))
    server.plays(ledger.answers())
    async with (
        httpx.AsyncClient(event_hooks={"response": [hook]}) as http_client,
        PortOne(
            SECRET, base_url=server.url, http_client=http_client, retry=waits.policy()
        ) as portone,
    ):
        with pytest.raises(errors.APIConnectionError, match="LookupError") as caught:
            await portone.payment.cancel_payment(ORDER, reason=WORD)
    assert ledger.executed == 1
    assert caught.value.may_have_reached
    assert caught.value.attempts == 1
    assert caught.value.__cause__ is None
    discreet(caught.value)


# The loop itself, without a network

INFO = RequestInfo("POST", "/things/{id}", "doThing", "key-0123456789abcdef")
REQUEST = Request("POST", "/things/1", [], b"{}", INFO)


def response(status: int, content: bytes = b"", **headers: str) -> RawResponse:
    return RawResponse(status, headers, content, INFO)


@define
class FakeTransport:
    """Responds by a script, and takes its time on a clock that only it moves."""

    script: list[RawResponse | Exception]
    takes: float = 0.0
    time: float = 0.0
    timeouts: list[Timeout] = field(factory=list)
    pools: None = None

    async def send(self, request: Request, timeout: Timeout) -> RawResponse:  # noqa: ARG002
        self.timeouts.append(timeout)
        self.time += self.takes
        result = self.script.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def aclose(self) -> None: ...

    async def sleep(self, delay: float) -> None:
        self.time += delay

    def policy(self, **changes: Any) -> RetryPolicy:
        policy = RetryPolicy(sleep=self.sleep, clock=lambda: self.time, jitter=lambda: 1.0)
        return evolve(policy, **changes)


def read(response: RawResponse, may_have_reached: bool) -> int:
    """What `_decoding` does, in little."""
    if response.status != 200:
        raise errors.PermissionDeniedError(
            status=response.status,
            request=response.request,
            body={"type": "X_Y"} if response.content else None,
            attempts=response.attempts,
            may_have_reached=may_have_reached,
        )
    return response.status


async def call(
    transport: FakeTransport,
    policy: RetryPolicy | None = None,
    reader: Callable[[RawResponse, bool], Any] = read,
    timeout: Timeout = Timeout(),  # noqa: B008  (frozen)
    on_response: Callable[[RawResponse], None] | None = None,
) -> Any:
    return await send(
        transport,
        REQUEST,
        reader,
        timeout=timeout,
        retry=policy or transport.policy(),
        max_response_size=1000,
        on_response=on_response,
    )


BROKEN = TransportError("broken", may_have_reached=True)


async def test_the_time_that_is_left_shrinks_from_attempt_to_attempt() -> None:
    """By what attempts and waits have taken; the limits of single steps stay."""
    transport = FakeTransport([BROKEN, BROKEN, BROKEN, response(200)], takes=10)
    policy = transport.policy(max_retries=3, initial_delay=1)
    assert await call(transport, policy, timeout=Timeout(total=50)) == 200
    assert [timeout.total for timeout in transport.timeouts] == [50, 39, 27, 13]
    assert {timeout.read for timeout in transport.timeouts} == {60}


async def test_a_call_whose_time_is_up_after_an_attempt_ends_with_its_error() -> None:
    """No attempt starts without time."""
    transport = FakeTransport([BROKEN, response(503)], takes=25)
    with pytest.raises(errors.APIConnectionError, match="broken"):
        await call(transport, timeout=Timeout(total=25))
    assert len(transport.timeouts) == 1


async def test_a_wait_that_takes_longer_than_planned_does_not_hide_the_error() -> None:
    """A busy event loop wakes the call up when its time is over: the last error is raised, and not a timeout."""
    transport = FakeTransport([BROKEN, response(200)])

    async def oversleep(delay: float) -> None:
        transport.time += 200

    with pytest.raises(errors.APIConnectionError, match="broken"):
        await call(transport, transport.policy(sleep=oversleep))
    assert len(transport.timeouts) == 1


async def test_a_failed_attempt_is_forgotten_during_the_backoff() -> None:
    """What its transport held (a body that was half read, say) is free before the wait and not after it."""

    class Held:
        pass

    held: list[weakref.ref[Held]] = []

    class Transport(FakeTransport):
        async def send(self, request: Request, timeout: Timeout) -> RawResponse:
            body = Held()
            held.append(weakref.ref(body))
            try:
                int("")
            except ValueError:
                return await super().send(request, timeout)
            raise AssertionError

    async def sleep(_delay: float) -> None:
        assert [reference() for reference in held] == [None]

    transport = Transport([TransportError("broken", may_have_reached=True), response(200)])
    assert await call(transport, transport.policy(sleep=sleep)) == 200
    assert len(held) == 2


@pytest.mark.parametrize(
    "refusal", [errors.ClientClosedError("closed"), errors.InvalidArgumentError("no valid URL")]
)
async def test_an_attempt_that_is_not_sent_does_not_hide_an_earlier_one(
    refusal: errors.PortOneError,
) -> None:
    """When the client is closed during backoff, say; only where there was no attempt it is the error."""
    with pytest.raises(errors.APIConnectionError, match="broken") as caught:
        await call(FakeTransport([BROKEN, refusal]))
    assert caught.value.attempts == 1
    with pytest.raises(type(refusal)):
        await call(FakeTransport([refusal]))


@pytest.mark.parametrize(
    "problem",
    [
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        ModuleNotFoundError("No module named 'portone_async.models.thing'"),
        RecursionError(WORD),
        KeyError(WORD),
    ],
)
async def test_reading_that_fails_is_an_error_of_this_package(problem: Exception) -> None:
    """The call was carried out, which a bare `OSError` would hide."""

    def failing_reader(response: RawResponse, may_have_reached: bool) -> NoReturn:
        raise problem

    seen: list[RawResponse] = []
    transport = FakeTransport([response(200, b"{}")] * 3)
    with pytest.raises(errors.ResponseError) as caught:
        await call(transport, reader=failing_reader, on_response=seen.append)
    assert caught.value.may_have_reached
    assert f"could not be decoded: {type(problem).__name__} (test_driver.py:" in str(caught.value)
    assert WORD not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert [seen.attempts for seen in seen] == [3]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_reading_may_be_interrupted(kind: type[BaseException]) -> None:
    """What is not an `Exception` passes."""

    def interrupted(response: RawResponse, may_have_reached: bool) -> NoReturn:
        raise kind

    with pytest.raises(kind):
        await call(FakeTransport([response(200)]), reader=interrupted)


async def test_a_transport_that_fails_unexpectedly_may_have_sent_the_request() -> None:
    """Its exception is not retried, and named by type and place."""
    transport = FakeTransport([ZeroDivisionError(WORD)])
    with pytest.raises(errors.APIConnectionError, match=r"ZeroDivisionError \(test_") as caught:
        await call(transport)
    assert caught.value.may_have_reached
    assert not caught.value.is_transient
    assert WORD not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_the_body_is_decompressed_within_the_limit() -> None:
    """Whatever transport it came by."""

    fits, too_large = (
        response(200, gzip.compress(bytes(size)), **{"content-encoding": "gzip"})
        for size in (1000, 1001)
    )
    seen: list[RawResponse] = []
    await call(FakeTransport([fits]), on_response=seen.append)
    assert seen[0].content == bytes(1000)
    with pytest.raises(errors.APIConnectionError, match=r"larger than .* \(1,000 bytes") as caught:
        await call(FakeTransport([too_large]))
    assert caught.value.attempts == 1


async def test_a_damaged_body_is_a_transient_failure() -> None:
    """The next attempt's may be whole."""
    damaged = response(200, b"\x1f\x8b", **{"content-encoding": "gzip"})
    assert await call(FakeTransport([damaged, response(200)])) == 200
