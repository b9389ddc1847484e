"""Errors: each failure its own clear error, and none that gives anything away."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import portone_async
from portone_async import APIError, PortOne, PortOneError, RequestOptions, Timeout, errors
from portone_async._errors import BY_STATUS, status_class
from portone_async.errors import InvalidArgumentError, RequestInfo
from tests.core.conftest import ORDER, SECRET, WORD, TransportName, Waits, paid
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
    stalled,
    until_close,
)

pytestmark = pytest.mark.anyio
Discreet = Callable[..., None]


@pytest.fixture
async def once(server: Server, transport: TransportName) -> AsyncIterator[PortOne]:
    """A client that tries a call once."""
    async with PortOne(SECRET, base_url=server.url, max_retries=0, transport=transport) as portone:
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
    assert str(found) == "404 PAYMENT_NOT_FOUND in response to GET /payments/{paymentId}"
    discreet(found)


async def test_a_declined_card_has_what_the_payment_company_said(
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


async def test_an_expired_access_token_is_named(server: Server, transport: TransportName) -> None:
    """It is the usual reason of a 401 then. Where no token was sent, it is not."""
    server.always = error("UNAUTHORIZED", 401)
    async with (
        PortOne(access_token="token-1", base_url=server.url, transport=transport) as by_token,
        PortOne(SECRET, base_url=server.url, transport=transport) as by_secret,
    ):
        for call in (by_token.payment.get_payment("a"), by_token.request("GET", "/payments/a")):
            with pytest.raises(errors.UnauthorizedError, match="the access token may have expired"):
                await call
        for call in (
            by_secret.payment.get_payment("a"),
            by_secret.request("GET", "/payments/a"),
            by_token.auth.login_via_api_secret(api_secret="another"),
        ):
            with pytest.raises(errors.UnauthorizedError) as caught:
                await call
            assert "token" not in str(caught.value)
        server.always = error("FORBIDDEN", 403)
        with pytest.raises(errors.ForbiddenError) as caught:
            await by_token.payment.get_payment("a")
        assert "token" not in str(caught.value)


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
async def test_a_response_that_is_not_portones(
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


@pytest.mark.parametrize("status", range(300, 600))
def test_each_status_has_a_class(status: int) -> None:
    """The nearest that there is."""
    kind = status_class(status)
    if status in BY_STATUS:
        assert kind is BY_STATUS[status]
    else:
        assert kind is (errors.ServerError if status >= 500 else APIError)


@pytest.mark.parametrize(
    "header", ["x-request-id", "x-portone-request-id", "x-amzn-requestid", "cf-ray"]
)
def test_an_error_has_the_id_that_a_gateway_gave_the_request(header: str) -> None:
    """For questions to PortOne."""
    info = RequestInfo("GET", "/payments/{paymentId}")
    assert APIError(status=500, request=info, headers={header: "r-1"}).request_id == "r-1"
    assert APIError(status=500, request=info).request_id is None


@pytest.mark.parametrize("asked", ["7", "Fri, 03 Jul 2099 09:00:00 GMT"])
async def test_too_many_requests(server: Server, once: PortOne, asked: str) -> None:
    """What the response asks for can be read off the error."""
    server.plays(empty(429, {"Retry-After": asked}))
    with pytest.raises(errors.RateLimitError) as caught:
        await once.payment.get_payment(ORDER)
    assert caught.value.headers["retry-after"] == asked


WHOLE = f'{{"status": "PAID", "id": "{ORDER}", "orderName": "{WORD}"}}'.encode()


@pytest.mark.parametrize(
    "step", [half(WHOLE), half_chunked(WHOLE), headers_only(), half(WHOLE, 500), reset()]
)
async def test_half_a_response(
    server: Server, once: PortOne, discreet: Discreet, step: Step
) -> None:
    """It is a failure of the connection, and PortOne may have received the request."""
    server.plays(step)
    with pytest.raises(errors.APIConnectionError, match="PortOne may have received it") as caught:
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


async def test_nobody_there(discreet: Discreet, refusing: str, transport: TransportName) -> None:
    """A refused connection certainly brought nothing to PortOne."""
    async with PortOne(SECRET, base_url=refusing, max_retries=0, transport=transport) as portone:
        with pytest.raises(errors.APIConnectionError, match="did not receive it") as caught:
            await portone.payment.cancel_payment(ORDER, reason=WORD)
    assert not caught.value.may_have_reached
    discreet(caught.value)


async def test_no_response_in_time(server: Server, once: PortOne, discreet: Discreet) -> None:
    """Hanging up does not stop PortOne, and the error says so."""
    server.plays(silence())
    options = RequestOptions(timeout=Timeout(read=0.05))
    with pytest.raises(errors.APITimeoutError) as caught:
        await once.payment.cancel_payment(ORDER, reason=WORD, options=options)
    assert caught.value.may_have_reached
    await server.until(lambda: len(server.requests) == 1)
    assert caught.value.request.idempotency_key == server.request.key
    discreet(caught.value)


async def test_a_success_that_is_not_json(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """The operation was carried out, and what came is at hand."""
    server.plays(html(200), empty(200), until_close(WHOLE[:-3]))
    for content in (b"<html><body>nginx is not well</body></html>", b"", WHOLE[:-3]):
        with pytest.raises(errors.ResponseError, match="is not JSON") as caught:
            await once.payment.get_payment(ORDER)
        assert caught.value.status == 200
        assert caught.value.content == content
        assert caught.value.path is None
        assert caught.value.headers
        assert caught.value.may_have_reached
        discreet(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        f"{WORD} is no status line\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{WORD} no header\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{WORD}\r\n".encode(),
    ],
)
async def test_a_response_that_is_not_http(
    server: Server, once: PortOne, caplog: pytest.LogCaptureFixture, discreet: Discreet, data: bytes
) -> None:
    """Bytes of somebody else's response do not surface in the error."""
    caplog.set_level("INFO", logger="httpcore")  # at DEBUG it logs what it cannot parse
    server.plays(garbage(data))
    with pytest.raises(errors.APIConnectionError) as caught:
        await once.payment.get_payment(ORDER)
    discreet(caught.value)


