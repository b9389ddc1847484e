"""Errors of each layer: what their texts tell apart, and that no variable of their tracebacks shows a secret."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from portone_async import PortOne, RequestOptions, Timeout, errors, models, with_response
from tests.core.conftest import ORDER, SECRET, WORD, paid
from tests.core.server import (
    PATIENCE,
    Exchange,
    Server,
    Step,
    answer,
    empty,
    error,
    garbage,
    half,
    html,
    reset,
    serving,
    silence,
    until_close,
)
from tests.core.tls import Authority
from tests.core.transport.matrix import AT_ONCE, DEFAULT, EXHAUSTIVE, ONCE, OWN, Kind, on
from tests.core.transport.servers import listening, sends

if TYPE_CHECKING:
    from anyio.abc import AnyByteStream

pytestmark = pytest.mark.anyio
PASSWORD = "marker-of-the-password-d04b"
ARGUMENT = "marker-of-an-argument-71c9"
MARKERS = (SECRET, PASSWORD, ARGUMENT)


# Texts


async def text_of(kind: Kind, url: str) -> str:
    async with kind.client(url, max_retries=0, allow_http=True) as portone:
        with pytest.raises(errors.APIConnectionError, match="did not receive it") as caught:
            await portone.payment.get_payment(ORDER)
    assert not caught.value.may_have_reached
    assert ORDER not in str(caught.value)
    return str(caught.value)


async def test_why_there_is_no_connection_is_told_apart(
    kind: Kind, refusing: str, server: Server, authority: Authority
) -> None:
    """An unknown name, a refused connection, no TLS at all and a certificate that is not trusted."""
    server.always = garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    async with serving(authority.server()) as untrusted:
        texts = {
            "the host name cannot be resolved": await text_of(kind, "http://nowhere.invalid"),
            "the connection was refused": await text_of(kind, refusing),
            "the server's certificate is not trusted": await text_of(kind, untrusted.url),
        }

    async def handler(stream: AnyByteStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(handler) as url:
        texts["TLS failed"] = await text_of(kind, url.replace("http:", "https:"))
    for reason, text in texts.items():
        assert f"ConnectError: {reason}" in text
        assert sum(other in text for other in texts) == 1


@pytest.mark.parametrize("phase", ["handshake", "response"])
async def test_a_timeout_is_called_one(kind: Kind, server: Server, phase: str) -> None:
    """And not a failure of TLS, which it interrupts."""
    server.always = silence()

    async def handler(stream: AnyByteStream) -> None:
        with suppress(anyio.EndOfStream):
            while True:
                await stream.receive()

    async with listening(handler) as silent:
        url = silent.replace("http:", "https:") if phase == "handshake" else server.url
        options = RequestOptions(max_retries=0, timeout=Timeout(connect=0.05, read=0.05))
        async with kind.client(url) as portone:
            with pytest.raises(errors.APITimeoutError) as caught:
                await portone.payment.get_payment("order-1", options=options)
    assert "Timeout" in str(caught.value)
    assert "TLS" not in str(caught.value)
    assert "refused" not in str(caught.value)


# Tracebacks


def frames_of(error: BaseException | None, seen: set[int]) -> Iterator[FrameType]:
    """The frames of an error, and of all that it comes from."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next
    yield from frames_of(error.__cause__, seen)
    yield from frames_of(error.__context__, seen)
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from frames_of(member, seen)


def check_frames(error: BaseException) -> set[str]:
    """Check that no variable shows a secret; return the names of the functions."""
    names: set[str] = set()
    for frame in frames_of(error, set()):
        if "/tests/" in frame.f_code.co_filename:
            continue
        names.add(frame.f_code.co_name)
        for name, value in frame.f_locals.items():
            shown = _repr(value)
            for marker in MARKERS:
                assert marker not in shown, f"{frame.f_code.co_qualname}: {name}"
    told = f"{error} {error!r} {error.args!r} {vars(error)!r}"
    for marker in MARKERS:
        assert marker not in told
    return names


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  (of objects that are half built)
        return ""


Call = Callable[[PortOne], Awaitable[Any]]


async def get(portone: PortOne) -> None:
    await portone.payment.get_payment(ORDER)


async def cancel(portone: PortOne) -> None:
    await portone.payment.cancel_payment(ORDER, reason=WORD)


async def get_page(portone: PortOne) -> None:
    await portone.payment.get_payments(page=models.PageInput(size=1))


async def get_too_much(portone: PortOne) -> None:
    await portone.payment.payment_schedule.revoke_payment_schedules(schedule_ids=["a" * 99] * 999)


async def get_nothing(portone: PortOne) -> None:
    await portone.payment.get_payment("..")


async def get_when_closed(portone: PortOne) -> None:
    await portone.aclose()
    await portone.payment.get_payment(ORDER)


