"""OpenTelemetry: a span and metrics for each call, and nothing personal in them."""

from __future__ import annotations

import gc
import re
import runpy
import sys
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import anyio
import httpx
import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider, export
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from portone_async import CallEnd, Hooks, PortOne, RetryPolicy, errors, opentelemetry

from .conftest import ORDER, SECRET, WORD, Waits, paid
from .server import PATIENCE, Server, answer, empty, error, silence, when

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs"


class Telemetry:
    """Providers that keep in memory what they are given."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])

    def hooks(self) -> Hooks:
        return opentelemetry.hooks(tracer_provider=self.tracers, meter_provider=self.meters)

    def client(self, url: str, **arguments: Any) -> PortOne:
        policy = RetryPolicy(sleep=Waits().sleep)
        return PortOne(SECRET, base_url=url, hooks=self.hooks(), retry=policy, **arguments)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.mark.parametrize("transport", ["httpx", "direct"])
async def test_a_call_is_a_span_with_its_retries(
    server: Server, anyio_backend: str, transport: Any
) -> None:
    if transport == "direct" and anyio_backend == "trio":
        pytest.skip("asyncio only")
    telemetry = Telemetry()
    server.plays(empty(503), answer(paid()))
    async with telemetry.client(server.url, transport=transport) as portone:
        await portone.payment.get_payment(ORDER)
    (span,) = telemetry.spans
    assert span.name == "GET /payments/{paymentId}"
    assert span.kind is SpanKind.CLIENT
    assert span.attributes == {
        "http.request.method": "GET",
        "url.template": "/payments/{paymentId}",
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
        "portone.operation": "getPayment",
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
    }
    assert [event.name for event in span.events] == ["retry"]
    assert span.status.status_code is StatusCode.UNSET
    metrics = telemetry.metrics()
    (duration,) = metrics["http.client.request.duration"]
    assert duration.count == 1
    (retries,) = metrics["portone.client.retries"]
    assert retries.value == 1
    assert retries.attributes["error.type"] == "503"


async def test_an_error_has_portones_type_and_nothing_personal(server: Server) -> None:
    telemetry = Telemetry()
    server.plays(error("PAYMENT_NOT_FOUND", 404, message=WORD))
    async with telemetry.client(server.url) as portone:
        with pytest.raises(errors.PaymentNotFoundError):
            await portone.payment.get_payment(ORDER)
    (span,) = telemetry.spans
    assert span.attributes is not None
    assert span.attributes["error.type"] == "PAYMENT_NOT_FOUND"
    assert span.status.status_code is StatusCode.ERROR
    written = span.to_json() + repr(telemetry.metrics())
    for marker in (SECRET, ORDER, WORD):
        assert marker not in written


def connections(telemetry: Telemetry) -> dict[str, int]:
    """The open connections by their state; each point has the attributes of the convention and no others."""
    found: dict[str, int] = {}
    for point in telemetry.metrics().get("http.client.open_connections", []):
        assert set(point.attributes) == {"http.connection.state", "server.address", "server.port"}
        assert point.attributes["server.address"] == "127.0.0.1"
        assert isinstance(point.attributes["server.port"], int)
        found[point.attributes["http.connection.state"]] = point.value
    return found


@pytest.mark.parametrize("transport", ["httpx", "direct"])
async def test_open_connections_are_counted(
    server: Server, anyio_backend: str, transport: Any
) -> None:
    """Of all clients together that share the hooks, whatever they do at the time."""
    if transport == "direct" and anyio_backend == "trio":
        pytest.skip("asyncio only")
    telemetry = Telemetry()
    gate = anyio.Event()
    server.always = when(gate, answer(paid()))
    hooks = telemetry.hooks()
    async with (
        PortOne(SECRET, base_url=server.url, hooks=hooks, transport=transport) as one,
        PortOne(SECRET, base_url=server.url, hooks=hooks, transport=transport) as other,
    ):
        assert connections(telemetry) == {"idle": 0, "active": 0}
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one.payment.get_payment, ORDER)
                tasks.start_soon(one.payment.get_payment, ORDER)
                tasks.start_soon(other.payment.get_payment, ORDER)
                await server.until(lambda: len(server.requests) == 3)
                assert connections(telemetry) == {"idle": 0, "active": 3}
                gate.set()
        assert connections(telemetry) == {"idle": 3, "active": 0}
        assert await anyio.to_thread.run_sync(connections, telemetry) == {"idle": 3, "active": 0}
        await other.aclose()
        assert connections(telemetry) == {"idle": 2, "active": 0}
    assert connections(telemetry) == {"idle": 0, "active": 0}
    del one, other
    gc.collect()
    assert connections(telemetry) == {}


async def test_connections_that_fail_are_not_counted(refusing: str) -> None:
    telemetry = Telemetry()
    async with telemetry.client(refusing) as portone:
        with pytest.raises(errors.APIConnectionError):
            await portone.payment.get_payment(ORDER)
        assert connections(telemetry) == {"idle": 0, "active": 0}


async def test_connections_of_the_users_client_are_its_own(server: Server) -> None:
    telemetry = Telemetry()
    server.plays(answer(paid()))
    async with (
        httpx.AsyncClient() as client,
        telemetry.client(server.url, http_client=client) as portone,
    ):
        await portone.payment.get_payment(ORDER)
    assert connections(telemetry) == {}


@pytest.mark.parametrize("language", ["", ".ko"])
async def test_the_guides_example_exports_the_connections(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (DOCS / f"observability{language}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (example,) = [block for block in blocks if "ConsoleMetricExporter" in block]
    console = StringIO()
    monkeypatch.setattr(export, "ConsoleMetricExporter", partial(ConsoleMetricExporter, console))
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102
    async with names["measured"]:
        names["provider"].force_flush()
    names["provider"].shutdown()
    assert '"name": "http.client.open_connections"' in console.getvalue()
    assert '"http.connection.state": "idle"' in console.getvalue()


async def test_spans_of_httpx_are_children_of_the_call(server: Server) -> None:
    telemetry = Telemetry()
    server.plays(answer(paid()))
    HTTPXClientInstrumentor().instrument(tracer_provider=telemetry.tracers)
    try:
        async with telemetry.client(server.url) as portone:
            await portone.payment.get_payment("order-1")
    finally:
        HTTPXClientInstrumentor().uninstrument()
    inner, outer = telemetry.spans
    assert outer.name == "GET /payments/{paymentId}"
    context = outer.get_span_context()
    assert inner.parent is not None
    assert context is not None
    assert inner.parent.span_id == context.span_id


async def test_a_call_without_a_response_says_why(refusing: str) -> None:
    telemetry = Telemetry()
    async with telemetry.client(refusing, max_retries=0) as portone:
        with pytest.raises(errors.APIConnectionError):
            await portone.request("GET", "/payments/order-1")
    (span,) = telemetry.spans
    assert span.attributes == {
        "http.request.method": "GET",
        "url.template": "(raw)",
        "server.address": "127.0.0.1",
        "server.port": int(refusing.rpartition(":")[2]),
        "error.type": "APIConnectionError",
    }


async def test_a_cancelled_call_ends_its_span(server: Server) -> None:
    telemetry = Telemetry()
    server.plays(silence())
    async with telemetry.client(server.url) as portone, anyio.create_task_group() as tasks:
        tasks.start_soon(portone.payment.get_payment, ORDER)
        await server.until(lambda: bool(server.requests))
        tasks.cancel_scope.cancel()
    (span,) = telemetry.spans
    assert span.attributes is not None
    assert span.attributes["error.type"] in ("asyncio.exceptions.CancelledError", "trio.Cancelled")


async def test_a_tracer_that_fails_does_not_change_the_call(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is measured all the same."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise RuntimeError

    monkeypatch.setattr("opentelemetry.sdk.trace.Tracer.start_span", fail)
    telemetry = Telemetry()
    server.plays(empty(503), answer(paid()))
    async with telemetry.client(server.url) as portone:
        await portone.payment.get_payment(ORDER)
    assert telemetry.spans == []
    (duration,) = telemetry.metrics()["http.client.request.duration"]
    assert duration.count == 1


async def test_a_request_to_no_known_server_has_no_address() -> None:
    telemetry = Telemetry()
    hooks = opentelemetry.hooks(tracer_provider=telemetry.tracers)
    info = errors.RequestInfo("GET", "/payments/{paymentId}")
    assert hooks.on_request is not None
    assert hooks.on_end is not None
    hooks.on_request(info)
    hooks.on_end(CallEnd(info, 1, 0.1, 200, None))
    (span,) = telemetry.spans
    assert span.attributes == {
        "http.request.method": "GET",
        "url.template": "/payments/{paymentId}",
        "http.response.status_code": 200,
    }


def test_without_opentelemetry_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ImportError, match=r"pip install 'portone-async\[opentelemetry\]'"):
        runpy.run_path(str(opentelemetry.__file__))