async def test_a_response_that_cannot_be_decompressed(
    server: Server, once: PortOne, discreet: Discreet
) -> None:
    """A body that is not compressed as it claims is a damaged one."""
    server.plays(answer(WORD.encode(), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(errors.APIConnectionError, match="the response is damaged") as caught:
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
    wrong: Any = WORD
    with pytest.raises(InvalidArgumentError) as caught:
        await portone.payment.cancel_payment(ORDER, reason=WORD, amount=wrong)
    discreet(caught.value)
    with pytest.raises(InvalidArgumentError) as caught:
        await portone.payment.cancel_payment(ORDER + "\ud800", reason=WORD)
    discreet(caught.value)


def test_everything_refused_is_an_error_of_this_package() -> None:
    """And a `ValueError`, as Python's own would be."""
    assert issubclass(InvalidArgumentError, PortOneError)
    assert issubclass(InvalidArgumentError, ValueError)


@pytest.mark.parametrize(
    "step", [empty(302, {"Location": "/elsewhere"}), empty(307, {"Location": "/"})]
)
async def test_redirects_are_not_followed(server: Server, portone: PortOne, step: Step) -> None:
    """The secret goes where it was meant to go."""
    server.plays(step)
    with pytest.raises(APIError):
        await portone.payment.get_payment("order-1")
    assert len(server.requests) == 1


# Pickling


@pytest.mark.parametrize(
    "step", [error("PAYMENT_NOT_FOUND", 404, message=WORD), html(200), reset()]
)
async def test_errors_survive_a_process_border(server: Server, once: PortOne, step: Step) -> None:
    """A worker may hand them over: they pickle, hash and keep their facts."""
    server.plays(step)
    kinds = (errors.APIError, errors.ResponseError, errors.APIConnectionError)
    with pytest.raises(kinds) as caught:
        await once.payment.get_payment(ORDER)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  (bytes of our own)
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert again.request == caught.value.request
    assert again.attempts == 1
    assert again.may_have_reached == caught.value.may_have_reached
    assert SECRET.encode() not in pickle.dumps(caught.value)
    hash(again)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_can_be_pickled_and_copied(name: str) -> None:
    """Those that are generated too, with the fields of their type and a note."""
    kind: Any = getattr(errors, name)
    info = RequestInfo(
        "POST", "/things/{id}", "doThing", "key-0123456789abcdef", uses_access_token=True
    )
    if name == "RequestInfo":
        assert pickle.loads(pickle.dumps(info)) == info  # noqa: S301  (bytes of our own)
        return
    if issubclass(kind, APIError):
        body = {"type": "X", "message": "m", "pgCode": "1", "ids": ["a"], "graphqlIds": ["b"]}
        found = kind(status=400, request=info, body=body, headers={"a": "b"}, content=b"c")
    elif issubclass(kind, errors.APIConnectionError):
        found = kind("text", request=info, may_have_reached=True, attempts=2)
    elif issubclass(kind, errors.ResponseError):
        found = kind("text", request=info, status=200, headers={}, content=b"", path="$.a")
    else:
        found = kind("text")
    found.add_note("noted")
    for again in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):  # noqa: S301  (bytes of our own)
        assert type(again) is kind
        assert again.args == found.args
        assert vars(again) == vars(found)
        assert again.__notes__ == ["noted"]


# What tools that collect errors show: the variables of every function in a traceback

PACKAGE = Path(portone_async.__file__).parent


def shown(error: BaseException, seen: set[int] | None = None) -> list[str]:
    """Everything such a tool shows of an error, its causes, its context and its members."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return []
    seen.add(id(error))
    texts = [str(error), repr(error), repr(error.args), *getattr(error, "__notes__", [])]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        texts += variables(frame)
    related = [error.__cause__, error.__context__]
    if isinstance(error, BaseExceptionGroup):
        related += error.exceptions
    for other in related:
        texts += shown(other, seen) if other is not None else []
    return texts


def variables(frame: FrameType) -> list[str]:
    """The variables of a function, unless it is the test's own."""
    if Path(frame.f_code.co_filename) == Path(__file__):
        return []
    return [f"{frame.f_code.co_qualname}: {value!r}" for value in frame.f_locals.values()]


def gives_nothing_away(error: BaseException) -> None:
    texts = shown(error)
    for marker in (SECRET, WORD):
        assert [text for text in texts if marker in text] == []


BODY = {"type": "about:blank", "message": WORD, "title": WORD}
FAILURES = {
    "an error of PortOne's": error("PAYMENT_NOT_FOUND", 404, message=WORD),
    "an error with fields": error("PG_PROVIDER", 502, pgMessage=WORD, pgCode=WORD),
    "a new error": error("SOMETHING_NEW", 400, message=WORD),
    "a gateway's": answer(BODY, 503),
    "a page": answer(WORD.encode(), 502),
    "not JSON": answer(WORD.encode()),
    "cut JSON": until_close(WHOLE[:-3]),
    "half": half(WHOLE),
    "half chunked": half_chunked(WHOLE),
    "stalled": stalled(WHOLE),
    "silence": silence(),
    "reset": reset(),
    "reset unread": reset_unread(),
    "not HTTP": garbage(WORD.encode() + b"\r\n\r\n"),
    "damaged": answer(WORD.encode(), headers={"Content-Encoding": "gzip"}),
    "in progress": error("IDEMPOTENCY_OUTSTANDING_REQUEST", 409, message=WORD),
    "a redirect": empty(302, {"Location": f"/{WORD}"}),
    "another shape": answer(paid()),
}


@pytest.mark.parametrize("step", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("by", ["api_secret", "access_token"])
async def test_no_traceback_holds_the_secret_or_a_body(
    server: Server, waits: Waits, transport: TransportName, tmp_path: Path, by: str, step: Step
) -> None:
    """Whatever went wrong, in typed calls, raw requests and downloads."""
    server.always = step
    credentials: dict[str, Any] = {by: SECRET}
    caught: list[PortOneError] = []
    async with PortOne(
        **credentials,
        base_url=server.url,
        retry=waits.policy(max_retries=1),
        timeout=0.1,
        transport=transport,
        strict=True,
    ) as portone:
        for call in (
            portone.payment.get_payment("order-1"),
            portone.payment.cancel_payment("order-1", reason="r"),
            portone.request("POST", "/things", json={"a": 1}),
            portone.platform.transfer.download_platform_transfer_sheet(file=tmp_path / "x.csv"),
        ):
            try:
                await call
            except PortOneError as error:
                caught.append(error)
    assert len(caught) >= 2
    for error in caught:
        gives_nothing_away(error)


async def test_no_traceback_of_a_refused_connection_holds_the_secret(
    refusing: str, transport: TransportName
) -> None:
    """Nor does the operating system's error that is its cause."""
    async with PortOne(SECRET, base_url=refusing, max_retries=0, transport=transport) as portone:
        with pytest.raises(errors.APIConnectionError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    gives_nothing_away(caught.value)


async def test_no_traceback_of_a_refused_argument_holds_the_secret(
    server: Server, portone: PortOne
) -> None:
    """Of calls, and of a client that is closed."""
    wrong: Any = object()
    for call in (
        portone.payment.cancel_payment("order-1", reason="r", amount=wrong),
        portone.payment.get_payment(".."),
        portone.payment.get_payment("order-1", store_id=wrong),
        portone.payment.payment_schedule.revoke_payment_schedules(schedule_ids=["a" * 99] * 999),
        portone.request("GET", "/a b"),
        portone.request("POST", "/things", json=wrong),
        portone.request("GET", "/things", query={"a": wrong}),
        portone.platform.transfer.download_platform_transfer_sheet(file=""),
        portone.platform.transfer.download_platform_transfer_sheet(file="/nowhere/x.csv"),
    ):
        with pytest.raises(InvalidArgumentError) as caught:
            await call
        gives_nothing_away(caught.value)
    await portone.aclose()
    with pytest.raises(errors.ClientClosedError) as closed:
        await portone.payment.get_payment("order-1")
    gives_nothing_away(closed.value)
    assert server.untouched


@pytest.mark.parametrize("by", ["api_secret", "access_token", "environment"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": 5},
        {"base_url": "http://portone.example"},
        {"allow_http": "no"},
        {"store_id": 5},
        {"timeout": "5"},
        {"timeout": -1},
        {"max_retries": "2"},
        {"retry": None},
        {"strict": "no"},
        {"transport": "carrier pigeon"},
        {"max_connections": "5"},
        {"max_response_size": 0},
        {"ssl_context": True},
        {"http_client": True},
        {"add": "\n"},
        {"add": "é"},
        {"add": " "},
    ],
)
def test_no_traceback_of_a_client_that_cannot_be_built_holds_the_secret(
    monkeypatch: pytest.MonkeyPatch, by: str, arguments: dict[str, Any]
) -> None:
    """Though it is an argument."""
    secret = SECRET + arguments.get("add", "")
    arguments = {name: value for name, value in arguments.items() if name != "add"}
    if by == "environment":
        monkeypatch.setenv("PORTONE_API_SECRET", secret)
    else:
        arguments[by] = secret
    with pytest.raises(InvalidArgumentError) as caught:
        PortOne(**arguments)
    gives_nothing_away(caught.value)


def test_no_traceback_of_two_credentials_holds_them() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        PortOne(SECRET, access_token=SECRET)
    gives_nothing_away(caught.value)


async def test_no_traceback_of_a_list_that_does_not_advance_holds_a_body(
    server: Server, portone: PortOne
) -> None:
    """Its pages are models by then, which print neither texts nor persons."""
    server.always = answer({"items": [{"cursor": "c", "payment": paid()}]})
    with pytest.raises(errors.PaginationError) as caught:
        async for _ in portone.payment.iter_all_payments_by_cursor():
            pass
    gives_nothing_away(caught.value)


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_no_traceback_of_the_wrong_event_loop_holds_the_secret(server: Server) -> None:
    """The direct transport is asyncio's."""
    async with PortOne(SECRET, base_url=server.url, transport="direct") as portone:
        with pytest.raises(InvalidArgumentError) as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    gives_nothing_away(caught.value)
    assert server.untouched