async def get_in_time(portone: PortOne) -> None:
    options = RequestOptions(max_retries=0, timeout=Timeout(total=0.05))
    await portone.payment.get_payment(ORDER, options=options)


async def get_quickly(portone: PortOne) -> None:
    await portone.payment.get_payment(ORDER, options=RequestOptions(max_retries=0, timeout=0.05))


CASES: dict[str, tuple[Step, Call]] = {
    "reset": (reset(), cancel),
    "truncated": (half(b'{"status": "PAID"}'), get),
    "truncated JSON": (until_close(b'{"status": "PA'), get),
    "garbage": (garbage(b"nonsense\r\n\r\n"), cancel),
    "too large": (answer(b" " * 2_000_000), get),
    "damaged gzip": (answer(b"nonsense", headers={"Content-Encoding": "gzip"}), get),
    "unknown encoding": (answer(b"nonsense", headers={"Content-Encoding": "br"}), get),
    "read timeout": (silence(), get_quickly),
    "total timeout": (silence(), get_in_time),
    "error response": (error("PAYMENT_NOT_FOUND", 404, message=WORD), get),
    "error page": (html(502), cancel),
    "not JSON": (answer(b"<html>"), get),
    "not what the document says": (answer({"items": 1}), get_page),
    "not sendable": (answer(paid()), get_nothing),
    "too long": (answer(paid()), get_too_much),
    "closed": (answer(paid()), get_when_closed),
    "redirect to nowhere": (empty(302, {"Location": "http://[::1"}), get),
}


@pytest.mark.parametrize("case", CASES)
async def test_no_variable_shows_the_secret(kind: Kind, server: Server, case: str) -> None:
    step, call = CASES[case]
    server.always = step
    async with kind.client(
        server.url, retry=AT_ONCE, strict=True, max_response_size=1_000_000
    ) as portone:
        with anyio.fail_after(PATIENCE), pytest.raises(errors.PortOneError) as caught:
            await call(portone)
    assert check_frames(caught.value)


async def test_no_variable_shows_the_secret_without_a_connection(
    kind: Kind, refusing: str, authority: Authority
) -> None:
    async with serving(authority.server()) as untrusted:
        for url in (refusing, "http://nowhere.invalid", untrusted.url):
            async with kind.client(url, retry=AT_ONCE, allow_http=True) as portone:
                with pytest.raises(errors.APIConnectionError) as caught:
                    await cancel(portone)
            assert check_frames(caught.value)


async def test_no_variable_shows_the_secret_while_a_connection_is_waited_for(
    kind: Kind, server: Server
) -> None:
    server.always = silence()
    async with (
        kind.client(server.url, max_connections=1) as portone,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(get, portone)
        await server.until(lambda: len(server.requests) == 1)
        with pytest.raises(errors.APITimeoutError) as caught:
            await get_quickly(portone)
        assert check_frames(caught.value)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("step", [silence(), sends(b"HTTP/1.1 200 OK\r\n")], ids=["head", "body"])
async def test_no_variable_shows_the_secret_in_a_call_that_is_cancelled(
    kind: Kind, server: Server, step: Step
) -> None:
    """By a deadline of the caller's, whose error has the cancellation's traceback."""

    async def play(exchange: Exchange) -> None:
        await step.play(exchange)
        await exchange.until_gone()

    server.always = Step(play)
    async with kind.client(server.url) as portone:
        with pytest.raises(TimeoutError) as caught:
            with anyio.fail_after(0.1):
                await cancel(portone)
    assert "send" in check_frames(caught.value)


@on(OWN)
async def test_no_variable_shows_the_secret_wherever_a_call_is_cancelled(
    kind: Kind, any_server: Server, client_tls: ssl.SSLContext | None
) -> None:
    """In each turn of the event loop: while it connects, sends, and reads."""
    any_server.always = answer(paid())
    ended = False
    turns = 0
    while not ended:
        async with kind.client(any_server.url, ssl_context=client_tls) as portone:
            try:
                with anyio.fail_after(None) as scope:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(cancel_scope_after, scope, turns)
                        await get(portone)
                        ended = True
                        tasks.cancel_scope.cancel()
            except TimeoutError as error:
                check_frames(error)
        turns += 1 if EXHAUSTIVE else 1 + turns // 10
    assert turns > 5


async def cancel_scope_after(scope: anyio.CancelScope, turns: int) -> None:
    for _ in range(turns):
        await checkpoint()
    scope.deadline = anyio.current_time()


# Behind a proxy


async def tunnel(exchange: Exchange) -> None:
    """Agree to be a tunnel, and pass nothing on."""
    await exchange.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await exchange.until_gone()


PROXY_STEPS = {
    "refuses": empty(407),
    "resets": reset(),
    "talks nonsense": garbage(b"nonsense\r\n\r\n"),
    "says nothing": silence(),
    "tunnels to nowhere": Step(tunnel),
}


@on(DEFAULT)
@pytest.mark.parametrize("step", PROXY_STEPS.values(), ids=PROXY_STEPS)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_variable_shows_the_password_of_a_proxy(
    kind: Kind, server: Server, monkeypatch: pytest.MonkeyPatch, scheme: str, step: Step
) -> None:
    server.always = step
    proxy = server.url.replace("//", f"//user:{PASSWORD}@")
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy)
    options = RequestOptions(max_retries=0, timeout=Timeout(connect=0.1, read=0.1))
    async with kind.client(f"{scheme}://api.portone.invalid", allow_http=True) as portone:
        with pytest.raises(
            (errors.APIConnectionError, errors.APIError, errors.ResponseError)
        ) as caught:
            await portone.payment.cancel_payment(ORDER, reason=WORD, options=options)
    assert check_frames(caught.value)
    assert PASSWORD not in repr(portone)


