"""PortOne errors as an app's HTTP responses."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi_samples import PATH, SECRET, body, deliver, portone, serving

from portone_async import PortOne, PortOneError
from portone_async.errors import ClientClosedError, InvalidArgumentError
from portone_async.fastapi import (
    ClientDependency,
    WebhookEvent,
    WebhookRouter,
    lifespan,
    portone_error_handler,
)
from portone_async.models import TransactionPaidWebhook
from portone_async.webhooks import verify

pytestmark = pytest.mark.anyio

MARK = "marker7391"


def shop(status: int, content: Any, **headers: str) -> FastAPI:
    dependency = ClientDependency(lambda: portone(status, content, **headers))
    app = FastAPI(lifespan=lifespan(dependency))
    app.add_exception_handler(PortOneError, portone_error_handler)

    async def look_up(client: PortOne, payment_id: str = MARK) -> None:
        await client.payment.get_payment(payment_id)

    look_up.__annotations__["client"] = Annotated[PortOne, Depends(dependency)]
    look_up.__annotations__["payment_id"] = str
    app.get("/payment")(look_up)
    return app


@pytest.mark.parametrize(
    ("status", "kind", "expected", "shown"),
    [
        (400, "INVALID_REQUEST", 400, "INVALID_REQUEST"),
        (401, "UNAUTHORIZED", 500, None),
        (403, "FORBIDDEN", 500, None),
        (404, "PAYMENT_NOT_FOUND", 404, "PAYMENT_NOT_FOUND"),
        (404, "NEW_TYPE", 404, None),
        (404, None, 404, None),
        (409, "NEW_TYPE", 409, None),
        (410, "NEW_TYPE", 410, None),
        (418, "NEW_TYPE", 502, None),
        (429, None, 503, None),
        (500, "NEW_TYPE", 502, None),
        (502, "PG_PROVIDER", 502, "PG_PROVIDER"),
        (502, None, 502, None),
        (503, "NEW_TYPE", 502, None),
        (504, None, 504, None),
    ],
)
async def test_error_responses_of_portone(
    status: int,
    kind: str | None,
    expected: int,
    shown: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    content = {"message": MARK, "pgMessage": MARK, "pgCode": MARK} | (
        {"type": kind} if kind else {}
    )
    async with serving(shop(status, content), raises=True) as http:
        response = await http.get("/payment")
    assert response.status_code == expected
    content = response.json()
    assert content.pop("detail")
    assert content == ({"type": shown} if shown else {})
    assert MARK not in response.text
    records = [
        r for r in caplog.records if r.name == "portone_async" and r.levelno == logging.ERROR
    ]
    assert len(records) == (expected >= 500)
    assert MARK not in "".join(r.getMessage() for r in records)


async def test_retry_after_is_passed_on() -> None:
    async with serving(shop(429, {}, **{"retry-after": "7"})) as http:
        assert (await http.get("/payment")).headers["retry-after"] == "7"
    async with serving(shop(429, {}, **{"retry-after": MARK})) as http:
        assert "retry-after" not in (await http.get("/payment")).headers


@pytest.mark.parametrize(
    ("error", "expected"),
    [(httpx.ConnectError(MARK), 502), (httpx.ReadError(MARK), 502), (httpx.ReadTimeout(MARK), 504)],
)
async def test_no_response_from_portone(error: httpx.TransportError, expected: int) -> None:
    async with serving(shop(200, error), raises=True) as http:
        response = await http.get("/payment")
    assert response.status_code == expected
    assert MARK not in response.text


async def test_a_success_response_that_cannot_be_read() -> None:
    dependency = ClientDependency(
        lambda: PortOne(
            "secret",
            http_client=httpx.AsyncClient(
                transport=httpx.MockTransport(lambda _: httpx.Response(200, text=MARK))
            ),
        )
    )
    app = shop(200, {})
    app.router.lifespan_context = lifespan(dependency)
    async with serving(app, raises=True) as http:
        response = await http.get("/payment")
    assert (response.status_code, MARK in response.text) == (502, False)


async def test_a_bug_in_the_program_stays_the_apps_own_500() -> None:
    app = shop(200, {})
    async with serving(app, raises=True) as http:
        with pytest.raises(InvalidArgumentError):
            await http.get("/payment", params={"payment_id": ".."})
        await app.state.portone.aclose()
        with pytest.raises(ClientClosedError):
            await http.get("/payment")
    async with serving(app) as http:
        assert (await http.get("/payment", params={"payment_id": ".."})).status_code == 500


async def test_a_webhook_that_a_handler_verifies_itself_is_refused_with_400() -> None:
    app = shop(200, {})

    async def by_hand(request: Request) -> str:
        return verify(await request.body(), request.headers, SECRET).id

    by_hand.__annotations__["request"] = Request
    app.post(PATH)(by_hand)
    async with serving(app, raises=True) as http:
        assert (await deliver(http)).json() == "msg_1"
        response = await http.post(PATH, content=body())
    assert (response.status_code, response.json()) == (400, {"detail": "the webhook is not valid"})


async def test_a_webhook_whose_handler_cannot_reach_portone_is_delivered_again() -> None:
    app = shop(503, {})
    router = WebhookRouter(SECRET)

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        assert isinstance(event, TransactionPaidWebhook)
        await app.state.portone.payment.get_payment(event.data.payment_id)

    app.include_router(router)
    async with serving(app) as http:
        assert [(await deliver(http)).status_code for _ in range(2)] == [502, 502]
