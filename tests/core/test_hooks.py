"""Hooks: a client reports each call's beginning, retries, response and end."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from portone_async import (
    CallEnd,
    Connections,
    Hooks,
    PortOne,
    RawResponse,
    Retry,
    RetryPolicy,
    errors,
)

from .conftest import ORDER, SECRET, WORD, Waits, paid
from .server import PATIENCE, Server, answer, empty, error, silence

pytestmark = pytest.mark.anyio


class Log(list[tuple[str, Any]]):
    """What the hooks of a client were called with."""

    def hooks(self) -> Hooks:
        return Hooks(
            on_request=lambda event: self.append(("request", event)),
            on_response=lambda event: self.append(("response", event)),
            on_retry=lambda event: self.append(("retry", event)),
            on_end=lambda event: self.append(("end", event)),
        )

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]


@pytest.mark.parametrize("transport", ["httpx", "direct"])
async def test_a_call_that_is_retried_and_succeeds(
    server: Server, anyio_backend: str, transport: Any
) -> None:
    if transport == "direct" and anyio_backend == "trio":
        pytest.skip("asyncio only")
    log, waits = Log(), Waits()
    policy = RetryPolicy(sleep=waits.sleep, jitter=lambda: 1.0)
    server.plays(empty(503), answer(paid()))
    async with PortOne(
        SECRET, base_url=server.url, retry=policy, hooks=log.hooks(), transport=transport
    ) as portone:
        await portone.payment.get_payment(ORDER)
    assert log.names == ["request", "retry", "response", "end"]
    request, retry, response, end = (event for _, event in log)
    assert request.operation_id == "getPayment"
    assert isinstance(retry, Retry)
    assert (retry.attempt, retry.delay, type(retry.error)) == (
        1,
        0.5,
        errors.ServiceUnavailableError,
    )
    assert isinstance(response, RawResponse)
    assert response.status == 200
    assert isinstance(end, CallEnd)
    assert (end.attempts, end.status, end.error) == (2, 200, None)
    assert end.request is retry.request is request
    assert end.duration >= 0
    # What hooks are given can be logged.
    for marker in (SECRET, ORDER, WORD):
        assert marker not in repr(log)


async def test_a_call_that_fails(server: Server) -> None:
    log = Log()
    server.plays(error("PAYMENT_NOT_FOUND", 404))
    async with PortOne(SECRET, base_url=server.url, hooks=log.hooks()) as portone:
        with pytest.raises(errors.PaymentNotFoundError) as caught:
            await portone.payment.get_payment(ORDER)
    assert log.names == ["request", "response", "end"]
    end = log[-1][1]
    assert (end.attempts, end.status) == (1, 404)
    assert end.error is caught.value


async def test_a_call_that_is_cancelled_ends_too(server: Server) -> None:
    log = Log()
    server.plays(silence())
    async with PortOne(SECRET, base_url=server.url, hooks=log.hooks()) as portone:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(portone.payment.get_payment, ORDER)
                await server.until(lambda: len(server.requests) == 1)
                tasks.cancel_scope.cancel()
    assert log.names == ["request", "end"]
    assert isinstance(log[-1][1].error, anyio.get_cancelled_exc_class())


async def test_hooks_that_fail_change_nothing(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """They are logged by type and place, never by text."""

    def fail(_: object) -> None:
        raise ValueError(WORD)

    hooks = Hooks(on_request=fail, on_response=fail, on_retry=fail, on_end=fail)
    policy = RetryPolicy(sleep=Waits().sleep)
    server.plays(empty(503), answer(paid()))
    with caplog.at_level(logging.DEBUG):
        async with PortOne(SECRET, base_url=server.url, hooks=hooks, retry=policy) as portone:
            assert await portone.payment.get_payment(ORDER)
    failures = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [text.split()[0] for text in failures] == [
        "on_request",
        "on_retry",
        "on_response",
        "on_end",
    ]
    assert all("ValueError (test_hooks.py:" in text for text in failures)
    assert WORD not in caplog.text


async def test_hooks_that_are_none() -> None:
    async def later(_: object) -> None: ...

    for wrong in (1, "print", later):
        with pytest.raises(errors.InvalidArgumentError, match="on_end"):
            Hooks(on_end=wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(errors.InvalidArgumentError, match="hooks takes"):
        PortOne(SECRET, hooks=print)  # pyright: ignore[reportArgumentType]


async def test_a_client_is_opened_once_and_its_connections_can_be_counted(server: Server) -> None:
    """Also by whoever keeps the function for longer than the client: it does not hold it."""
    counts: list[Callable[[], Connections | None]] = []
    server.always = answer(paid())
    portone = PortOne(SECRET, base_url=server.url, hooks=Hooks(on_open=counts.append))
    assert counts == []
    async with portone:
        await portone.payment.get_payment(ORDER)
        await portone.payment.get_payment(ORDER)
        (count,) = counts
        port = int(server.url.rpartition(":")[2])
        assert count() == Connections(("127.0.0.1", port), idle=1, active=0)
    del portone
    gc.collect()
    assert count() is None


async def test_an_on_open_that_raises_changes_nothing(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ValueError(WORD)

    server.always = answer(paid())
    async with PortOne(SECRET, base_url=server.url, hooks=Hooks(on_open=fail)) as portone:
        await portone.payment.get_payment(ORDER)
    assert "on_open raised ValueError" in caplog.text
    assert WORD not in caplog.text
