"""The blocking client is the async one without `await`."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import ContextVar
from functools import cached_property
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx
import trio

import portone_async
from portone_async import CallEnd, Hooks, PortOneError, RequestOptions, Timeout, errors
from portone_async.blocking import PortOne, with_response
from portone_async.models import PaidPayment, Payment
from portone_emulator import Emulator
from tests.blocking.conftest import ORDER

if TYPE_CHECKING:
    from pytest_httpx import HTTPXMock

MARKER = "marker-of-the-secret-9f3c"


def functions(client: object, path: str = "portone") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Everything that can be called on a client and its namespaces, by path."""
    for name, member in inspect.getmembers_static(type(client)):
        if isinstance(member, cached_property):
            yield from functions(getattr(client, name), f"{path}.{name}")
        elif not name.startswith("_") and callable(member):
            yield f"{path}.{name}", getattr(client, name)


def test_it_has_the_functions_arguments_and_docstrings_of_the_async_client() -> None:
    ours = dict(functions(PortOne("x")))
    theirs = {
        path: function
        for path, function in functions(portone_async.PortOne("x"))
        if not path.endswith(".call")
    }
    theirs["portone.close"] = theirs.pop("portone.aclose")
    assert ours.keys() == theirs.keys()
    assert len(ours) > 147
    for path, function in ours.items():
        if path == "portone.close":
            continue
        signature, expected = inspect.signature(function), inspect.signature(theirs[path])
        assert signature.parameters == expected.parameters, path
        is_iterator = path.rpartition(".")[2].startswith("iter_")
        assert str(signature.return_annotation).startswith("Pages[") == is_iterator
        assert (inspect.getdoc(function) or "") == (inspect.getdoc(theirs[path]) or "").replace(
            "`async for`", "`for`"
        )
    assert inspect.signature(PortOne) == inspect.signature(portone_async.PortOne)


def test_a_call_returns_its_value_or_raises_its_error(portone: PortOne) -> None:
    payment = portone.payment.get_payment(ORDER)
    assert isinstance(payment, PaidPayment)
    with pytest.raises(errors.PaymentNotFoundError) as caught:
        portone.payment.get_payment("order20261130404")
    shown = "".join(traceback.format_exception(caught.value))
    assert 'portone.payment.get_payment("order20261130404")' in shown
    assert "in get_payment" in shown
    assert "httpcore" not in shown
    with pytest.raises(errors.InvalidArgumentError):
        portone.payment.get_payment("..")


def test_a_call_with_its_response_and_a_raw_request(portone: PortOne) -> None:
    seen: list[int] = []
    options = RequestOptions(on_response=lambda response: seen.append(response.status))
    result = with_response(portone.payment.get_payment, ORDER, options=options)
    assert (result.response.status, seen) == (200, [200])
    assert result.value == portone.payment.get_payment(ORDER)
    assert portone.request("GET", f"/payments/{ORDER}").json()["id"] == ORDER


def test_a_change_is_carried_out_once_although_its_response_was_lost(
    emulator: Emulator, portone: PortOne
) -> None:
    emulator.fault("cancelPayment", "reset_after")
    portone.payment.cancel_payment(ORDER, amount=10_000, reason="returned")
    assert emulator.payments[ORDER]["amount"]["cancelled"] == 10_000
    keys = {each.idempotency_key for each in emulator.requests}
    assert (len(emulator.requests), len(keys)) == (2, 1)


# Lists


@pytest.fixture
def thirty(emulator: Emulator) -> None:
    for number in range(29):
        emulator.checkout(f"order{number}", amount=1_000)


def pages_requested(emulator: Emulator) -> int:
    return sum(each.operation_id == "getPayments" for each in emulator.requests)


@pytest.mark.usefixtures("thirty")
def test_a_list_requests_a_page_when_it_is_needed(emulator: Emulator, portone: PortOne) -> None:
    payments = portone.payment.iter_payments(size=10)
    assert pages_requested(emulator) == 0
    first = [next(payments) for _ in range(10)]
    assert pages_requested(emulator) == 1
    assert len({payment.id for payment in [*first, *payments]}) == 30  # pyright: ignore[reportAttributeAccessIssue]
    assert pages_requested(emulator) == 4


