"""Errors: each failure its own clear error, and none that gives anything away."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Callable

import pytest

from portone_async import APIError, PortOne, PortOneError, RequestOptions, errors
from tests.core.conftest import ORDER, SECRET, WORD, paid
from tests.core.server import (
    Server,
    Step,
    answer,
    empty,
    error,
    garbage,
    half,
    half_chunked,
    headers_only,
    html,
    reset,
    reset_unread,
    silence,
    until_close,
)

pytestmark = pytest.mark.anyio
Discreet = Callable[..., None]


@pytest.fixture
async def once(server: Server) -> AsyncIterator[PortOne]:
    """A client that tries a call once."""
    async with PortOne(SECRET, base_url=server.url, max_retries=0) as portone:
        yield portone


async def test_a_payment_that_is_not_found(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """It is an error of its type and of its status, with all the facts as attributes."""
    server.plays(
        answer(
            {"type": "PAYMENT_NOT_FOUND", "message": WORD, "more": 1}, 404, {"X-Request-Id": "r-1"}
        )
    )
    with pytest.raises(errors.PaymentNotFoundError) as caught:
        await once.payment.get_payment(ORDER)
    found = caught.value
    assert isinstance(found, errors.NotFoundError)
    assert isinstance(found, APIError)
    assert isinstance(found, PortOneError)
    assert (found.status, found.type, found.message) == (404, "PAYMENT_NOT_FOUND", WORD)
    assert found.body == {"type": "PAYMENT_NOT_FOUND", "message": WORD, "more": 1}
    assert found.request_id == "r-1"
    assert found.attempts == 1
    assert found.request.method == "GET"
    assert found.request.path == "/payments/{paymentId}"
    assert found.request.operation_id == "getPayment"
    assert found.request.idempotency_key is None
    assert str(found) == "404 PAYMENT_NOT_FOUND in answer to GET /payments/{paymentId}"
    discreet(found)


async def test_a_declined_card_tells_what_the_payment_company_said(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """The extra fields of an error type are attributes."""
    server.plays(error("PG_PROVIDER", 502, pgCode="0101", pgMessage=WORD))
    with pytest.raises(errors.PgProviderError) as caught:
        await once.payment.cancel_payment(ORDER, reason=WORD)
    assert isinstance(caught.value, errors.BadGatewayError)
    assert caught.value.pg_code == "0101"
    assert caught.value.pg_message == WORD
    assert caught.value.request.idempotency_key == server.request.key
    discreet(caught.value)


async def test_a_type_that_nobody_knows_yet(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """It is still an error of its status."""
    server.plays(error("SOMETHING_NEW", 409, message=WORD, detail=WORD))
    with pytest.raises(errors.ConflictError) as caught:
        await once.payment.cancel_payment(ORDER, reason=WORD)
    assert type(caught.value) is errors.ConflictError
    assert caught.value.type == "SOMETHING_NEW"
    assert caught.value.body == {"type": "SOMETHING_NEW", "message": WORD, "detail": WORD}
    discreet(caught.value)


async def test_a_known_type_that_this_operation_does_not_declare(
    server: Server, once: PortOne
) -> None:
    """It is an error of that type all the same."""
    server.plays(error("PARTNER_NOT_FOUND", 404), error("PLATFORM_PARTNER_NOT_FOUND", 404))
    for _ in range(2):
        with pytest.raises(errors.NotFoundError):
            await once.payment.get_payment(ORDER)


@pytest.mark.parametrize(
    ("step", "kind", "text"),
    [
        (html(502), errors.BadGatewayError, "<html><body>nginx is not well</body></html>"),
        (html(403), errors.PermissionDeniedError, "<html><body>nginx is not well</body></html>"),
        (empty(500), errors.InternalServerError, ""),
        (empty(503), errors.ServiceUnavailableError, ""),
        (empty(504), errors.GatewayTimeoutError, ""),
        (empty(507), errors.ServerError, ""),
        (empty(401), errors.AuthenticationError, ""),
        (empty(418), APIError, ""),
        (empty(302, {"Location": "/elsewhere"}), APIError, ""),
        (answer(b"[1]", 500), errors.InternalServerError, "[1]"),
        (answer(b'"type"', 400), errors.BadRequestError, '"type"'),
        (answer(b'{"type": 5}', 400), errors.BadRequestError, '{"type": 5}'),
        (answer(b'{"type": "PAY', 400), errors.BadRequestError, '{"type": "PAY'),
        (answer(b"\xff\xfe", 500), errors.InternalServerError, "\ufffd\ufffd"),
    ],
)
async def test_an_answer_that_is_not_portones(
    server: Server,
    once: PortOne,
    discreet: Discreet,
    step: Step,
    kind: type[APIError],
    text: str,
) -> None:
    """A gateway's page, or nothing, still has a status and a text."""
    server.plays(step)
    with pytest.raises(APIError) as caught:
        await once.payment.get_payment(ORDER)
    assert type(caught.value) is kind
    assert caught.value.type is None
    assert caught.value.message is None
    assert caught.value.text == text
    assert f"{caught.value.status} without a PortOne error type" in str(caught.value)
    discreet(caught.value)


