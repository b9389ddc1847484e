"""Planned faults, API errors and response changes."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import httpx
import pytest

from portone_emulator import Emulator, FaultKind, Response
from portone_emulator.scenarios import future

from .conftest import Shop, error_of

KEY = {"Idempotency-Key": '"one-cancel-0123456789"'}


@pytest.fixture
def raw(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client that does not check responses, because these do not conform to the document."""
    emulator.checkout("order-1", amount=1000)
    with httpx.Client(
        base_url=emulator.url,
        headers={"Authorization": f"PortOne {emulator.secret}"},
        verify=False,
    ) as client:
        yield client


def cancel(client: httpx.Client) -> httpx.Response:
    body = {"reason": "changed mind", "amount": 100}
    return client.post("/payments/order-1/cancel", json=body, headers=KEY)


def cancelled(emulator: Emulator) -> int:
    return emulator.payments["order-1"]["amount"]["cancelled"]


class TestConnection:
    def test_reset_before_processing(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.fault("cancelPayment", "reset_before")
        with pytest.raises(httpx.ReadError):
            cancel(raw)
        assert cancelled(emulator) == 0
        assert cancel(raw).is_success
        assert cancelled(emulator) == 100

    def test_reset_after_processing(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.fault("cancelPayment", "reset_after")
        with pytest.raises(httpx.ReadError):
            cancel(raw)
        assert cancelled(emulator) == 100
        assert cancel(raw).is_success
        assert cancelled(emulator) == 100
        first, second = emulator.requests
        assert (first.status, first.fault, first.idempotency_key) == (
            None,
            "reset_after",
            KEY["Idempotency-Key"],
        )
        assert (second.status, second.fault, second.is_replay) == (200, None, True)

    def test_truncated_body(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.fault("cancelPayment", "truncated")
        with pytest.raises(
            httpx.RemoteProtocolError, match="without sending complete message body"
        ):
            cancel(raw)
        assert cancelled(emulator) == 100
        assert cancel(raw).is_success

    def test_in_process_reset_is_an_exception(self) -> None:
        emulator = Emulator()
        emulator.fault("getBankInfos", "reset_before")

        async def request() -> None:
            transport = httpx.ASGITransport(emulator.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
                with pytest.raises(ConnectionResetError):
                    await client.get("/banks")
                assert (await client.get("/banks")).is_success

        anyio.run(request)


class TestGateway:
    @pytest.mark.parametrize(
        ("kind", "status", "media_type"),
        [
            ("500", 500, None),
            ("502_html", 502, "text/html"),
            ("503", 503, "text/plain"),
            ("429", 429, "application/json"),
        ],
    )
    def test_gateway_responds_instead_of_portone(
        self,
        emulator: Emulator,
        raw: httpx.Client,
        kind: FaultKind,
        status: int,
        media_type: str | None,
    ) -> None:
        emulator.fault("cancelPayment", kind, times=2, retry_after=3)
        for _ in range(2):
            response = cancel(raw)
            assert response.status_code == status
            assert response.headers["Retry-After"] == "3"
            assert response.headers.get("Content-Type", "").partition(";")[0] == (media_type or "")
        assert cancelled(emulator) == 0
        assert cancel(raw).is_success


def test_latency_delays_the_response(emulator: Emulator, raw: httpx.Client) -> None:
    emulator.fault("getPayment", "latency", delay=30)
    with pytest.raises(httpx.ReadTimeout):
        raw.get("/payments/order-1", timeout=0.05)
    assert raw.get("/payments/order-1").is_success


def test_faults_apply_only_to_their_operation(emulator: Emulator, raw: httpx.Client) -> None:
    emulator.fault("getPayment", "503")
    assert raw.get("/payments").is_success
    assert raw.get("/payments/order-1").status_code == 503


def test_any_operation_forever(emulator: Emulator, raw: httpx.Client) -> None:
    emulator.fault("*", "503", times=None)
    assert {raw.get("/payments").status_code, raw.get("/banks").status_code} == {503}


def test_probability_depends_on_the_seed() -> None:
    def statuses() -> list[int]:
        with Emulator(seed=7) as emulator, httpx.Client(base_url=emulator.url) as client:
            emulator.fault("getBankInfos", "503", times=None, probability=0.5)
            return [client.get("/banks").status_code for _ in range(20)]

    first = statuses()
    assert set(first) == {200, 503}
    assert statuses() == first


@pytest.mark.parametrize("operation_id", ["getPaymant", ""])
def test_misspelt_operation(emulator: Emulator, operation_id: str) -> None:
    with pytest.raises(ValueError, match="no operation"):
        emulator.fault(operation_id, "503")
    with pytest.raises(ValueError, match="no operation"):
        emulator.future(operation_id, future.unknown_field())
    with pytest.raises(ValueError, match="no operation"):
        emulator.respond_with_error(operation_id, "FORBIDDEN")
    with pytest.raises(ValueError, match="no operation"), emulator.hold(operation_id):
        pass


def test_misspelt_kind(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="unknown kind '504'"):
        emulator.fault("getPayment", "504")  # pyright: ignore[reportArgumentType]


class TestRespondWithError:
    def test_any_documented_error(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000)
        emulator.respond_with_error("cancelPayment", "MAX_CANCEL_COUNT_REACHED")
        assert error_of(shop.cancel()) == (409, "MAX_CANCEL_COUNT_REACHED")
        assert shop.cancel().is_success

    def test_fields(self, emulator: Emulator, shop: Shop) -> None:
        emulator.respond_with_error("cancelPayment", "PG_PROVIDER", times=2, pgCode="42")
        response = shop.cancel()
        assert error_of(response) == (502, "PG_PROVIDER")
        assert response.json()["pgCode"] == "42"
        assert response.json()["pgMessage"]
        assert error_of(shop.cancel()) == (502, "PG_PROVIDER")

    def test_message(self, emulator: Emulator, shop: Shop) -> None:
        emulator.respond_with_error("cancelPayment", "PG_PROVIDER", message="the card is stolen")
        assert shop.cancel().json()["message"] == "the card is stolen"

    def test_misspelt_field(self, emulator: Emulator) -> None:
        with pytest.raises(ValueError, match="PG_PROVIDER has no field pg_code"):
            emulator.respond_with_error("cancelPayment", "PG_PROVIDER", pg_code="42")

    def test_error_of_another_operation(self, emulator: Emulator) -> None:
        with pytest.raises(ValueError, match="getPayment has no error ALREADY_PAID"):
            emulator.respond_with_error("getPayment", "ALREADY_PAID")


class TestFuture:
    def test_unknown_variant(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("getPayment", future.unknown_variant("ON_HOLD"))
        assert raw.get("/payments/order-1").json()["status"] == "ON_HOLD"
        assert raw.get("/payments/order-1").json()["status"] == "PAID"

    def test_inside_a_list(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("getPayments", future.unknown_enum("currency", "XKR", at=("items", 0)))
        assert raw.get("/payments").json()["items"][0]["currency"] == "XKR"

    def test_unknown_field(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("getPayment", future.unknown_field("mood", {"is": "good"}, at=("amount",)))
        assert raw.get("/payments/order-1").json()["amount"]["mood"] == {"is": "good"}

    def test_unknown_error(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("getPayment", future.unknown_error("TOO_LATE", status=410), times=2)
        for _ in range(2):
            assert error_of(raw.get("/payments/order-1")) == (410, "TOO_LATE")
        assert raw.get("/payments/order-1").is_success

    def test_custom_change(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future(
            "getPayment", lambda response: Response.from_json({"was": response.status}, status=418)
        )
        response = raw.get("/payments/order-1")
        assert (response.status_code, response.json()) == (418, {"was": 200})

    def test_csv_is_not_changed(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("downloadPlatformTransferSheet", future.unknown_field())
        query = {"requestBody": "{}"}
        response = raw.get("/platform/transfer-summaries/sheet-file", params=query)
        assert response.text.startswith("TRANSFER_ID,")