# Arguments that are secrets


async def log_in(portone: PortOne) -> None:
    await portone.auth.login_via_api_secret(api_secret=ARGUMENT)


async def log_in_with_response(portone: PortOne) -> None:
    await with_response(portone.auth.login_via_api_secret, api_secret=ARGUMENT)


async def refresh(portone: PortOne) -> None:
    await portone.auth.refresh_token(refresh_token=ARGUMENT)


async def log_in_wrongly(portone: PortOne) -> None:
    await portone.auth.login_via_api_secret(api_secret=[ARGUMENT])  # pyright: ignore[reportArgumentType]


async def log_in_with_what_is_not_json(portone: PortOne) -> None:
    await portone.auth.login_via_api_secret(api_secret={1: ARGUMENT})  # pyright: ignore[reportArgumentType]


async def confirm_for_a_wrong_amount(portone: PortOne) -> None:
    amount: Any = "1000"
    await portone.payment.confirm_payment(ORDER, payment_token=ARGUMENT, total_amount=amount)


async def pay_a_wrong_amount(portone: PortOne) -> None:
    credential = models.CardCredential(
        number=ARGUMENT, expiry_year=ARGUMENT, expiry_month=ARGUMENT, password_two_digits=ARGUMENT
    )
    await portone.payment.pay_instantly(
        ORDER,
        method=models.InstantPaymentMethodInput(
            card=models.InstantPaymentMethodInputCard(credential=credential)
        ),
        order_name="order",
        amount="1000",  # pyright: ignore[reportArgumentType]
        currency="KRW",
    )


@pytest.mark.parametrize(
    "call",
    [
        log_in,
        log_in_with_response,
        refresh,
        log_in_wrongly,
        log_in_with_what_is_not_json,
        confirm_for_a_wrong_amount,
        pay_a_wrong_amount,
    ],
)
@pytest.mark.parametrize("step", [error("UNAUTHORIZED", 401), reset(), answer(b"<html>")])
async def test_no_variable_shows_a_secret_argument(
    kind: Kind, server: Server, call: Call, step: Step
) -> None:
    server.always = step
    async with kind.client(server.url, retry=AT_ONCE) as portone:
        with pytest.raises(errors.PortOneError) as caught:
            await call(portone)
    assert "call" in check_frames(caught.value)


async def test_no_variable_shows_a_secret_argument_of_a_call_that_is_cancelled(
    kind: Kind, server: Server
) -> None:
    server.always = silence()
    async with kind.client(server.url) as portone:
        with pytest.raises(TimeoutError) as caught:
            with anyio.fail_after(0.1):
                await log_in_with_response(portone)
    assert "login_via_api_secret" in check_frames(caught.value)


@on(DEFAULT)
async def test_no_variable_shows_the_password_of_a_proxy_that_is_not_there(
    kind: Kind, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", refusing.replace("//", f"//user:{PASSWORD}@"))
    async with kind.client("https://api.portone.invalid", retry=AT_ONCE) as portone:
        with pytest.raises(errors.APIConnectionError, match="refused") as caught:
            await cancel(portone)
    assert not caught.value.may_have_reached
    assert check_frames(caught.value)


@on(DEFAULT)
@pytest.mark.parametrize("url", ["gopher://user:{}@127.0.0.1:1", "http://user:{}@h:x"])
async def test_no_variable_shows_the_password_of_a_proxy_that_cannot_be_used(
    kind: Kind, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """It is this package's error, each time."""
    monkeypatch.setenv("HTTPS_PROXY", url.format(PASSWORD))
    portone = PortOne(SECRET, transport=kind.transport)
    for _ in range(2):
        with pytest.raises(errors.InvalidArgumentError, match="PROXY") as caught:
            await portone.payment.get_payment("order-1", options=ONCE)
        assert check_frames(caught.value)
    await portone.aclose()
