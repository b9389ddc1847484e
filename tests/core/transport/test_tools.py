"""The tools that services put around httpx see the calls of a client as it comes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import sentry_sdk
import vcr
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock  # noqa: TC002  (pytest reads annotations)
from sentry_sdk.envelope import Envelope  # noqa: TC002
from sentry_sdk.transport import Transport

from portone_async import PortOne, RetryPolicy, errors, models
from tests.core.conftest import SECRET, Waits, paid
from tests.core.server import Server, answer

pytestmark = pytest.mark.anyio
URL = "https://api.portone.io/payments/order-1"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The default transport's event loops: the others are not httpx's."""
    return request.param


CANCELLED = {"cancellation": {"status": "SUCCEEDED", "id": "c-1", "totalAmount": 1000}}


async def test_respx_mocks_a_call() -> None:
    with respx.mock:
        route = respx.get(URL).respond(json=paid(id="order-1"))
        async with PortOne(SECRET) as portone:
            payment = await portone.payment.get_payment("order-1")
    assert isinstance(payment, models.PaidPayment)
    assert route.called
    request = route.calls.last.request
    assert request.headers["authorization"] == f"PortOne {SECRET}"


async def test_under_respx_nothing_is_cancelled_for_real(server: Server) -> None:
    """A test that forgot to mock a call fails, and the server hears nothing of it."""
    policy = RetryPolicy(sleep=Waits().sleep)
    with respx.mock(assert_all_called=False):
        respx.get(URL).respond(json=paid())
        async with PortOne(SECRET, base_url=server.url, retry=policy) as portone:
            with pytest.raises(BaseException) as caught:  # noqa: PT011  (respx's own, or ours of it)
                await portone.payment.cancel_payment("order-1", reason="r")
    assert isinstance(caught.value, AssertionError | errors.APIConnectionError)
    assert server.requests == []
    assert server.opened == 0


async def test_respx_sees_the_body_and_the_key_of_a_cancellation() -> None:
    with respx.mock:
        route = respx.post(f"{URL}/cancel").respond(json=CANCELLED)
        async with PortOne(SECRET) as portone:
            await portone.payment.cancel_payment("order-1", reason="r", amount=1000)
    request = route.calls.last.request
    assert request.read() == b'{"amount":1000,"reason":"r"}'
    assert len(request.headers["idempotency-key"]) == 34


async def test_pytest_httpx_mocks_a_call(httpx_mock: HTTPXMock) -> None:
    async with PortOne(SECRET) as portone:
        for _ in range(2):
            httpx_mock.add_response(url=URL, json=paid(id="order-1"))
            payment = await portone.payment.get_payment("order-1")
            assert isinstance(payment, models.PaidPayment)
    assert len(httpx_mock.get_requests()) == 2


async def test_pytest_httpx_raises_and_is_retried(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("slow"))
    httpx_mock.add_response(url=URL, json=paid(id="order-1"))
    waits = Waits()
    async with PortOne(SECRET, retry=RetryPolicy(sleep=waits.sleep)) as portone:
        await portone.payment.get_payment("order-1")
    assert len(waits) == 1


async def test_vcrpy_records_a_call_and_replays_it(server: Server, tmp_path: Path) -> None:
    recorder = vcr.VCR(cassette_library_dir=str(tmp_path), filter_headers=["authorization"])
    server.plays(answer(paid(id="order-1")))
    for _ in range(2):
        with recorder.use_cassette("payment.yaml"):
            async with PortOne(SECRET, base_url=server.url) as portone:
                payment = await portone.payment.get_payment("order-1")
        assert isinstance(payment, models.PaidPayment)
        assert payment.id == "order-1"
    assert len(server.requests) == 1, "the second one was not asked for"
    assert SECRET not in (tmp_path / "payment.yaml").read_text()


async def test_opentelemetry_traces_a_call(server: Server) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    server.plays(answer(paid()))
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    try:
        async with PortOne(SECRET, base_url=server.url) as portone:
            await portone.payment.get_payment("order-1")
    finally:
        HTTPXClientInstrumentor().uninstrument()
    (span,) = exporter.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes.get("http.status_code", 200) == 200
    # It propagates its trace to the server.
    assert server.request.header("traceparent")


class _Kept(Transport):
    """A transport of Sentry's that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.items += [item.payload.json for item in envelope.items]


@pytest.fixture
def sentry() -> Iterator[_Kept]:
    kept = _Kept()
    sentry_sdk.init(
        dsn="https://key@sentry.test/1",
        transport=kept,
        traces_sample_rate=1.0,
        auto_session_tracking=False,
    )
    yield kept
    sentry_sdk.init()


async def test_sentry_records_a_call_as_a_span(server: Server, sentry: _Kept) -> None:
    server.plays(answer(paid()))
    with sentry_sdk.start_transaction(name="order", sampled=True):
        async with PortOne(SECRET, base_url=server.url) as portone:
            await portone.payment.get_payment("order-1")
    (transaction,) = sentry.items
    (span,) = [span for span in transaction["spans"] if span["op"] == "http.client"]
    assert span["data"]["http.response.status_code"] == 200


async def test_sentrys_event_of_an_error_has_no_secret(sentry: _Kept, refusing: str) -> None:
    """By default it holds the local variables of every frame."""
    async with PortOne(SECRET, base_url=refusing, max_retries=0) as portone:
        try:
            await portone.payment.cancel_payment("order-1", reason="r")
        except errors.APIConnectionError as error:
            sentry_sdk.capture_exception(error)
    (event,) = sentry.items
    assert event["exception"]["values"][-1]["type"] == "APIConnectionError"
    assert SECRET not in repr(event)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_httpxs_log_has_the_template_in_place_of_the_url(
    server: Server, caplog: pytest.LogCaptureFixture, library: str
) -> None:
    """No id or phone number, at any level; other users of httpx log as ever."""
    module: Any = pytest.importorskip(library)
    markers = ("01012345678", "marker-of-the-id", SECRET)
    server.always = answer({"items": [], "page": {"number": 0, "size": 10, "totalCount": 0}})
    caplog.set_level(logging.DEBUG)
    async with module.AsyncClient() as client:
        portones = [PortOne(SECRET, base_url=server.url, http_client=client)]
        if library == "httpx":
            portones.append(PortOne(SECRET, base_url=server.url))
        for portone in portones:
            await portone.payment.get_payment("marker-of-the-id")
            await portone.payment.get_payments(
                filter=models.PaymentFilterInput(
                    text_search=[models.PaymentTextSearch(field="ALL", value="01012345678")]
                )
            )
            await portone.aclose()
        ours = "".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
        assert "/payments/{paymentId}" in ours
        assert not [marker for marker in markers if marker in ours]
        caplog.clear()
        await client.get(f"{server.url}/theirs/marker-of-the-id")
    logged = [record.getMessage() for record in caplog.records if record.name == library]
    assert [text for text in logged if f"{server.url}/theirs/marker-of-the-id" in text]
