"""Webhook routes in a FastAPI app."""

from __future__ import annotations

import json
import logging
import socket
import threading
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
import httpx
import pytest
import uvicorn
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi_samples import OTHER, PATH, SECRET, app_with, body, deliver, serving
from openapi_spec_validator import OpenAPIV31SpecValidator

from portone_async import UnknownVariant
from portone_async.errors import InvalidArgumentError
from portone_async.fastapi import MemoryStore, VerifiedWebhook, WebhookEvent, WebhookRouter
from portone_async.models import LegacyWebhook, TransactionPaidWebhook
from portone_async.webhooks import sign

pytestmark = pytest.mark.anyio


class Shop:
    """An app with one webhook route, and what its handler was given."""

    def __init__(self, **options: Any) -> None:
        self.seen: list[Any] = []
        self.answer: Any = None
        self.router = WebhookRouter(options.pop("secrets", SECRET), **options)

        @self.router.post(PATH)
        async def on_webhook(event: WebhookEvent) -> Any:
            self.seen.append(event)
            await anyio.lowlevel.checkpoint()
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        self.app = app_with(self.router)


async def test_a_webhook_reaches_its_handler_as_a_typed_event():
    shop = Shop()
    async with serving(shop.app) as http:
        response = await deliver(http)
    assert (response.status_code, response.json()) == (200, None)
    (event,) = shop.seen
    assert isinstance(event, TransactionPaidWebhook)
    assert event.data.payment_id == "order-1"


async def test_a_handler_may_have_the_id_and_the_event_and_the_raw_request_and_be_sync():
    router = WebhookRouter(SECRET)
    threads = []

    @router.post(PATH, status_code=202)
    def on_webhook(message: VerifiedWebhook, event: WebhookEvent, note: str = "none") -> dict[str, Any]:  # fmt: skip
        threads.append(threading.current_thread())
        assert message.event is event
        return {"id": message.id, "note": note}

    async with serving(app_with(router)) as http:
        response = await deliver(http, "msg_7")
    assert (response.status_code, response.json()) == (202, {"id": "msg_7", "note": "none"})
    assert threads != [threading.main_thread()]


async def test_a_handler_may_read_the_body_again():
    from fastapi import Request

    router = WebhookRouter(SECRET)

    async def on_webhook(request: Request) -> str:
        return (await request.body()).decode()

    on_webhook.__annotations__["request"] = Request
    router.post(PATH)(on_webhook)
    async with serving(app_with(router)) as http:
        assert (await deliver(http)).json() == body().decode()


async def test_types_nobody_knows_and_old_bodies_arrive_too():
    shop = Shop()
    async with serving(shop.app) as http:
        assert (await deliver(http, "1", body("Escrow.Shipped"))).status_code == 200
        form = b"payment_id=order-1&tx_id=tx-1&status=Paid"
        kind = {"content-type": "application/x-www-form-urlencoded"}
        assert (await deliver(http, "2", form, **kind)).status_code == 200
        assert (await deliver(http, "3", body(), **{"content-type": "text/plain"})).status_code == 200  # fmt: skip
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
async def test_what_is_no_webhook_is_answered_400_without_a_reason_and_logged_without_values(changes, caplog):  # fmt: skip
    shop = Shop()
    with caplog.at_level(logging.DEBUG, "portone_async"):
        async with serving(shop.app, raises=True) as http:
            response = await deliver(http, **changes)
    assert (response.status_code, response.json()) == (400, REFUSED)
    assert shop.seen == []
    (record,) = [r for r in caplog.records if r.name == "portone_async"]
    assert record.levelno == logging.WARNING
    assert "marker" not in caplog.text.partition("portone_async")[2]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("content", [b"[]", b"", b"\xff", b"not json"])
async def test_a_signed_body_that_is_none_is_answered_400(content):
    shop = Shop()
    async with serving(shop.app, raises=True) as http:
        assert (await deliver(http, content=content)).status_code == 400
        assert (await http.post(PATH)).status_code == 400
    assert shop.seen == []


async def test_a_body_that_is_too_large_is_answered_413():
    shop = Shop(max_body_size=len(body()))
    async with serving(shop.app, raises=True) as http:
        assert (await deliver(http)).status_code == 200
        assert (await deliver(http, "msg_2", body() + b" ")).status_code == 413
        for length in ("9" * 30, "-1", "x"):  # nonsense that a server let through says nothing
            assert (await deliver(http, **{"content-length": length})).status_code == 200
    assert len(shop.seen) == 1


