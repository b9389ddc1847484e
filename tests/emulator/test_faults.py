"""Faults and the future, on demand."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import httpx
import pytest

from portone_async.emulator import Answer, Emulator, future

from .conftest import Shop, refusal

KEY = {"Idempotency-Key": '"one-cancel-0123456789"'}


@pytest.fixture
def raw(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client that takes replies as they come: these are not the document's."""
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
    def test_reset_before_the_work(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.fault("cancelPayment", "reset_before")
        with pytest.raises(httpx.ReadError):
            cancel(raw)
        assert cancelled(emulator) == 0
        assert cancel(raw).is_success
        assert cancelled(emulator) == 100

    def test_reset_after_the_work(self, emulator: Emulator, raw: httpx.Client) -> None:
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

    def test_in_process_there_is_an_exception_for_it(self) -> None:
        emulator = Emulator()
        emulator.fault("getBankInfos", "reset_before")

        async def ask() -> None:
            transport = httpx.ASGITransport(emulator.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
                with pytest.raises(ConnectionResetError):
                    await client.get("/banks")
                assert (await client.get("/banks")).is_success

        anyio.run(ask)


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
    def test_it_answers_in_portones_place(
        self, emulator: Emulator, raw: httpx.Client, kind, status: int, media_type: str | None
    ) -> None:
        emulator.fault("cancelPayment", kind, times=2, retry_after=3)
        for _ in range(2):
            reply = cancel(raw)
            assert reply.status_code == status
            assert reply.headers["Retry-After"] == "3"
            assert reply.headers.get("Content-Type", "").partition(";")[0] == (media_type or "")
        assert cancelled(emulator) == 0
        assert cancel(raw).is_success


def test_latency_delays_the_answer(emulator: Emulator, raw: httpx.Client) -> None:
    emulator.fault("getPayment", "latency", delay=30)
    with pytest.raises(httpx.ReadTimeout):
        raw.get("/payments/order-1", timeout=0.05)
    assert raw.get("/payments/order-1").is_success


def test_faults_of_other_operations_wait(emulator: Emulator, raw: httpx.Client) -> None:
    emulator.fault("getPayment", "503")
    assert raw.get("/payments").is_success
    assert raw.get("/payments/order-1").status_code == 503


def test_any_operation_for_ever(emulator: Emulator, raw: httpx.Client) -> None:
    emulator.fault("*", "503", times=None)
    assert {raw.get("/payments").status_code, raw.get("/banks").status_code} == {503}


def test_probability_is_of_the_seed() -> None:
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
        emulator.refuse(operation_id, "FORBIDDEN")
    with pytest.raises(ValueError, match="no operation"), emulator.hold(operation_id):
        pass


def test_misspelt_kind(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="no kind"):
        emulator.fault("getPayment", "504")  # type: ignore[arg-type]


class TestRefuse:
    def test_any_error_of_the_document(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("order-1", amount=1000)
        emulator.refuse("cancelPayment", "MAX_CANCEL_COUNT_REACHED")
        assert refusal(shop.cancel()) == (409, "MAX_CANCEL_COUNT_REACHED")
        assert shop.cancel().is_success

    def test_fields(self, emulator: Emulator, shop: Shop) -> None:
        emulator.refuse("cancelPayment", "PG_PROVIDER", times=2, pgCode="42")
        reply = shop.cancel()
        assert refusal(reply) == (502, "PG_PROVIDER")
        assert reply.json()["pgCode"] == "42"
        assert reply.json()["pgMessage"]
        assert refusal(shop.cancel()) == (502, "PG_PROVIDER")

    def test_message(self, emulator: Emulator, shop: Shop) -> None:
        emulator.refuse("cancelPayment", "PG_PROVIDER", message="the card is stolen")
        assert shop.cancel().json()["message"] == "the card is stolen"

    def test_misspelt_field(self, emulator: Emulator) -> None:
        with pytest.raises(ValueError, match="PG_PROVIDER has no field pg_code"):
            emulator.refuse("cancelPayment", "PG_PROVIDER", pg_code="42")

    def test_error_of_another_operation(self, emulator: Emulator) -> None:
        with pytest.raises(ValueError, match="getPayment has no error ALREADY_PAID"):
            emulator.refuse("getPayment", "ALREADY_PAID")


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
            assert refusal(raw.get("/payments/order-1")) == (410, "TOO_LATE")
        assert raw.get("/payments/order-1").is_success

    def test_a_change_of_ones_own(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("getPayment", lambda answer: Answer.of({"was": answer.status}, status=418))
        reply = raw.get("/payments/order-1")
        assert (reply.status_code, reply.json()) == (418, {"was": 200})

    def test_csv_stays_as_it_is(self, emulator: Emulator, raw: httpx.Client) -> None:
        emulator.future("downloadPlatformTransferSheet", future.unknown_field())
        query = {"requestBody": "{}"}
        reply = raw.get("/platform/transfer-summaries/sheet-file", params=query)
        assert reply.text.startswith("id,amount")
