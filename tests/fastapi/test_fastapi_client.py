"""The client that an app's lifespan opens, and the dependency that injects it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from fastapi_samples import portone, serving

from portone_async import PortOne
from portone_async.errors import ClientClosedError, InvalidArgumentError
from portone_async.fastapi import ClientDependency, from_thread, lifespan
from portone_async.models import PaidPayment

pytestmark = pytest.mark.anyio

PAYMENT = {"status": "PAID", "id": "order-1", "amount": {"total": 1_000}}
korea = ClientDependency(lambda: portone(content=PAYMENT))
japan = ClientDependency(lambda: portone(content=PAYMENT | {"id": "japan"}), name="portone_japan")
Korea = Annotated[PortOne, Depends(korea)]
Japan = Annotated[PortOne, Depends(japan)]


async def get_paid(client: PortOne, payment_id: str) -> PaidPayment:
    payment = await client.payment.get_payment(payment_id)
    assert isinstance(payment, PaidPayment)
    return payment


def shop(app_lifespan: Any = lifespan(korea, japan)) -> FastAPI:  # noqa: B008  (has no state)
    app = FastAPI(lifespan=app_lifespan)

    @app.get("/payments/{payment_id}")
    async def look_up(payment_id: str, client: Korea) -> dict[str, Any]:
        payment = await get_paid(client, payment_id)
        return {"id": payment.id, "total": payment.amount.total}

    @app.get("/sync/{payment_id}")
    def look_up_in_a_thread(payment_id: str, client: Korea) -> list[Any]:
        payment = from_thread(client.payment.get_payment, payment_id=payment_id)
        assert isinstance(payment, PaidPayment)
        return [payment.id, threading.current_thread() is threading.main_thread()]

    @app.get("/both")
    async def both(one: Korea, two: Japan, again: Korea) -> list[Any]:
        return [(await get_paid(two, "a")).id, one is again, one is two]

    @app.websocket("/live")
    async def live(socket: WebSocket, client: Korea) -> None:
        await socket.accept()
        await socket.send_text((await get_paid(client, "a")).id)
        await socket.close()

    return app


async def test_handlers_receive_the_client_that_the_lifespan_opened() -> None:
    async with serving(shop(), raises=True) as http:
        assert (await http.get("/payments/order-1")).json() == {"id": "order-1", "total": 1_000}


async def test_a_handler_in_a_thread_awaits_through_the_apps_event_loop() -> None:
    async with serving(shop(), raises=True) as http:
        assert (await http.get("/sync/order-1")).json() == ["order-1", False]


def test_a_thread_that_anyio_did_not_start_has_no_event_loop_to_call() -> None:
    with pytest.raises(RuntimeError):
        from_thread(portone(content=PAYMENT).payment.get_payment, "order-1")


async def test_one_app_may_have_several_clients() -> None:
    async with serving(shop(), raises=True) as http:
        assert (await http.get("/both")).json() == ["japan", True, False]


async def test_each_app_and_each_start_has_its_own_client() -> None:
    one, two = shop(), shop()
    async with serving(one), serving(two):
        first = one.state.portone
        assert first is not two.state.portone
    assert not hasattr(one.state, "portone")
    with pytest.raises(ClientClosedError):
        await first.payment.get_payment("order-1")
    async with serving(one, raises=True) as http:
        assert one.state.portone is not first
        assert (await http.get("/payments/order-1")).status_code == 200


def test_it_works_with_lifespan_state_websockets_and_mounted_apps() -> None:
    outer = FastAPI(lifespan=lifespan(korea, japan))
    outer.mount("/shop", shop(None))
    for _ in range(2):
        with TestClient(outer) as http:
            assert http.get("/shop/payments/order-1").status_code == 200
            with http.websocket_connect("/shop/live") as socket:
                assert socket.receive_text() == "order-1"


async def test_an_existing_lifespan_runs_inside_with_the_clients_open() -> None:
    events: list[Any] = []

    @asynccontextmanager
    async def mine(app: FastAPI) -> AsyncGenerator[dict[str, str]]:
        events.append((await get_paid(app.state.portone, "a")).id)
        yield {"database": "open"}
        events.append((await get_paid(app.state.portone, "a")).id)

    app = shop(lifespan(korea, inner=mine))
    async with app.router.lifespan_context(app) as state:
        assert state == {"portone": app.state.portone, "database": "open"}
        assert events == ["order-1"]
    assert events == ["order-1", "order-1"]

    nested = shop(lifespan(korea, inner=lifespan(japan, inner=mine)))
    async with nested.router.lifespan_context(nested) as state:
        assert state is not None
        assert state.keys() == {"portone", "portone_japan", "database"}


async def test_a_lifespan_that_fails_closes_the_clients() -> None:
    built: list[PortOne] = []

    def build() -> PortOne:
        built.append(portone(content=PAYMENT))
        return built[-1]

    @asynccontextmanager
    async def broken(_: FastAPI) -> AsyncGenerator[None]:
        raise LookupError
        yield

    app = FastAPI(lifespan=lifespan(ClientDependency(build), inner=broken))
    with pytest.raises(LookupError):
        async with app.router.lifespan_context(app):
            raise AssertionError
    with pytest.raises(ClientClosedError):
        await built[0].payment.get_payment("order-1")
    assert not hasattr(app.state, "portone")


async def test_two_clients_with_the_same_name_are_refused() -> None:
    other = ClientDependency(portone)
    with pytest.raises(InvalidArgumentError, match="same name"):
        lifespan(korea, other)
    app = FastAPI(lifespan=lifespan(korea, inner=lifespan(other)))
    with pytest.raises(InvalidArgumentError, match="already has a 'portone'"):
        async with app.router.lifespan_context(app):
            raise AssertionError


async def test_without_the_lifespan_the_error_names_it() -> None:
    transport = httpx.ASGITransport(shop(None))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        with pytest.raises(RuntimeError, match="lifespan"):
            await http.get("/payments/order-1")


async def test_a_test_may_override_it() -> None:
    app = shop(None)
    app.dependency_overrides[korea] = lambda: portone(content=PAYMENT | {"id": "fake"})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        assert (await http.get("/payments/order-1")).json()["id"] == "fake"


async def test_it_shows_no_secret_and_is_not_a_parameter_in_the_openapi_document() -> None:
    assert repr(korea) == "ClientDependency(name='portone')"
    operation = shop().openapi()["paths"]["/payments/{payment_id}"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["payment_id"]


async def test_the_default_client_is_configured_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = FastAPI(lifespan=lifespan(ClientDependency()))
    monkeypatch.delenv("PORTONE_API_SECRET", raising=False)
    with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET"):
        async with app.router.lifespan_context(app):
            raise AssertionError
    monkeypatch.setenv("PORTONE_API_SECRET", "secret")
    async with app.router.lifespan_context(app):
        assert isinstance(app.state.portone, PortOne)


async def test_a_lifespan_that_was_not_called_is_a_clear_error() -> None:
    misused: Any = lifespan
    app = FastAPI(lifespan=misused)
    with pytest.raises(
        InvalidArgumentError, match=r"not FastAPI: .* FastAPI\(lifespan=lifespan\(portone\)\)"
    ):
        async with app.router.lifespan_context(app):
            raise AssertionError


async def test_a_client_in_place_of_a_dependency_is_a_clear_error() -> None:
    async with portone() as client:
        misused: Any = client
        with pytest.raises(InvalidArgumentError, match="not PortOne"):
            lifespan(misused)
        with pytest.raises(
            InvalidArgumentError, match=r"such as lambda: PortOne\(...\), not PortOne"
        ):
            ClientDependency(misused)


def test_without_the_extra_the_import_error_names_it() -> None:
    code = "import sys; sys.modules['fastapi'] = None; import portone_async.fastapi"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: portone_async.fastapi needs FastAPI: pip install 'portone-async[fastapi]'"
    )