@pytest.mark.parametrize(("announced", "reads"), [(b"1000", 0), (None, 11)])
async def test_a_body_that_is_too_large_is_not_read_to_its_end(announced, reads):
    shop = Shop(max_body_size=100)
    sent: list[Any] = []
    read = 0

    async def receive():
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    async def send(message):
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


async def test_a_sender_that_hangs_up_is_not_waited_for():
    shop = Shop()
    sent: list[Any] = []
    messages = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b""}
    await shop.app(scope, receive, send)
    assert sent == []


async def test_other_methods_and_other_routes_reach_no_handler():
    router = WebhookRouter(SECRET)

    @router.get("/status")
    async def status() -> str:
        raise AssertionError

    @router.post(PATH)
    async def on_webhook() -> None:
        raise AssertionError  # no event in its signature, and verified all the same

    async with serving(app_with(router), raises=True) as http:
        assert (await http.get("/status")).status_code == 400
        assert (await http.post(PATH, content=body())).status_code == 400
        response = await http.get(PATH)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_an_event_on_an_ordinary_route_is_refused_as_unverified():
    app = FastAPI()

    @app.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        raise AssertionError

    async with serving(app, raises=True) as http:
        with pytest.raises(RuntimeError, match="nothing has verified"):
            await deliver(http)


async def test_either_secret_of_a_rotation_is_good():
    shop = Shop(secrets=[OTHER, SECRET])
    async with serving(shop.app) as http:
        assert (await deliver(http, "1")).status_code == 200
        assert (await deliver(http, "2", **sign(body(), OTHER, message_id="2"))).status_code == 200


@pytest.mark.parametrize("options", [{"secrets": ""}, {"secrets": []}, {"secrets": "!"}, {"max_body_size": 0}])  # fmt: skip
async def test_a_router_that_cannot_work_is_not_built(options):
    with pytest.raises(InvalidArgumentError):
        WebhookRouter(**{"secrets": SECRET, **options})


# --- once each -------------------------------------------------------------------------------------------


async def test_a_webhook_that_was_handled_is_answered_200_and_not_handled_again():
    shop = Shop()
    async with serving(shop.app) as http:
        assert [(await deliver(http)).status_code for _ in range(3)] == [200, 200, 200]
        assert (await deliver(http, "msg_2")).status_code == 200
    assert len(shop.seen) == 2


async def test_a_duplicate_during_the_first_is_told_to_come_again():
    router = WebhookRouter(SECRET)
    started, go = anyio.Event(), anyio.Event()
    calls = 0

    @router.post(PATH)
    async def on_webhook(event: WebhookEvent) -> None:
        nonlocal calls
        calls += 1
        started.set()
        await go.wait()

    statuses = []
    async with serving(app_with(router)) as http, anyio.create_task_group() as tasks:

        async def first():
            statuses.append((await deliver(http)).status_code)

        tasks.start_soon(first)
        await started.wait()
        response = await deliver(http)
        assert (response.status_code, response.headers["retry-after"]) == (409, "60")
        go.set()
        while not statuses:
            await anyio.lowlevel.checkpoint()
        assert (await deliver(http)).status_code == 200
    assert (calls, statuses) == (1, [200])


async def test_of_a_hundred_at_once_one_is_handled():
    shop = Shop()
    statuses: list[int] = []
    async with serving(shop.app) as http, anyio.create_task_group() as tasks:

        async def one():
            statuses.append((await deliver(http)).status_code)

        for _ in range(100):
            tasks.start_soon(one)
    assert len(shop.seen) == 1
    assert set(statuses) <= {200, 409}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (RuntimeError("broken"), 500),
        (HTTPException(503), 503),
        (HTTPException(404), 404),
        (JSONResponse({}, 500), 500),
        (JSONResponse({}, 400), 400),
        (Response(status_code=302), 302),
    ],
    ids=repr,
)
async def test_a_handler_that_fails_lets_the_redelivery_through(answer, status):
    shop = Shop()
    async with serving(shop.app) as http:
        shop.answer = answer
        assert [(await deliver(http)).status_code for _ in range(2)] == [status, status]
        shop.answer = None
        assert [(await deliver(http)).status_code for _ in range(2)] == [200, 200]
    assert len(shop.seen) == 3


