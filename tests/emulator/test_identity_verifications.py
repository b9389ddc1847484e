"""Identity verifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portone_emulator import EmulatedAPIError, Emulator

from .conftest import Shop, error_of

if TYPE_CHECKING:
    import httpx

PATH = "/identity-verifications/iv-1"
CUSTOMER = {
    "name": "Kim",
    "phoneNumber": "01012345678",
    "identityNumber": "9503152",
    "ipAddress": "127.0.0.1",
}


def send(shop: Shop, path: str = PATH, **changes: Any) -> httpx.Response:
    body = {"channelKey": "c", "customer": CUSTOMER, "operator": "SKT", "method": "SMS"}
    return shop.post(f"{path}/send", json=body | changes)


def confirm(shop: Shop, **body: Any) -> httpx.Response:
    return shop.post(f"{PATH}/confirm", json=body)


def test_sent_and_confirmed(shop: Shop) -> None:
    send(shop).raise_for_status()
    ready = shop.get(PATH).json()
    assert (ready["status"], ready["requestedCustomer"]["name"]) == ("READY", "Kim")
    assert CUSTOMER["identityNumber"] not in str(ready)
    assert shop.post(f"{PATH}/resend").is_success
    verified = confirm(shop, otp="123456").json()["identityVerification"]
    assert verified["verifiedCustomer"]["birthDate"] == "1995-03-15"
    assert verified["verifiedCustomer"]["gender"] == "FEMALE"
    assert shop.get(PATH).json() == verified


def test_verified_only_once(shop: Shop) -> None:
    send(shop)
    assert error_of(send(shop)) == (409, "IDENTITY_VERIFICATION_ALREADY_SENT")
    confirm(shop, otp="123456")
    already = (409, "IDENTITY_VERIFICATION_ALREADY_VERIFIED")
    assert error_of(send(shop)) == already
    assert error_of(confirm(shop, otp="123456")) == already
    assert error_of(shop.post(f"{PATH}/resend")) == already


def test_unknown(shop: Shop) -> None:
    not_found = (404, "IDENTITY_VERIFICATION_NOT_FOUND")
    assert error_of(shop.get(PATH)) == not_found
    assert error_of(confirm(shop)) == not_found
    assert error_of(shop.post(f"{PATH}/resend")) == not_found


@pytest.mark.parametrize("number", ["", "950315", "9513152", "9503159", "95031521", None])
def test_sms_needs_an_identity_number(shop: Shop, number: str | None) -> None:
    customer = dict(CUSTOMER)
    del customer["identityNumber"]
    if number is not None:
        customer["identityNumber"] = number
    response = send(shop, customer=customer)
    assert error_of(response) == (400, "INVALID_REQUEST")
    assert "identityNumber" in response.json()["message"]


def test_sms_needs_the_otp_and_the_app_does_not(shop: Shop) -> None:
    send(shop)
    assert error_of(confirm(shop)) == (400, "INVALID_REQUEST")
    other = "/identity-verifications/iv-2"
    send(shop, other, method="APP").raise_for_status()
    assert shop.post(f"{other}/confirm", json={}).is_success


def test_any_code_is_right_unless_one_is_expected(emulator: Emulator, shop: Shop) -> None:
    wrong = (502, "PG_PROVIDER")
    emulator.expect_otp("iv-1", "123456")
    send(shop)
    assert error_of(confirm(shop, otp="000000")) == wrong
    assert shop.get(PATH).json()["status"] == "READY"
    assert error_of(confirm(shop)) == (400, "INVALID_REQUEST")
    assert confirm(shop, otp="123456").is_success
    other = "/identity-verifications/iv-2"
    send(shop, other)
    assert shop.post(f"{other}/confirm", json={"otp": "000000"}).is_success


def test_code_that_every_verification_expects() -> None:
    with Emulator(otp="123456", sub_store_ids=["store-2"]) as emulator, Shop(emulator) as shop:
        send(shop)
        refused = confirm(shop, otp="000000")
        assert error_of(refused) == (502, "PG_PROVIDER")
        assert "123456" not in refused.text
        emulator.reset()
        send(shop)
        emulator.expect_otp("iv-1", "654321", store_id="store-2")  # of another store
        assert error_of(confirm(shop, otp="654321")) == (502, "PG_PROVIDER")
        emulator.expect_otp("iv-1", "654321")
        assert error_of(confirm(shop, otp="123456")) == (502, "PG_PROVIDER")
        assert confirm(shop, otp="654321").is_success
        with pytest.raises(EmulatedAPIError, match="FORBIDDEN"):
            emulator.expect_otp("iv-1", "1", store_id="store-3")


def test_the_app_needs_no_code() -> None:
    with Emulator(otp="123456") as emulator, Shop(emulator) as shop:
        send(shop, method="APP")
        assert confirm(shop, otp="000000").is_success


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 2),
        ({"statuses": ["VERIFIED"]}, 1),
        ({"identityVerificationId": "iv-2"}, 1),
        ({"carriers": ["KT"]}, 1),
        ({"timeRangeField": "VERIFIED_AT"}, 1),
        ({"customer": {"name": "Kim"}}, 2),
        ({"customer": {"birthYear": "1995", "birthMonth": "03", "birthDay": "15"}}, 1),
        ({"customer": {"gender": "MALE"}}, 0),
        ({"customer": {"phoneNumber": "0"}}, 0),
        ({"isTest": False}, 0),
    ],
    ids=str,
)
def test_list(shop: Shop, filters: dict[str, Any], count: int) -> None:
    send(shop)
    confirm(shop, otp="123456")
    send(shop, "/identity-verifications/iv-2", operator="KT")
    response = shop.send_query("GET", "/identity-verifications", {"filter": filters}).json()
    assert len(response["items"]) == response["page"]["totalCount"] == count