@pytest.mark.usefixtures("thirty")
def test_a_list_by_pages_by_cursor_and_prefetched(emulator: Emulator, portone: PortOne) -> None:
    pages = list(portone.payment.iter_payments(size=12).by_page())
    assert [len(page.items) for page in pages] == [12, 12, 6]
    assert len(list(portone.payment.iter_all_payments_by_cursor(size=7))) == 30
    with portone.payment.iter_payments(size=12).prefetched() as payments:
        assert len(list(payments)) == 30
        assert list(payments) == []


@pytest.mark.usefixtures("thirty")
def test_a_page_is_requested_ahead_and_cancelled_when_it_is_not_needed(emulator: Emulator) -> None:
    ended = SimpleQueue[CallEnd]()
    hooks = Hooks(on_end=ended.put)
    with PortOne(emulator.secret, base_url=emulator.url, hooks=hooks) as portone:
        with portone.payment.iter_payments(size=10).prefetched() as payments:
            next(payments)
            assert [ended.get(timeout=10).status for _ in range(2)] == [200, 200]
        with emulator.hold("getPayments") as hold:
            with portone.payment.iter_payments(size=10).prefetched():
                hold.wait()
            assert isinstance(ended.get(timeout=10).error, asyncio.CancelledError)


@pytest.mark.usefixtures("thirty")
@pytest.mark.parametrize("ahead", [False, True], ids=["as needed", "prefetched"])
def test_a_list_goes_on_after_an_error(emulator: Emulator, ahead: bool) -> None:
    with PortOne(emulator.secret, base_url=emulator.url, max_retries=0) as portone:
        pages = portone.payment.iter_payments(size=3)
        emulator.fault("getPayments", "503", times=None, probability=0.3)
        failures, found = 0, list[Payment]()
        with pages.prefetched() if ahead else nullcontext(pages) as payments:
            while True:
                try:
                    found.extend(payments)
                    break
                except errors.ServiceUnavailableError:
                    failures += 1
    assert failures > 1
    assert len({payment.id for payment in found}) == 30  # pyright: ignore[reportAttributeAccessIssue]


def test_an_error_of_a_list(emulator: Emulator) -> None:
    with PortOne("wrong", base_url=emulator.url) as portone:
        pages = portone.payment.iter_payments()
        with pages.prefetched() as prefetched:
            for payments in (pages, prefetched, prefetched):
                with pytest.raises(errors.AuthenticationError):
                    next(payments)


# The client itself


def test_a_closed_client_is_closed(emulator: Emulator) -> None:
    with PortOne(emulator.secret, base_url=emulator.url) as portone:
        portone.payment.get_payment(ORDER)
    portone.close()
    for use in (lambda: portone.payment.get_payment(ORDER), portone.__enter__):
        with pytest.raises(errors.ClientClosedError):
            use()
    unused = PortOne(emulator.secret, base_url=emulator.url)
    unused.close()
    with pytest.raises(errors.ClientClosedError):
        unused.payment.get_payment(ORDER)
    with pytest.raises(errors.ClientClosedError), portone.payment.iter_payments().prefetched():
        pass


def test_its_repr_names_no_secret_and_it_cannot_be_pickled() -> None:
    portone = PortOne(MARKER, store_id="store-1", base_url="https://example.com")
    assert repr(portone) == "blocking.PortOne(base_url='https://example.com', store_id='store-1')"
    assert repr(portone.payment) == f"<PaymentNamespace of {portone!r}>"
    assert MARKER not in repr(vars(portone))
    with pytest.raises(TypeError, match="build one in each process"):
        pickle.dumps(portone)
    assert repr(PortOne.__new__(PortOne)) == "blocking.PortOne()"


def test_it_refuses_to_block_an_event_loop(emulator: Emulator, portone: PortOne) -> None:
    async def blocks() -> None:
        with pytest.raises(RuntimeError, match=r"use portone_async\.PortOne"):
            portone.payment.get_payment(ORDER)

    async def in_a_thread() -> None:
        await asyncio.to_thread(portone.payment.get_payment, ORDER)

    asyncio.run(blocks())
    trio.run(blocks)
    assert emulator.requests == []
    asyncio.run(in_a_thread())
    trio.run(trio.to_thread.run_sync, portone.payment.get_payment, ORDER)
    assert len(emulator.requests) == 2