@pytest.mark.parametrize("asked", ["7", "Fri, 03 Jul 2099 09:00:00 GMT"])
async def test_too_many_requests(server: Server, once: PortOne, asked: str) -> None:
    """What the answer asks for can be read off the error."""
    server.plays(empty(429, {"Retry-After": asked}))
    with pytest.raises(errors.RateLimitError) as caught:
        await once.payment.get_payment(ORDER)
    assert caught.value.headers["retry-after"] == asked


WHOLE = f'{{"status": "PAID", "id": "{ORDER}", "orderName": "{WORD}"}}'.encode()


@pytest.mark.parametrize(
    "step", [half(WHOLE), half_chunked(WHOLE), headers_only(), half(WHOLE, 500), reset()]
)
async def test_half_an_answer(
    server: Server, once: PortOne, discreet: Discreet, step: Step
) -> None:
    """It is a fault of the connection, and PortOne may have got the request."""
    server.plays(step)
    with pytest.raises(errors.APIConnectionError, match="PortOne may have got it") as caught:
        await once.payment.cancel_payment(ORDER, reason=WORD)
    assert not isinstance(caught.value, errors.APITimeoutError)
    assert caught.value.may_have_reached
    assert caught.value.attempts == 1
    assert caught.value.request.idempotency_key == server.request.key
    discreet(caught.value)


