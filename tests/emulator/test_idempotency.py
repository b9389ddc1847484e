"""Idempotency keys: one key, one effect."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import Emulator

from .conftest import Shop, error_of

if TYPE_CHECKING:
    import httpx

KEY = {"Idempotency-Key": '"one-cancel-0123456789"'}


def cancel(shop: Shop, headers: dict[str, str] = KEY, **body: Any) -> httpx.Response:
    json = {"reason": "changed mind", "amount": 100, **body}
    return shop.post("/payments/order-1/cancel", json=json, headers=headers)


@pytest.fixture
def paid(emulator: Emulator, shop: Shop) -> Shop:
    emulator.checkout("order-1", amount=1000)
    return shop


def test_second_request_gets_the_first_response(emulator: Emulator, paid: Shop) -> None:
    first, second = cancel(paid), cancel(paid)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert paid.get_payment()["amount"]["cancelled"] == 100
    assert [record.is_replay for record in emulator.requests[:2]] == [False, True]


def test_without_a_key_both_requests_are_processed(paid: Shop) -> None:
    cancel(paid, headers={})
    cancel(paid, headers={})
    assert paid.get_payment()["amount"]["cancelled"] == 200


def test_error_is_replayed_too(emulator: Emulator, paid: Shop) -> None:
    assert error_of(cancel(paid, amount=2000))[0] == 409
    [replayed] = [cancel(paid, amount=2000)]
    assert error_of(replayed) == (409, "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT")
    assert emulator.requests[-1].is_replay


def test_key_expires_after_three_hours(emulator: Emulator, paid: Shop) -> None:
    cancel(paid)
    emulator.advance(hours=2, minutes=59)
    cancel(paid)
    emulator.advance(minutes=1)
    cancel(paid)
    assert paid.get_payment()["amount"]["cancelled"] == 200


def test_key_of_another_request_is_rejected(emulator: Emulator, paid: Shop) -> None:
    cancel(paid).raise_for_status()
    emulator.checkout("order-2", amount=1000)
    other_body = cancel(paid, amount=200)
    other_path = paid.post("/payments/order-2/cancel", json={"reason": "x"}, headers=KEY)
    other_method = paid.delete("/billing-keys/none", headers=KEY)
    for response in (other_body, other_path, other_method):
        assert error_of(response) == (400, "INVALID_REQUEST")
        assert response.json()["message"].startswith("Idempotency-Key")
    assert paid.get_payment()["amount"]["cancelled"] == 100


def test_formatting_and_field_order_do_not_matter(paid: Shop) -> None:
    headers = KEY | {"Content-Type": "application/json"}
    path = "/payments/order-1/cancel"
    paid.post(path, content='{"reason": "x", "amount": 5}', headers=headers).raise_for_status()
    paid.post(path, content='{"amount":5,"reason":"x"}', headers=headers).raise_for_status()
    assert paid.get_payment()["amount"]["cancelled"] == 5


def test_invalid_request_does_not_reserve_the_key(paid: Shop) -> None:
    assert error_of(cancel(paid, amount="x")) == (400, "INVALID_REQUEST")
    assert cancel(paid).is_success


def test_while_the_first_request_is_in_progress(emulator: Emulator, paid: Shop) -> None:
    responses: list[httpx.Response] = []
    with emulator.hold("cancelPayment") as hold, Shop(emulator) as other:
        first = threading.Thread(target=lambda: responses.append(cancel(other)))
        first.start()
        hold.wait()
        assert error_of(cancel(paid)) == (409, "IDEMPOTENCY_OUTSTANDING_REQUEST")
        hold.release()
        first.join()
    assert cancel(paid).content == responses[0].content
    assert paid.get_payment()["amount"]["cancelled"] == 100


@pytest.mark.parametrize(
    "value",
    [
        "one-cancel-0123456789",  # no quotes
        '"short-key-15-ch"',
        f'"{"x" * 257}"',
        '"unescaped"quote-0123456789"',
        '"backslash\\n-0123456789"',
        '""',
        "",
        "12345678901234567890",
    ],
    ids=lambda value: value[:30],
)
def test_value_must_be_a_quoted_string_of_16_to_256(paid: Shop, value: str) -> None:
    response = cancel(paid, headers={"Idempotency-Key": value})
    assert error_of(response) == (400, "INVALID_REQUEST")
    assert "Idempotency-Key" in response.json()["message"]
    assert paid.get_payment()["amount"]["cancelled"] == 0


@pytest.mark.parametrize(
    "value", [f'"{"x" * 16}"', f'"{"x" * 256}"', '"a key with \\"quotes\\" in it"'], ids=len
)
def test_value_within_bounds(paid: Shop, value: str) -> None:
    assert cancel(paid, headers={"Idempotency-Key": value}).is_success


def test_get_ignores_the_header(emulator: Emulator, paid: Shop) -> None:
    assert paid.get("/payments/order-1", headers={"Idempotency-Key": "x"}).is_success
    assert emulator.requests[-1].idempotency_key is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_writing_method_supports_keys(emulator: Emulator, shop: Shop, method: str) -> None:
    policy = {"id": "1", "name": "coupon", "partnerShareRate": 0}
    schedule = {"update": {"memo": "x"}, "appliedAt": "2027-01-01T00:00:00Z"}
    path = "/platform/discount-share-policies"
    shop.post(path, json=policy).raise_for_status()
    shop.post(f"{path}/1/schedule", json=schedule).raise_for_status()
    path, body = {
        "POST": (path, policy | {"id": "2"}),
        "PUT": (f"{path}/1/schedule", schedule),
        "PATCH": (f"{path}/1", {"name": "another"}),
        "DELETE": (f"{path}/1/schedule", None),
    }[method]
    first = shop.request(method, path, headers=KEY, json=body).raise_for_status()
    second = shop.request(method, path, headers=KEY, json=body)
    assert first.content == second.content
    assert emulator.requests[-1].is_replay
