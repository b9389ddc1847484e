"""Webhook routes in a FastAPI app."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import httpx
import pytest
import uvicorn
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi_samples import OTHER, PATH, SECRET, app_with, body, deliver, serving
from openapi_spec_validator import OpenAPIV31SpecValidator

from portone_async import UnknownVariant
from portone_async.errors import InvalidArgumentError
from portone_async.fastapi import (
    Claim,
    MemoryStore,
    VerifiedWebhook,
    WebhookEvent,
    WebhookRouter,
    WebhookStoreUnavailableError,
)
from portone_async.models import LegacyWebhook, TransactionPaidWebhook
from portone_async.webhooks import sign

if TYPE_CHECKING:
    from starlette.types import Message

pytestmark = pytest.mark.anyio


class Shop:
    """An app with one webhook route, which records the events that its handler receives."""

    def __init__(self, **options: Any) -> None:
        self.seen: list[Any] = []
        self.response: Any = None
        self.router = WebhookRouter(options.pop("secrets", SECRET), **options)

        @self.router.post(PATH)
        async def on_webhook(event: WebhookEvent) -> Any:
            self.seen.append(event)
            await anyio.lowlevel.checkpoint()
            if isinstance(self.response, Exception):
                raise self.response
            return self.response

        self.app = app_with(self.router)


async def test_a_webhook_reaches_its_handler_as_a_typed_event() -> None:
    shop = Shop()
    async with serving(shop.app) as http:
        response = await deliver(http)
    assert (response.status_code, response.json()) == (200, None)
    (event,) = shop.seen
    assert isinstance(event, TransactionPaidWebhook)
    assert event.data.payment_id == "order-1"


async def test_a_handler_may_be_sync_and_take_the_id_the_event_and_query_parameters() -> None:
    router = WebhookRouter(SECRET)
    threads: list[threading.Thread] = []

    @router.post(PATH, status_code=202)
    def on_webhook(message: VerifiedWebhook, event: WebhookEvent, note: str = "none") -> dict[str, Any]:  # fmt: skip
        threads.append(threading.current_thread())
        assert message.event is event
        return {"id": message.id, "note": note}

    async with serving(app_with(router)) as http:
        response = await deliver(http, "msg_7")
    assert (response.status_code, response.json()) == (202, {"id": "msg_7", "note": "none"})
    assert threads != [threading.main_thread()]


async def test_a_handler_may_read_the_body_again() -> None:
    router = WebhookRouter(SECRET)

    async def on_webhook(request: Request) -> str:
        return (await request.body()).decode()

    on_webhook.__annotations__["request"] = Request
    router.post(PATH)(on_webhook)
    async with serving(app_with(router)) as http:
        assert (await deliver(http)).json() == body().decode()


async def test_unknown_types_and_legacy_bodies_reach_the_handler_too() -> None:
    shop = Shop()
    async with serving(shop.app) as http:
        assert (await deliver(http, "1", body("Escrow.Shipped"))).status_code == 200
        form = b"payment_id=order-1&tx_id=tx-1&status=Paid"
        kind = {"content-type": "application/x-www-form-urlencoded"}
        assert (await deliver(http, "2", form, kind)).status_code == 200
        assert (await deliver(http, "3", body(), {"content-type": "text/plain"})).status_code == 200  # fmt: skip
    assert [type(event) for event in shop.seen] == [UnknownVariant, LegacyWebhook, TransactionPaidWebhook]  # fmt: skip


REFUSED = {"detail": "the webhook is not valid"}


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "99999999999"},
        {"webhook-timestamp": "marker"},
        {"webhook-signature": "v1,marker"},
        {"webhook-signature": ""},
        sign(body(), OTHER),
    ],
)
async def test_an_invalid_webhook_is_refused_without_a_reason_and_logged_without_values(
    changes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop()
    with caplog.at_level(logging.DEBUG, "portone_async"):
        async with serving(shop.app, raises=True) as http:
            response = await deliver(http, headers=changes)
    assert (response.status_code, response.json()) == (400, REFUSED)
    assert shop.seen == []
    (record,) = [r for r in caplog.records if r.name == "portone_async"]
    assert record.levelno == logging.WARNING
    assert "marker" not in caplog.text.partition("portone_async")[2]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("content", [b"[]", b"", b"\xff", b"not json"])
async def test_a_signed_body_that_is_not_a_webhook_is_refused_with_400(content: bytes) -> None:
    shop = Shop()
    async with serving(shop.app, raises=True) as http:
        assert (await deliver(http, content=content)).status_code == 400
        assert (await http.post(PATH)).status_code == 400
    assert shop.seen == []


async def test_a_body_that_is_too_large_is_refused_with_413() -> None:
    shop = Shop(max_body_size=len(body()))
    async with serving(shop.app, raises=True) as http:
        assert (await deliver(http)).status_code == 200
        assert (await deliver(http, "msg_2", body() + b" ")).status_code == 413
        for length in ("9" * 30, "-1", "x"):  # invalid, though a server let it through: ignored
            assert (await deliver(http, headers={"content-length": length})).status_code == 200
    assert len(shop.seen) == 1


@pytest.mark.parametrize(("announced", "reads"), [(b"1000", 0), (None, 11)])
async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    announced: bytes | None, reads: int
) -> None:
    shop = Shop(max_body_size=100)
    sent: list[Any] = []
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", announced)] if announced else []
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "headers": headers,
        "query_string": b"",
    }
    await shop.app(scope, receive, send)
    assert (sent[0]["status"], read) == (413, reads)


async def test_a_sender_that_disconnects_gets_no_response() -> None:
    shop = Shop()
    sent: list[Any] = []
    messages = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b""}
    await shop.app(scope, receive, send)
    assert sent == []


async def test_other_methods_and_other_routes_reach_no_handler() -> None:
    router = WebhookRouter(SECRET)

    @router.get("/status")
    async def status() -> str:
        raise AssertionError

    @router.post(PATH)
    async def on_webhook() -> None:
        raise AssertionError  # verified even though it takes no event

    async with serving(app_with(router), raises=True) as http:
        assert (await http.get("/status")).status_code == 400
        assert (await http.post(PATH, content=body())).status_code == 400
        response = await http.get(PATH)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_an_event_on_an_ordinary_route_is_refused_as_unverified() -> None:
    app = FastAPI()

    @app.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        raise AssertionError

    async with serving(app, raises=True) as http:
        with pytest.raises(RuntimeError, match="nothing has verified"):
            await deliver(http)


async def test_either_secret_is_valid_during_a_rotation() -> None:
    shop = Shop(secrets=[OTHER, SECRET])
    async with serving(shop.app) as http:
        assert (await deliver(http, "1")).status_code == 200
        assert (
            await deliver(http, "2", headers=sign(body(), OTHER, message_id="2"))
        ).status_code == 200


@pytest.mark.parametrize("secrets", ["", [], "!", "whsec_c2hvcnQ=", b"short", 1])
async def test_a_router_with_an_invalid_secret_is_not_created(secrets: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        WebhookRouter(secrets)


async def test_a_router_without_a_secret_is_a_clear_error() -> None:
    missing: Any = None  # what os.environ.get() returns
    with pytest.raises(
        InvalidArgumentError, match="secret is None: is the setting or environment variable"
    ):
        WebhookRouter(missing)


async def test_a_router_with_an_invalid_limit_is_not_created() -> None:
    with pytest.raises(InvalidArgumentError):
        WebhookRouter(SECRET, max_body_size=0)


async def test_secrets_may_be_bytes_or_any_iterable() -> None:
    key = b"k" * 24
    shop = Shop(secrets=iter([SECRET.encode(), key]))
    async with serving(shop.app) as http:
        assert (await deliver(http, "1")).status_code == 200
        assert (
            await deliver(http, "2", headers=sign(body(), key, message_id="2"))
        ).status_code == 200
        assert (await deliver(http, "3")).status_code == 200


async def test_the_timestamp_is_compared_with_the_routers_clock() -> None:
    now = datetime.now(UTC)
    shop = Shop(clock=lambda: now)
    async with serving(shop.app) as http:
        assert (await deliver(http, "1")).status_code == 200
        now += timedelta(minutes=6)
        assert (await deliver(http, "2")).status_code == 400


# --- once each -------------------------------------------------------------------------------------------


async def test_a_handled_webhook_gets_200_and_is_not_handled_again() -> None:
    shop = Shop()
    async with serving(shop.app) as http:
        assert [(await deliver(http)).status_code for _ in range(3)] == [200, 200, 200]
        assert (await deliver(http, "msg_2")).status_code == 200
    assert len(shop.seen) == 2


async def test_a_duplicate_of_a_running_webhook_is_refused_with_409() -> None:
    router = WebhookRouter(SECRET)
    started, go = anyio.Event(), anyio.Event()
    calls = 0

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        nonlocal calls
        calls += 1
        started.set()
        await go.wait()

    statuses: list[int] = []
    finished = anyio.Event()
    async with serving(app_with(router)) as http, anyio.create_task_group() as tasks:

        async def first() -> None:
            statuses.append((await deliver(http)).status_code)
            finished.set()

        tasks.start_soon(first)
        await started.wait()
        response = await deliver(http)
        assert (response.status_code, response.headers["retry-after"]) == (409, "60")
        go.set()
        await finished.wait()
        assert (await deliver(http)).status_code == 200
    assert (calls, statuses) == (1, [200])


async def test_one_of_a_hundred_concurrent_deliveries_is_handled() -> None:
    shop = Shop()
    statuses: list[int] = []
    async with serving(shop.app) as http, anyio.create_task_group() as tasks:

        async def one() -> None:
            statuses.append((await deliver(http)).status_code)

        for _ in range(100):
            tasks.start_soon(one)
    assert len(shop.seen) == 1
    assert set(statuses) <= {200, 409}


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (RuntimeError("broken"), 500),
        (HTTPException(503), 503),
        (HTTPException(404), 404),
        (JSONResponse({}, 500), 500),
        (JSONResponse({}, 400), 400),
        (Response(status_code=302), 302),
    ],
)
async def test_after_a_handler_has_failed_the_redelivery_is_handled(
    response: Exception | Response, status: int
) -> None:
    shop = Shop()
    async with serving(shop.app) as http:
        shop.response = response
        assert [(await deliver(http)).status_code for _ in range(2)] == [status, status]
        shop.response = None
        assert [(await deliver(http)).status_code for _ in range(2)] == [200, 200]
    assert len(shop.seen) == 3


@pytest.mark.parametrize("scope", ["before", "after", "background", "stream"])
async def test_after_a_failure_behind_the_handler_the_redelivery_is_handled_too(scope: str) -> None:
    """A commit in a dependency, a background task: plain FastAPI would already have sent 200."""
    router = WebhookRouter(SECRET)
    fails = True
    calls = 0

    def fail() -> None:
        if fails:
            raise RuntimeError("the commit failed")

    async def session() -> AsyncGenerator[None]:
        yield
        if scope == "after":
            fail()

    async def broken() -> AsyncGenerator[str]:
        yield "a"
        if scope == "stream":
            fail()

    async def on_webhook(event: WebhookEvent, background: BackgroundTasks, _: Annotated[None, Depends(session)]) -> Any:  # fmt: skip
        nonlocal calls
        calls += 1
        if scope == "before":
            fail()
        if scope == "background":
            background.add_task(fail)
        return StreamingResponse(broken()) if scope == "stream" else None

    on_webhook.__annotations__ = {"event": WebhookEvent, "background": BackgroundTasks, "_": Annotated[None, Depends(session)]}  # fmt: skip
    router.post(PATH)(on_webhook)
    async with serving(app_with(router)) as http:
        assert [(await deliver(http)).status_code for _ in range(2)] == [500, 500]
        fails = False
        assert [(await deliver(http)).status_code for _ in range(2)] == [200, 200]
    assert calls == 3


class Failing(MemoryStore):
    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = set(broken)

    async def _break(self, name: str) -> None:
        await anyio.lowlevel.checkpoint()
        if name in self.broken:
            raise ConnectionError("marker")

    async def claim(self, message_id: str, owner: str) -> Claim:
        claim = await super().claim(message_id, owner)
        await self._break("claim")  # the store has the claim, but the response is lost
        return claim

    async def complete(self, message_id: str, owner: str) -> bool:
        await self._break("complete")
        return await super().complete(message_id, owner)

    async def release(self, message_id: str, owner: str) -> None:
        await self._break("release")
        await super().release(message_id, owner)


async def test_after_a_cancelled_request_the_redelivery_is_handled() -> None:
    router = WebhookRouter(SECRET, store=Failing())  # it yields to the event loop
    started = anyio.Event()
    hang = True

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        started.set()
        if hang:
            await anyio.sleep_forever()

    async with serving(app_with(router)) as http:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deliver, http)
            await started.wait()
            tasks.cancel_scope.cancel()
        hang = False
        assert (await deliver(http)).status_code == 200


async def test_without_the_store_nothing_is_handled_until_the_redelivery() -> None:
    store = Failing("claim")
    shop = Shop(store=store)
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 500
        assert shop.seen == []
        store.broken.clear()
        assert (await deliver(http)).status_code == 200
    assert len(shop.seen) == 1


async def test_without_its_server_the_store_makes_portone_deliver_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Unavailable(MemoryStore):
        is_available = False

        async def claim(self, message_id: str, owner: str) -> Claim:
            if not self.is_available:
                raise WebhookStoreUnavailableError("marker") from ConnectionRefusedError("marker")
            return await super().claim(message_id, owner)

    store = Unavailable()
    shop = Shop(store=store)
    async with serving(shop.app) as http:
        response = await deliver(http)
        assert (response.status_code, response.headers["retry-after"]) == (503, "60")
        assert shop.seen == []
        store.is_available = True
        assert (await deliver(http)).status_code == 200
    assert len(shop.seen) == 1
    assert caplog.messages == ["webhook store failed: ConnectionRefusedError"]
    assert "marker" not in caplog.text


async def test_a_store_that_hangs_before_the_handler_makes_portone_deliver_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Hanging(MemoryStore):
        hangs = True

        async def claim(self, message_id: str, owner: str) -> Claim:
            claim = await super().claim(message_id, owner)
            if self.hangs:  # it has the claim, but does not say so
                await anyio.sleep_forever()
            return claim

    store = Hanging()
    shop = Shop(store=store, store_timeout=0)
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 503
        store.hangs = False
        assert (await deliver(http)).status_code == 200
    assert len(shop.seen) == 1
    assert caplog.messages == ["webhook store failed: no response in 0 s"]


async def test_a_handler_that_outlasts_its_lease_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = 0.0
    router = WebhookRouter(SECRET, store=MemoryStore(clock=lambda: clock))
    started, go = anyio.Event(), anyio.Event()
    calls = 0

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            started.set()
            await go.wait()

    statuses: list[int] = []
    async with serving(app_with(router)) as http:

        async def first() -> None:
            statuses.append((await deliver(http)).status_code)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await started.wait()
            clock += 301
            assert (await deliver(http)).status_code == 200
            assert caplog.messages == []
            go.set()
    assert (calls, statuses) == (2, [200])
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "a webhook was handled twice"
    ]


async def test_a_handled_webhook_gets_200_even_if_the_store_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = Shop(store=Failing("complete"))
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 200
        assert (await deliver(http)).status_code == 409  # until the lease ends
    assert "webhook store failed: ConnectionError" in caplog.text
    assert "marker" not in caplog.text


async def test_a_store_that_hangs_does_not_delay_the_response_forever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Hanging(MemoryStore):
        async def complete(self, message_id: str, owner: str) -> bool:  # noqa: ARG002  (the protocol's)
            await anyio.sleep_forever()
            return True

    shop = Shop(store=Hanging(), store_timeout=0)
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 200
    assert "webhook store failed: no response" in caplog.text


async def test_a_handlers_error_takes_precedence_over_the_stores() -> None:
    shop = Shop(store=Failing("release"))
    shop.response = LookupError("the handler's")
    async with serving(shop.app, raises=True) as http:
        with pytest.raises(LookupError):
            await deliver(http)


# --- FastAPI around it -----------------------------------------------------------------------------------


async def test_two_routers_in_one_app_keep_their_secrets_and_stores_apart() -> None:
    one, two = WebhookRouter(SECRET), WebhookRouter(OTHER, prefix="/two", tags=["two"])
    calls: list[str] = []

    @one.post(PATH)
    async def first(event: WebhookEvent) -> None:
        calls.append("one")

    @two.post(PATH)
    async def second(event: WebhookEvent) -> None:
        calls.append("two")

    outer = APIRouter(prefix="/outer")
    outer.include_router(two)
    async with serving(app_with(one, outer)) as http:
        headers = sign(body(), OTHER, message_id="msg_1")
        assert (await deliver(http)).status_code == 200
        assert (await http.post(f"/outer/two{PATH}", content=body(), headers=headers)).status_code == 200  # fmt: skip
        assert (await deliver(http, headers=headers)).status_code == 400
    assert calls == ["one", "two"]


async def test_dependencies_of_the_router_and_overrides_work() -> None:
    async def setting() -> str:
        return "real"

    async def allowed() -> None:
        calls.append("router")

    calls: list[str] = []
    router = WebhookRouter(SECRET, dependencies=[Depends(allowed)])

    async def on_webhook(event: WebhookEvent, value: str) -> None:
        calls.append(value)

    on_webhook.__annotations__ = {"event": WebhookEvent, "value": Annotated[str, Depends(setting)]}
    router.post(PATH)(on_webhook)
    app = app_with(router)
    app.dependency_overrides[setting] = lambda: "fake"
    async with serving(app) as http:
        assert (await deliver(http)).status_code == 200
    assert calls == ["router", "fake"]


async def test_the_openapi_document_describes_headers_body_and_responses() -> None:
    router = WebhookRouter(SECRET, prefix="/api", tags=["webhooks"])
    extra: dict[str, Any] = {"parameters": [{"name": "x-own", "in": "header", "schema": {"type": "string"}}], "x-own": 1}  # fmt: skip

    @router.post(PATH, openapi_extra=extra, responses={409: {"description": "mine"}})
    async def on_webhook(event: WebhookEvent) -> None:
        """Take a webhook."""

    outer = APIRouter(prefix="/v1")
    outer.include_router(router)
    app = app_with(outer)
    document = json.loads(json.dumps(app.openapi()))
    OpenAPIV31SpecValidator(document).validate()
    entry = document["paths"][f"/v1/api{PATH}"]["post"]
    assert [(p["name"], p["in"], p.get("required", False)) for p in entry["parameters"]] == [
        ("x-own", "header", False), ("webhook-id", "header", True),
        ("webhook-timestamp", "header", True), ("webhook-signature", "header", True),
    ]  # fmt: skip
    schema = entry["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["type", "timestamp", "data"]
    assert {"200", "400", "409", "413"} <= entry["responses"].keys()
    assert (entry["responses"]["409"]["description"], entry["x-own"], entry["tags"]) == ("mine", 1, ["webhooks"])  # fmt: skip
    assert len(extra["parameters"]) == 1


class Server(uvicorn.Server):
    """A server that tells when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_started = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_started.set()


@asynccontextmanager
async def uvicorn_serving(app: Any) -> AsyncGenerator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        await server.is_started.wait()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_it_works_over_a_real_server() -> None:
    shop = Shop(max_body_size=1000)
    async with uvicorn_serving(shop.app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:  # fmt: skip
        for _ in range(2):
            assert (await deliver(http)).status_code == 200
        assert (
            await deliver(http, "2", headers={"webhook-signature": "v1,AAAA"})
        ).status_code == 400
        assert (await deliver(http, "3", b"x" * 100_000)).status_code == 413
        shop.response = JSONResponse({}, 503)
        assert (await deliver(http, "4")).status_code == 503
        shop.response = None
        statuses: list[int] = []

        async def one(number: int) -> None:
            statuses.append((await deliver(http, f"m{number % 5}")).status_code)

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(one, number)
        assert (await deliver(http, "4")).status_code == 200
    assert len(shop.seen) == 1 + 1 + 5 + 1
    assert set(statuses) <= {200, 409}
