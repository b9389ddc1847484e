"""Tools that users know from httpx work with a client as it comes, without an `http_client`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx
import sentry_sdk
import vcr
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.httpx import HttpxIntegration

from portone_async import PortOne, errors, models
from tests.core.conftest import ORDER, SECRET, paid
from tests.core.server import Server, answer, reset
from tests.core.transport.matrix import AT_ONCE, DEFAULT, ONCE, Kind, on
from tests.core.transport.servers import get_paid

if TYPE_CHECKING:
    from pytest_httpx import HTTPXMock

pytestmark = [pytest.mark.anyio, on(DEFAULT)]
CANCELLED = {"cancellation": {"status": "SUCCEEDED", "id": "cancellation-1", "totalAmount": 1000}}


# Mocks


async def test_respx_mocks_calls(kind: Kind, server: Server) -> None:
    """By method and URL, as any request of httpx's; the request is the whole one."""
    async with kind.client(server.url) as portone:
        with respx.mock(base_url=server.url) as router:
            route = router.get(f"/payments/{ORDER}").respond(json=paid())
            payment = await portone.payment.get_payment(ORDER)
            assert isinstance(payment, models.PaidPayment)
            assert route.calls.last.request.headers["authorization"] == f"PortOne {SECRET}"

            route.mock(side_effect=[httpx.ConnectTimeout("slow"), httpx.Response(503)])
            with pytest.raises(errors.APITimeoutError) as caught:
                await portone.payment.get_payment(ORDER, options=ONCE)
            assert not caught.value.may_have_reached
            with pytest.raises(errors.ServiceUnavailableError):
                await portone.payment.get_payment(ORDER, options=ONCE)
    assert server.untouched


async def test_a_cancellation_within_respx_never_reaches_the_server(
    kind: Kind, server: Server
) -> None:
    """Not even where no route was set up for it; the one after it does."""
    server.plays(answer(CANCELLED), answer(CANCELLED))
    async with kind.client(server.url, retry=AT_ONCE) as portone:
        with pytest.raises(respx.models.AllMockedAssertionError), respx.mock:
            await portone.payment.cancel_payment(ORDER, reason="r")
        with respx.mock:
            respx.post(url__regex=".*/cancel").respond(json=CANCELLED)
            await portone.payment.cancel_payment(ORDER, reason="r")
        assert server.untouched
        await portone.payment.cancel_payment(ORDER, reason="r")
        # Nor by a connection that was open before.
        with respx.mock:
            respx.post(url__regex=".*/cancel").respond(json=CANCELLED)
            await portone.payment.cancel_payment(ORDER, reason="r")
        assert len(server.requests) == 1
        await portone.payment.cancel_payment(ORDER, reason="r")
    assert len(server.requests) == 2
    assert server.opened == 1


async def test_pytest_httpx_mocks_calls(kind: Kind, server: Server, httpx_mock: HTTPXMock) -> None:
    """Errors, retries and all."""
    url = f"{server.url}/payments/{ORDER}"
    httpx_mock.add_exception(httpx.ReadError("torn"), url=url)
    httpx_mock.add_response(url=url, json=paid())
    async with kind.client(server.url, retry=AT_ONCE) as portone:
        payment = await portone.payment.get_payment(ORDER)
    assert isinstance(payment, models.PaidPayment)
    assert payment.id == ORDER
    assert len(httpx_mock.get_requests()) == 2
    assert server.untouched


async def test_pytest_httpx_may_respond_compressed(kind: Kind, httpx_mock: HTTPXMock) -> None:
    """What a mock says about its encoding is not applied a second time."""
    httpx_mock.add_response(
        content=gzip.compress(b'{"status": "PAID", "id": "order-1"}'),
        headers={"Content-Encoding": "gzip"},
    )
    async with kind.client("https://api.portone.invalid") as portone:
        assert (await get_paid(portone, "order-1")).id == "order-1"


async def test_vcr_records_calls_and_replays_them(
    kind: Kind, server: Server, tmp_path: Path
) -> None:
    """Replayed, nothing is sent; the secret can be left out, as with any client of httpx's."""
    server.plays(answer(paid()))
    cassette = tmp_path / "cassette.yaml"
    recorder = vcr.VCR(filter_headers=["authorization"], record_mode=vcr.mode.ONCE)
    for turn in range(2):
        with recorder.use_cassette(str(cassette)) as tape:
            async with kind.client(server.url) as portone:
                payment = await portone.payment.get_payment(ORDER)
            assert isinstance(payment, models.PaidPayment)
            assert payment.id == ORDER
            assert tape.play_count == turn
    assert len(server.requests) == 1
    assert SECRET not in cassette.read_text()


