"""OpenTelemetry: a span and metrics for each call, on every transport. Needs the extra `[opentelemetry]`.

    portone = PortOne("api-secret", hooks=opentelemetry.hooks())

A span is named by the operation's method and path template, such as `GET /payments/{paymentId}`, and follows the
semantic conventions of HTTP clients (https://opentelemetry.io/docs/specs/semconv/http/). Neither spans nor metrics hold
ids, bodies or anything personal.

| metric | |
|---|---|
| `http.client.request.duration` | seconds a call took, retries and their waits included |
| `portone.client.retries` | attempts that failed and were retried |
| `http.client.open_connections` | connections, by `http.connection.state`: `idle`, or `active` (opening included) |

Connections are counted when metrics are collected, and not by calls. Those of an `http_client` of yours are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from portone_async._errors import APIError, PortOneError, RequestInfo
from portone_async._hooks import CallEnd, Connections, Hooks, Retry
from portone_async._version import __version__

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import Observation
except ImportError:
    raise ImportError(
        "portone_async.opentelemetry needs its extra: pip install 'portone-async[opentelemetry]'"
    ) from None

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["hooks"]

_NAME: Final = "portone_async"


def hooks(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Hooks:
    """Return hooks for a client that make a span of each call, and measure it.

    Args:
        tracer_provider: Where spans go; the global one if omitted.
        meter_provider: Where metrics go; the global one if omitted.
    """
    tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
    meter = metrics.get_meter(_NAME, __version__, meter_provider)
    duration = meter.create_histogram(
        "http.client.request.duration", "s", "Duration of calls, retries included."
    )
    retries = meter.create_counter(
        "portone.client.retries", "{attempt}", "Attempts that failed and were retried."
    )
    counts: list[Callable[[], Connections | None]] = []

    def count_connections(_options: CallbackOptions) -> Iterator[Observation]:
        found = [(count, count()) for count in list(counts)]
        total = Counter[tuple[str, int, str]]()
        for count, connections in found:
            if connections is None:
                counts.remove(count)
            else:
                total[(*connections.server, "idle")] += connections.idle
                total[(*connections.server, "active")] += connections.active
        for (host, port, state), number in total.items():
            yield Observation(
                number,
                {"http.connection.state": state, "server.address": host, "server.port": port},
            )

    meter.create_observable_up_down_counter(
        "http.client.open_connections",
        [count_connections],
        "{connection}",
        "Connections that are idle or active.",
    )
    current: ContextVar[tuple[Span, Any] | None] = ContextVar("portone_async_span", default=None)

    def on_request(request: RequestInfo) -> None:
        span = tracer.start_span(
            str(request), kind=trace.SpanKind.CLIENT, attributes=_attributes(request)
        )
        current.set((span, context.attach(trace.set_span_in_context(span))))

    def on_retry(retry: Retry) -> None:
        kind = _error_type(retry.error)
        retries.add(1, _attributes(retry.request) | {"error.type": kind})
        found = current.get()
        if found is not None:
            found[0].add_event(
                "retry",
                {"attempt": retry.attempt, "error.type": kind, "delay": retry.delay},
            )

    def on_end(end: CallEnd) -> None:
        attributes = _attributes(end.request)
        if end.status is not None:
            attributes["http.response.status_code"] = end.status
        if end.error is not None:
            attributes["error.type"] = _error_type(end.error)
        duration.record(end.duration, attributes)
        found = current.get()
        if found is None:
            return
        span, token = found
        current.set(None)
        span.set_attributes(attributes)
        if end.attempts > 1:
            span.set_attribute("http.request.resend_count", end.attempts - 1)
        if end.error is not None:
            span.set_status(trace.StatusCode.ERROR)
        span.end()
        context.detach(token)

    return Hooks(on_request=on_request, on_retry=on_retry, on_end=on_end, on_open=counts.append)


def _attributes(request: RequestInfo) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "http.request.method": request.method,
        "url.template": request.path,
    }
    if request.server is not None:
        attributes["server.address"], attributes["server.port"] = request.server
    if request.operation_id is not None:
        attributes["portone.operation"] = request.operation_id
    return attributes


def _error_type(error: BaseException) -> str:
    """Return PortOne's error type, or the name of the exception's class."""
    if isinstance(error, APIError):
        return error.type or str(error.status)
    name = type(error).__name__
    return name if isinstance(error, PortOneError) else f"{type(error).__module__}.{name}"