def test_a_hook_that_calls_the_client_is_refused_and_does_not_hang(emulator: Emulator) -> None:
    held: list[PortOne] = []
    caught: list[BaseException] = []

    def call(_: object) -> None:
        try:
            held[0].payment.get_payment(ORDER)
        except RuntimeError as error:
            caught.append(error)

    with PortOne(emulator.secret, base_url=emulator.url, hooks=Hooks(on_request=call)) as portone:
        held.append(portone)
        portone.payment.get_payment(ORDER)
    assert "would block the event loop" in str(caught[0])


def test_the_exit_of_a_hook_is_raised_where_the_call_was_made(emulator: Emulator) -> None:
    def leave(_: object) -> None:
        raise SystemExit(3)

    with PortOne(emulator.secret, base_url=emulator.url) as portone:
        with pytest.raises(SystemExit):
            portone.payment.get_payment(ORDER, options=RequestOptions(on_response=leave))
        assert isinstance(portone.payment.get_payment(ORDER), PaidPayment)


def test_a_call_has_the_context_of_its_thread(emulator: Emulator) -> None:
    """So that it belongs to its trace."""
    trace = ContextVar[str]("trace")
    seen: list[str] = []
    hooks = Hooks(on_request=lambda _: seen.append(trace.get("none")))
    with PortOne(emulator.secret, base_url=emulator.url, hooks=hooks) as portone:
        for value in ("first", "second"):
            trace.set(value)
            portone.payment.get_payment(ORDER)
    assert seen == ["first", "second"]


def test_an_http_client_is_used_and_closed() -> None:
    body = {"status": "PAID", "id": ORDER}
    client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    )
    with PortOne("x", http_client=client) as portone:
        assert isinstance(portone.payment.get_payment(ORDER), PaidPayment)
    assert client.is_closed
    with pytest.raises(errors.InvalidArgumentError, match=r"httpx\.AsyncClient"):
        PortOne("x", http_client=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# Secrets


def variables(error: BaseException) -> str:
    """What tools that collect errors show of a traceback, without the test's own frame."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]
    assert frames
    return "\n".join(
        f"{frame.f_code.co_qualname}: {name} = {value!r}"
        for frame in frames
        for name, value in frame.f_locals.items()
    )


def test_no_variable_of_a_traceback_holds_a_secret(emulator: Emulator) -> None:
    with PortOne(emulator.secret, base_url=emulator.url, timeout=Timeout(total=5)) as portone:
        login = portone.auth.login_via_api_secret
        calls: list[Callable[[], object]] = [
            lambda: login(api_secret=MARKER),
            lambda: login(api_secret=MARKER, store="x"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
            lambda: with_response(login, api_secret=MARKER),
            lambda: PortOne(MARKER, retries=1),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
            lambda: PortOne(f" {MARKER}"),
            lambda: PortOne(MARKER, timeout=-1),
        ]
        for number, call in enumerate(calls):
            emulator.respond_with_error("loginViaApiSecret", "UNAUTHORIZED", times=1)
            with pytest.raises((PortOneError, TypeError)) as caught:
                call()
            assert MARKER not in variables(caught.value), number
            assert MARKER not in str(caught.value)


def test_respx_mocks_calls_of_any_thread() -> None:
    body = {"type": "UNAUTHORIZED", "message": "no"}
    with PortOne("x", base_url="https://api.test") as portone, respx.mock:
        route = respx.get("https://api.test/payments/1").respond(401, json=body)
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(portone.payment.get_payment, "1") for _ in range(4)]
            assert all(isinstance(c.exception(), errors.UnauthorizedError) for c in calls)
        assert route.call_count == 4
        with pytest.raises(respx.models.AllMockedAssertionError):  # it never reaches the server
            portone.payment.get_payment("2")


def test_pytest_httpx_mocks_calls(httpx_mock: HTTPXMock) -> None:
    body = {"type": "UNAUTHORIZED", "message": "no"}
    httpx_mock.add_response(url="https://api.test/payments/1", status_code=401, json=body)
    with (
        PortOne("x", base_url="https://api.test") as portone,
        pytest.raises(errors.UnauthorizedError),
    ):
        portone.payment.get_payment("1")