async def test_a_connection_reset_before_the_request_was_read(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """The client cannot know, so it does not claim to."""
    server.plays(reset_unread())
    with pytest.raises(errors.APIConnectionError) as caught:
        await once.payment.cancel_payment(ORDER, reason=WORD)
    assert caught.value.may_have_reached
    assert server.unread == 1
    discreet(caught.value)


async def test_nobody_there(discreet: Discreet, refusing: str) -> None:
    """A refused connection certainly brought nothing to PortOne."""
    async with PortOne(SECRET, base_url=refusing, max_retries=0) as portone:
        with pytest.raises(errors.APIConnectionError, match="did not get it") as caught:
            await portone.payment.cancel_payment(ORDER, reason=WORD)
    assert not caught.value.may_have_reached
    discreet(caught.value)


async def test_no_answer_in_time(server: Server, once: PortOne, discreet: Discreet) -> None:
    """Hanging up does not stop PortOne, and the error says so."""
    server.plays(silence())
    with pytest.raises(errors.APITimeoutError) as caught:
        await once.payment.cancel_payment(ORDER, reason=WORD, options=RequestOptions(timeout=0.05))
    assert caught.value.may_have_reached
    assert caught.value.request.idempotency_key == server.request.key
    discreet(caught.value)


async def test_a_success_that_is_no_json(server: Server, once: PortOne, discreet: Discreet) -> None:
    """The operation was carried out, and what came is at hand."""
    server.plays(html(200), empty(200), until_close(WHOLE[:-3]))
    for content in (b"<html><body>nginx is not well</body></html>", b"", WHOLE[:-3]):
        with pytest.raises(errors.ResponseError, match="is not JSON") as caught:
            await once.payment.get_payment(ORDER)
        assert caught.value.status == 200
        assert caught.value.content == content
        assert caught.value.path is None
        assert caught.value.headers
        discreet(caught.value)


async def test_a_strict_client_names_the_departure_and_does_not_ask_again(
    server: Server, discreet: Discreet
) -> None:
    """A whole answer of another shape would have the same shape again."""
    server.always = answer(paid())
    async with PortOne(SECRET, base_url=server.url, strict=True) as portone:
        with pytest.raises(errors.ResponseError, match="departs") as caught:
            await portone.payment.get_payment(ORDER)
    assert caught.value.path
    assert len(server.requests) == 1
    discreet(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        f"{WORD} is no status line\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{WORD} no header\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{WORD}\r\n".encode(),
    ],
)
async def test_an_answer_that_is_no_http(
    server: Server, once: PortOne, caplog: pytest.LogCaptureFixture, discreet: Discreet, data: bytes
) -> None:
    """Bytes of somebody else's answer do not surface in the error."""
    caplog.set_level("INFO", logger="httpcore")  # at DEBUG it logs what it chokes on
    server.plays(garbage(data))
    with pytest.raises(errors.APIConnectionError) as caught:
        await once.payment.get_payment(ORDER)
    discreet(caught.value)


async def test_an_answer_that_cannot_be_unpacked(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """A body that is not compressed as it claims is a broken one."""
    server.plays(answer(WORD.encode(), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(errors.APIConnectionError, match="DecodingError") as caught:
        await once.payment.get_payment(ORDER)
    assert caught.value.may_have_reached
    discreet(caught.value)


async def test_successes_leave_nothing_in_the_log(
    server: Server, portone: PortOne, discreet: Discreet
) -> None:
    """Not even with every logger at DEBUG."""
    server.plays(answer(paid(method=WORD, amount=WORD)), answer({"cancellation": {"reason": WORD}}))
    await portone.payment.get_payment(ORDER)
    await portone.payment.cancel_payment(ORDER, reason=WORD)
    discreet()


async def test_a_refused_argument_is_not_repeated(portone: PortOne, discreet: Discreet) -> None:
    """A wrong type is named, not shown."""
    with pytest.raises(errors.InvalidArgumentError) as caught:
        await portone.payment.cancel_payment(ORDER, reason=WORD, amount=WORD)  # pyright: ignore
    discreet(caught.value)
    with pytest.raises(errors.InvalidArgumentError) as caught:
        await portone.payment.cancel_payment(ORDER + "\ud800", reason=WORD)
    discreet(caught.value)


@pytest.mark.parametrize(
    "step", [error("PAYMENT_NOT_FOUND", 404, message=WORD), html(200), reset()]
)
async def test_errors_survive_a_process_border(server: Server, once: PortOne, step: Step) -> None:
    """A worker may hand them over: they pickle, hash and keep their facts."""
    server.plays(step)
    kinds = (errors.APIError, errors.ResponseError, errors.APIConnectionError)
    with pytest.raises(kinds) as caught:
        await once.payment.get_payment(ORDER)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert again.request == caught.value.request
    assert again.attempts == 1
    assert SECRET.encode() not in pickle.dumps(caught.value)
    hash(again)


@pytest.mark.parametrize(
    "step", [empty(302, {"Location": "/elsewhere"}), empty(307, {"Location": "/"})]
)
async def test_redirects_are_not_followed(server: Server, portone: PortOne, step: Step) -> None:
    """The secret goes where it was meant to go."""
    server.plays(step)
    with pytest.raises(APIError):
        await portone.payment.get_payment("order-1")
    assert len(server.requests) == 1