@pytest.mark.parametrize("scope", ["before", "after", "background", "stream"])
async def test_what_fails_after_the_handler_lets_the_redelivery_through_too(scope):
    """A commit in a dependency, a background task: FastAPI alone would have said 200 already."""
    router = WebhookRouter(SECRET)
    fails = True
    calls = 0

    def fail() -> None:
        if fails:
            raise RuntimeError("the commit failed")

    async def session():
        yield
        if scope == "after":
            fail()

    async def broken():
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

    async def claim(self, message_id, owner):
        claim = await super().claim(message_id, owner)
        await self._break("claim")  # it came through, but the answer is lost
        return claim

    async def complete(self, message_id, owner):
        await self._break("complete")
        await super().complete(message_id, owner)

    async def release(self, message_id, owner):
        await self._break("release")
        await super().release(message_id, owner)


async def test_a_request_that_is_cancelled_lets_the_redelivery_through():
    router = WebhookRouter(SECRET, store=Failing())  # one that takes its time
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


async def test_without_the_store_nothing_is_handled_and_the_webhook_comes_again():
    store = Failing("claim")
    shop = Shop(store=store)
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 500
        assert shop.seen == []
        store.broken.clear()
        assert (await deliver(http)).status_code == 200
    assert len(shop.seen) == 1


async def test_what_was_handled_is_answered_so_even_if_the_store_cannot_be_told(caplog):
    shop = Shop(store=Failing("complete"))
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 200
        assert (await deliver(http)).status_code == 409  # until the lease ends
    assert "webhook store failed: ConnectionError" in caplog.text
    assert "marker" not in caplog.text


async def test_a_store_that_hangs_does_not_hold_the_answer_back_for_ever(monkeypatch, caplog):
    class Hanging(MemoryStore):
        async def complete(self, message_id, owner):
            await anyio.sleep_forever()

    monkeypatch.setattr("portone_async.fastapi._webhooks._GRACE", 0)
    shop = Shop(store=Hanging())
    async with serving(shop.app) as http:
        assert (await deliver(http)).status_code == 200
    assert "webhook store failed: no answer" in caplog.text


async def test_a_handlers_error_is_not_replaced_by_the_stores():
    shop = Shop(store=Failing("release"))
    shop.answer = LookupError("the handler's")
    async with serving(shop.app, raises=True) as http:
        with pytest.raises(LookupError):
            await deliver(http)


# --- FastAPI around it -----------------------------------------------------------------------------------


async def test_two_routers_in_one_app_keep_their_secrets_and_stores_apart():
    one, two = WebhookRouter(SECRET), WebhookRouter(OTHER, prefix="/two", tags=["two"])
    calls = []

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
        assert (await deliver(http, **headers)).status_code == 400
    assert calls == ["one", "two"]


async def test_dependencies_of_the_router_and_overrides_work():
    async def setting() -> str:
        return "real"

    async def allowed() -> None:
        calls.append("router")

    calls = []
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


async def test_the_apps_document_tells_of_headers_body_and_answers():
    router = WebhookRouter(SECRET, prefix="/api", tags=["webhooks"])
    extra = {"parameters": [{"name": "x-own", "in": "header", "schema": {"type": "string"}}], "x-own": 1}  # fmt: skip

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


@asynccontextmanager
async def uvicorn_serving(app: Any):
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        while not server.started:
            await anyio.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_it_works_over_a_real_server():
    shop = Shop(max_body_size=1000)
    async with uvicorn_serving(shop.app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:  # fmt: skip
        for _ in range(2):
            assert (await deliver(http)).status_code == 200
        assert (await deliver(http, "2", **{"webhook-signature": "v1,AAAA"})).status_code == 400
        assert (await deliver(http, "3", b"x" * 100_000)).status_code == 413
        shop.answer = JSONResponse({}, 503)
        assert (await deliver(http, "4")).status_code == 503
        shop.answer = None
        statuses = []

        async def one(number: int) -> None:
            statuses.append((await deliver(http, f"m{number % 5}")).status_code)

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(one, number)
        assert (await deliver(http, "4")).status_code == 200
    assert len(shop.seen) == 1 + 1 + 5 + 1
    assert set(statuses) <= {200, 409}
