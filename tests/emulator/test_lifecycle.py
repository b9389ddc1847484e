"""Starting, stopping and inspecting the emulator."""

from __future__ import annotations

import threading

import httpx
import pytest

from portone_emulator import Emulator

from .conftest import Shop


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.anyio
async def test_async_with_on_any_event_loop() -> None:
    async with Emulator() as emulator, httpx.AsyncClient(base_url=emulator.url) as client:
        assert (await client.get("/banks")).is_success
    with pytest.raises(RuntimeError, match="not started"):
        _ = emulator.url


@pytest.mark.anyio
async def test_in_process_without_a_server(anyio_backend: str) -> None:
    emulator = Emulator()
    emulator.checkout("a/b", amount=1000)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(emulator.app),
        base_url="http://emulator",
        headers={"Authorization": f"PortOne {emulator.secret}"},
    ) as client:
        assert (await client.get("/payments/a%2Fb")).json()["id"] == "a/b"


def test_port_is_free_again() -> None:
    with Emulator() as emulator:
        port = int(emulator.url.rpartition(":")[2])
        with pytest.raises(RuntimeError, match="already"):
            emulator.start()
        with pytest.raises(OSError, match="in use"):
            Emulator(port=port).start()
    with Emulator(port=port) as again:
        assert again.url == emulator_url(port)
    again.stop()


def emulator_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def test_stops_with_a_client_still_connected() -> None:
    emulator = Emulator()
    emulator.start()
    with httpx.Client(base_url=emulator.url) as client:
        assert client.get("/banks").is_success
        emulator.stop()
        with pytest.raises(httpx.TransportError):
            client.get("/banks")


def test_stops_during_requests(caplog: pytest.LogCaptureFixture) -> None:
    emulator = Emulator()
    emulator.start()
    emulator.fault("getBankInfos", "latency", delay=60)
    with emulator.hold("getPayment") as hold, Shop(emulator) as shop:
        errors: list[httpx.TransportError] = []

        def get(path: str) -> None:
            try:
                shop.get(path)
            except httpx.TransportError as error:
                errors.append(error)

        threads = [threading.Thread(target=get, args=[path]) for path in ("/banks", "/payments/1")]
        for thread in threads:
            thread.start()
        hold.wait()
        emulator.stop()
        for thread in threads:
            thread.join()
    assert len(errors) == 2
    assert not caplog.records


def test_payments_are_a_copy(emulator: Emulator) -> None:
    emulator.checkout("order-1", amount=1000)
    emulator.payments["order-1"]["amount"]["paid"] = 0
    assert emulator.payments["order-1"]["amount"]["paid"] == 1000


def test_requests_are_recorded(emulator: Emulator, shop: Shop) -> None:
    shop.get("/payments/order-1", params={"storeId": emulator.store_id})
    shop.get("/nothing")
    key = '"0123456789abcdef"'
    shop.post("/payments/order-1/cancel", json={"reason": "x"}, headers={"Idempotency-Key": key})
    assert [
        (each.method, each.path, each.operation_id, each.status, each.idempotency_key)
        for each in emulator.requests
    ] == [
        ("GET", "/payments/order-1", "getPayment", 404, None),
        ("GET", "/nothing", None, 404, None),
        ("POST", "/payments/order-1/cancel", "cancelPayment", 404, key),
    ]