# Tracing


async def test_opentelemetry_traces_calls(kind: Kind, server: Server) -> None:
    """One span for each attempt, within the span of the caller."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    server.plays(reset(), answer(paid()))
    instrumentor.instrument(tracer_provider=provider)
    try:
        with provider.get_tracer("shop").start_as_current_span("checkout") as checkout:
            async with kind.client(server.url, retry=AT_ONCE) as portone:
                await portone.payment.get_payment("order-1")
    finally:
        instrumentor.uninstrument()
    failed, succeeded, _ = exporter.get_finished_spans()
    for span in (failed, succeeded):
        assert span.kind is trace.SpanKind.CLIENT
        assert span.name == "GET"
        assert span.parent is not None
        assert span.parent.span_id == checkout.get_span_context().span_id
    assert not failed.status.is_ok
    assert dict(succeeded.attributes or {})["http.status_code"] == 200
    assert server.requests[1].header("traceparent") is not None


@pytest.fixture(autouse=True, scope="module")
def _httpx_as_it_was() -> Iterator[None]:
    """Sentry patches httpx for good; tests of other modules have it without."""
    libraries: list[Any] = [httpx, pytest.importorskip("httpx2")]
    clients = [client for library in libraries for client in (library.Client, library.AsyncClient)]
    sends = [client.send for client in clients]
    yield
    for client, send in zip(clients, sends, strict=True):
        client.send = send


@pytest.fixture
def envelopes() -> Iterator[list[Any]]:
    """What Sentry would send."""
    found: list[Any] = []

    class InMemory(sentry_sdk.transport.Transport):  # type: ignore[misc, name-defined]
        def capture_envelope(self, envelope: Any) -> None:
            found.append(envelope)

    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1",
        transport=InMemory,
        traces_sample_rate=1.0,
        release="1",  # which it would ask git for
        default_integrations=False,  # they would stay behind
        integrations=[HttpxIntegration()],
    )
    sentry_sdk.get_isolation_scope().clear_breadcrumbs()
    yield found
    sentry_sdk.init()


async def test_sentry_records_calls(kind: Kind, server: Server, envelopes: list[Any]) -> None:
    """As spans of the transaction, and as breadcrumbs of an error."""
    server.plays(answer(paid()), answer(paid()))
    async with kind.client(server.url) as portone:
        with sentry_sdk.start_transaction(name="checkout"):
            await portone.payment.get_payment("order-1")
            sentry_sdk.capture_exception(KeyError("in the shop"))
    events = [item.payload.json for envelope in envelopes for item in envelope.items]
    [spans] = [event["spans"] for event in events if event and event.get("type") == "transaction"]
    [span] = [span for span in spans if span["op"] == "http.client"]
    assert span["data"]["http.response.status_code"] == 200
    assert span["description"] == f"GET {server.url}/payments/order-1"
    [crumbs] = [event["breadcrumbs"] for event in events if event and "exception" in event]
    [crumb] = [crumb for crumb in crumbs["values"] if crumb["type"] == "http"]
    assert crumb["data"]["http.response.status_code"] == 200
    assert server.requests[0].header("sentry-trace") is not None
    assert SECRET not in str([spans, crumbs])


async def test_sentry_does_not_learn_the_secret_from_an_error(
    kind: Kind, server: Server, envelopes: list[Any]
) -> None:
    """Although it records the variables of each frame."""
    server.always = reset()
    portone = PortOne(SECRET, base_url=server.url, transport=kind.transport, retry=AT_ONCE)
    with pytest.raises(errors.APIConnectionError) as caught:
        await portone.payment.cancel_payment("order-1", reason="r")
    await portone.aclose()
    sentry_sdk.capture_exception(caught.value)
    events = [item.payload.json for envelope in envelopes for item in envelope.items]
    [exception] = [event["exception"] for event in events if event and "exception" in event]
    frames = [
        frame
        for value in exception["values"]
        for frame in (value.get("stacktrace") or {"frames": []})["frames"]
        if not frame["module"].startswith("tests.")
    ]
    assert "send" in [frame["function"] for frame in frames]
    assert all(frame["vars"] for frame in frames)
    assert SECRET not in str(frames)
