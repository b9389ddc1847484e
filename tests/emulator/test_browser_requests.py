"""The requests of PortOne's browser SDK, as the drop-in sends them to the windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from portone_emulator import Emulator

from .conftest import START, Shop, error_of

ORIGIN = "http://localhost:3000"
CHANNELS = {"channel-key-1": "TOSSPAYMENTS"}
_ids = count(1)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(channels=CHANNELS, start_at=START, sub_store_ids=["store-2"]) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def shop(emulator: Emulator) -> Iterator[Shop]:
    with Shop(emulator) as shop:
        yield shop


def order(**fields: Any) -> dict[str, Any]:
    request = {
        "storeId": "store-emulator",
        "channelKey": "channel-key-1",
        "paymentId": f"order-{next(_ids)}",
        "orderName": "a book",
        "totalAmount": 11_000,
        "currency": "KRW",
        "payMethod": "CARD",
    }
    return {name: each for name, each in (request | fields).items() if each is not ...}


def identity(**fields: Any) -> dict[str, Any]:
    request = {"storeId": "store-emulator", "channelKey": "channel-key-1"}
    return {**request, "identityVerificationId": f"identity-{next(_ids)}", **fields}


def check(
    emulator: Emulator, path: str, request: dict[str, Any], origin: str | None = ORIGIN
) -> httpx.Response:
    """Ask whether a window opens, as the drop-in does before it opens one."""
    headers = {"Accept": "application/json"} | ({} if origin is None else {"Origin": origin})
    params = {"request": json.dumps(request)}
    return httpx.get(f"{emulator.url}/{path}/", params=params, headers=headers, verify=False)


def leave(emulator: Emulator, path: str, request: dict[str, Any], outcome: str) -> dict[str, str]:
    """Press a window's button, and return the result."""
    response = httpx.post(
        f"{emulator.url}/{path}/",
        params={"request": json.dumps(request), "redirect": "http://localhost:3000/done"},
        data={"outcome": outcome},
        headers={"Origin": emulator.url},
        verify=False,
    )
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["location"]).query, strict_parsing=True))


def pay(emulator: Emulator, outcome: str = "paid", **fields: Any) -> dict[str, Any]:
    """Pay in a window, and return the payment."""
    result = leave(emulator, "checkout", order(**fields), outcome)
    return emulator.payments[result["paymentId"]]


class TestBeforeAWindowOpens:
    def test_it_opens(self, emulator: Emulator) -> None:
        request = order()
        response = check(emulator, "checkout", request)
        assert (response.status_code, response.json()) == (200, {"unknownFields": []})
        assert response.headers["access-control-allow-origin"] == "*"
        assert request["paymentId"] not in emulator.payments

    @pytest.mark.parametrize(
        ("fields", "status", "code", "named"),
        [
            ({"storeId": ...}, 400, "BadRequest", "storeId"),
            ({"storeId": "other"}, 403, "StoreNotFound", "storeId"),
            ({"channelKey": None}, 400, "BadRequest", "channelKey"),
            ({"channelKey": "other"}, 404, "ChannelNotFound", "channelKey"),
            ({"paymentId": ...}, 400, "BadRequest", "paymentId"),
            ({"paymentId": ""}, 400, "BadRequest", "paymentId"),
            ({"orderName": ...}, 400, "BadRequest", "orderName"),
            ({"totalAmount": "1000"}, 400, "BadRequest", "totalAmount"),
            ({"totalAmount": 0}, 400, "BadRequest", "total"),
            ({"totalAmount": 1.5}, 400, "BadRequest", "totalAmount"),
            ({"currency": "CURRENCY_WON"}, 400, "BadRequest", "currency"),
            ({"payMethod": "PIGEON"}, 400, "BadRequest", "payMethod"),
            ({"customer": "Hong"}, 400, "BadRequest", "customer"),
            ({"customer": {"fullName": 1}}, 400, "BadRequest", "fullName"),
            ({"customer": {"address": {"city": "Seoul"}}}, 400, "BadRequest", "addressLine1"),
            ({"products": [{"id": "book"}]}, 400, "BadRequest", "products"),
            ({"noticeUrls": "http://a.test"}, 400, "BadRequest", "noticeUrls"),
            ({"country": "XX"}, 400, "BadRequest", "country"),
            ({"taxFreeAmount": 12_000}, 409, "BadRequest", "tax-free"),
            ({"windowType": "POPUP"}, 400, "BadRequest", "request.windowType: must be"),
            ({"windowType": {"mobile": "popup"}}, 400, "BadRequest", "one of IFRAME, POPUP"),
            ({"forceRedirect": "yes"}, 400, "BadRequest", "forceRedirect"),
            ({"redirectUrl": "/done"}, 400, "BadRequest", "request.redirectUrl: must be an http"),
            ({"redirectUrl": "javascript:alert(1)"}, 400, "BadRequest", "redirectUrl"),
            (
                {"payMethod": "EASY_PAY", "easyPay": {"easyPayProvider": "PIGEON_PAY"}},
                400,
                "BadRequest",
                "provider",
            ),
            (
                {"virtualAccount": {"accountExpiry": {"dueDate": "soon"}}},
                400,
                "BadRequest",
                "dueDate",
            ),
        ],
    )
    def test_what_is_wrong(
        self, emulator: Emulator, fields: dict[str, Any], status: int, code: str, named: str
    ) -> None:
        response = check(emulator, "checkout", order(**fields))
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.json()["code"] == code
        assert named in response.json()["message"]
        assert response.json()["transactionType"] == "PAYMENT"

    def test_what_is_paid_already(self, emulator: Emulator) -> None:
        paid = pay(emulator)
        assert check(emulator, "checkout", order(paymentId=paid["id"])).json() == {
            "paymentId": paid["id"],
            "code": "PaymentAlreadyPaid",
            "message": "the payment with this ID is already paid",
            "transactionType": "PAYMENT",
        }

    def test_what_differs_from_the_pre_registration(self, emulator: Emulator, shop: Shop) -> None:
        request = order()
        path = f"/payments/{request['paymentId']}/pre-register"
        shop.post(path, json={"totalAmount": 1, "currency": "KRW"}).raise_for_status()
        response = check(emulator, "checkout", request)
        assert response.json()["code"] == "AmountNotEqualToPredefined"

    def test_who_is_verified_already(self, emulator: Emulator) -> None:
        request = identity()
        leave(emulator, "identity-verification", request, "verified")
        response = check(emulator, "identity-verification", request)
        assert response.json()["code"] == "IdentityVerificationAlreadyVerified"

    @pytest.mark.parametrize("text", ["", "{", "[]", "null"])
    def test_what_is_no_request(self, emulator: Emulator, text: str) -> None:
        headers = {"Accept": "application/json", "Origin": ORIGIN}
        url = f"{emulator.url}/checkout/?request={text}"
        response = httpx.get(url, headers=headers, verify=False)
        assert response.status_code == 400
        assert response.json()["code"] == "BadRequest"

    def test_fields_that_are_not_emulated_are_ignored(self, emulator: Emulator) -> None:
        fields: dict[str, Any] = {
            "bypass": {"tosspayments": {"a": 1}},
            "storeDetails": {"ceoFullName": "x"},
            "offerPeriod": {"interval": "30d"},
            "locale": "KO_KR",
            "iframe": {"dim": False},
            "popup": {"center": True},
            "windowType": {"pc": "IFRAME"},
            "forceRedirect": True,
            "appScheme": "shop://",
            "confirmUrl": "https://shop.test/confirm",
            "card": {"cardCompany": "SHINHAN_CARD"},
        }
        assert check(emulator, "checkout", order(**fields)).json() == {"unknownFields": []}

    @pytest.mark.parametrize(
        ("path", "request_", "unknown"),
        [
            (
                "checkout",
                order(redirectURL="x", customer={"name": "Hong"}, windowType={"PC": "POPUP"}),
                ["redirectURL", "customer.name", "windowType.PC"],
            ),
            ("issue-billing-key", identity(), ["identityVerificationId"]),
            ("identity-verification", identity(card={}), ["card"]),
        ],
    )
    def test_misspelt_fields_are_told(
        self, emulator: Emulator, path: str, request_: dict[str, Any], unknown: list[str]
    ) -> None:
        told = check(emulator, path, request_).json()["unknownFields"]
        assert told == unknown


class TestOrigins:
    @pytest.mark.parametrize(
        ("origin", "is_allowed"),
        [
            ("http://localhost:3000", True),
            ("https://localhost", True),
            ("http://shop.localhost:8080", True),
            ("http://127.0.0.1:5000", True),
            ("http://[::1]:5000", True),
            ("https://shop.test", False),
            ("http://localhost.evil.test", False),
            ("http://192.168.0.2:3000", False),
            ("null", False),
            ("http://localhost:3000/path", False),
            ("http://localhost; frame-ancestors *", False),
            ("http://[", False),
            ("", False),
            (None, False),
        ],
    )
    def test_pages_of_this_machine(
        self, emulator: Emulator, origin: str | None, is_allowed: bool
    ) -> None:
        checked = check(emulator, "checkout", order(), origin)
        assert (checked.status_code == 200) == is_allowed
        params = {"request": json.dumps(order()), "shopOrigin": origin or ""}
        opened = httpx.get(f"{emulator.url}/checkout/", params=params, verify=False)
        if is_allowed:
            policy = opened.headers["content-security-policy"]
            assert policy.endswith(f"frame-ancestors {origin}")
        else:
            assert checked.status_code == 403
            if origin:
                assert opened.status_code == 403
            assert "'none'" in opened.headers.get("content-security-policy", "'none'")

    def test_pages_of_named_shops(self) -> None:
        with Emulator(shop_origins=["https://shop.test/"]) as emulator:
            assert check(emulator, "checkout", order(), "https://shop.test").status_code == 200
            refused = check(emulator, "checkout", order(), "http://localhost:3000")
            assert refused.status_code == 403
            assert "shop_origins" in refused.json()["message"]

    def test_others_do_not_learn_what_is_paid(self, emulator: Emulator) -> None:
        paid = pay(emulator)
        request = order(paymentId=paid["id"])
        refused = check(emulator, "checkout", request, "https://evil.test")
        assert "paid" not in refused.text
        assert refused.json() == check(emulator, "checkout", order(), "https://evil.test").json()

    def test_any_page_may_load_the_script(self, emulator: Emulator) -> None:
        for name in ("browser-sdk.js", "browser-sdk.esm.js"):
            response = httpx.get(f"{emulator.url}/v2/{name}", verify=False)
            assert response.headers["content-type"].startswith("text/javascript")
            assert response.headers["access-control-allow-origin"] == "*"

    def test_result_is_for_the_shop_that_opened_the_window(self, emulator: Emulator) -> None:
        request = order()
        params = {"request": json.dumps(request), "shopOrigin": ORIGIN}
        url = f"{emulator.url}/checkout/"
        headers = {"Origin": emulator.url}
        data = {"outcome": "paid"}
        page = httpx.post(url, params=params, headers=headers, data=data, verify=False)
        assert f'data-shop-origin="{ORIGIN}"' in page.text
        assert f"&quot;paymentId&quot;:&quot;{request['paymentId']}&quot;" in page.text


class TestWhatIsStored:
    def test_order(self, emulator: Emulator, shop: Shop) -> None:
        fields: dict[str, Any] = {
            "taxFreeAmount": 1000,
            "vatAmount": 900,
            "currency": "CURRENCY_USD",
            "country": "COUNTRY_KR",
            "isCulturalExpense": True,
            "isEscrow": True,
            "customData": {"item": "책"},
            "noticeUrls": ["http://127.0.0.1:9/hook"],
            "products": [{"id": "1", "name": "a book", "amount": 5500, "quantity": 2, "tag": "x"}],
            "storeId": "store-2",
        }
        request = order(**fields)
        leave(emulator, "checkout", request, "paid")
        path = f"/payments/{request['paymentId']}?storeId=store-2"
        payment = shop.get(path).raise_for_status().json()
        assert (payment["amount"]["taxFree"], payment["amount"]["vat"]) == (1000, 900)
        assert (payment["currency"], payment["country"]) == ("USD", "KR")
        assert payment["isCulturalExpense"]
        assert payment["escrow"]["status"] == "BEFORE_REGISTERED"
        assert payment["customData"] == '{"item":"책"}'
        assert payment["products"] == fields["products"]
        assert {webhook["url"] for webhook in payment["webhooks"]} == {"http://127.0.0.1:9/hook"}

    def test_customer(self, emulator: Emulator) -> None:
        customer = {
            "customerId": "customer-1",
            "firstName": "길동",
            "lastName": "홍",
            "email": "hong@shop.test",
            "gender": "GENDER_MALE",
            "birthYear": "1990",
            "address": {"country": "COUNTRY_KR", "addressLine1": "1", "addressLine2": "2"},
            "firstNameKana": "x",
        }
        assert pay(emulator, customer=customer)["customer"] == {
            "id": "customer-1",
            "name": "홍 길동",
            "email": "hong@shop.test",
            "gender": "MALE",
            "birthYear": "1990",
            "address": {
                "type": "SEPARATED",
                "oneLine": "1 2",
                "country": "KR",
                "addressLine1": "1",
                "addressLine2": "2",
            },
        }

    @pytest.mark.parametrize(
        ("fields", "method"),
        [
            ({"payMethod": "EASY_PAY"}, {"provider": "KAKAOPAY"}),
            (
                {"payMethod": "EASY_PAY", "easyPay": {"easyPayProvider": "NAVERPAY"}},
                {"provider": "NAVERPAY"},
            ),
            (
                {
                    "payMethod": "EASY_PAY",
                    "easyPay": {"easyPayProvider": "EASY_PAY_PROVIDER_TOSSPAY"},
                },
                {"provider": "TOSSPAY"},
            ),
            ({"payMethod": "PAYPAL"}, {"type": "PaymentMethodEasyPay", "provider": "PAYPAL"}),
            ({"payMethod": "ALIPAY_PLUS"}, {"provider": "ALIPAY"}),
            (
                {"payMethod": "ALIPAY_PLUS", "alipayPlus": {"easyPayProvider": "GCASH"}},
                {"provider": "G_CASH"},
            ),
            (
                {
                    "payMethod": "GIFT_CERTIFICATE",
                    "giftCertificate": {"giftCertificateType": "CULTURE_GIFT"},
                },
                {"giftCertificateType": "CULTUREGIFT"},
            ),
            ({"payMethod": "TRANSFER"}, {"type": "PaymentMethodTransfer"}),
            ({"payMethod": "MOBILE"}, {"type": "PaymentMethodMobile"}),
            ({"payMethod": "CONVENIENCE_STORE"}, {"type": "PaymentMethodConvenienceStore"}),
        ],
    )
    def test_method(
        self, emulator: Emulator, shop: Shop, fields: dict[str, Any], method: dict[str, str]
    ) -> None:
        paid = pay(emulator, **fields)
        assert method.items() <= paid["method"].items()
        shop.get_payment(paid["id"])  # which checks it against the document

    @pytest.mark.parametrize(
        ("expiry", "expired_at"),
        [
            ({}, "2026-07-10T09:00:00"),
            ({"validHours": 1}, "2026-07-03T10:00:00"),
            ({"dueDate": "20260704"}, "2026-07-04T14:59:59"),  # the day's end in Korea
            ({"dueDate": "2026-07-04"}, "2026-07-04T14:59:59"),
            ({"dueDate": "20260704120000"}, "2026-07-04T03:00:00"),
            ({"dueDate": "2026-07-04 12:00:00"}, "2026-07-04T03:00:00"),
        ],
    )
    def test_virtual_account(
        self, emulator: Emulator, expiry: dict[str, Any], expired_at: str
    ) -> None:
        account = {"payMethod": "VIRTUAL_ACCOUNT", "virtualAccount": {"accountExpiry": expiry}}
        payment = pay(emulator, "virtual_account", **account)
        assert payment["method"]["expiredAt"].startswith(expired_at)

    def test_channel_group(self, emulator: Emulator) -> None:
        paid = pay(emulator, channelKey=..., channelGroupId="group-1")
        assert paid["channelGroup"]["id"] == "group-1"

    def test_promotion(self, emulator: Emulator) -> None:
        emulator.add_promotion("promotion-1", percent=10)
        paid = pay(emulator, promotionId="promotion-1")
        assert (paid["amount"]["discount"], paid["promotionId"]) == (1100, "promotion-1")


class TestBillingKeys:
    def issue(self, emulator: Emulator, outcome: str = "issued", **fields: Any) -> dict[str, Any]:
        request = {"storeId": "store-emulator", "channelKey": "channel-key-1", **fields}
        return leave(emulator, "issue-billing-key", request, outcome)

    @pytest.mark.parametrize(
        ("fields", "type_name", "filtered"),
        [
            ({}, "BillingKeyPaymentMethodCard", "CARD"),
            ({"billingKeyMethod": "MOBILE"}, "BillingKeyPaymentMethodMobile", "MOBILE"),
            (
                {"billingKeyMethod": "EASY_PAY", "easyPay": {"easyPayProvider": "NAVERPAY"}},
                "BillingKeyPaymentMethodEasyPay",
                "EASY_PAY",
            ),
            ({"billingKeyMethod": "PAYPAL"}, "BillingKeyPaymentMethodEasyPay", "EASY_PAY"),
        ],
    )
    def test_method(
        self, emulator: Emulator, shop: Shop, fields: dict[str, Any], type_name: str, filtered: str
    ) -> None:
        billing_key = self.issue(emulator, **fields)["billingKey"]
        info = shop.get(f"/billing-keys/{billing_key}").json()
        assert [method["type"] for method in info["methods"]] == [type_name]
        body = {"filter": {"methods": [filtered]}, "page": {"size": 100}}
        found = shop.send_query("GET", "/billing-keys", body).json()["items"]
        assert billing_key in {each["billingKey"] for each in found}
        payment_id = f"order-{next(_ids)}"
        shop.charge(payment_id, billing_key).raise_for_status()
        assert shop.get_payment(payment_id)["method"]["type"] == type_name.removeprefix(
            "BillingKey"
        )

    def test_fields(self, emulator: Emulator, shop: Shop) -> None:
        fields: dict[str, Any] = {
            "issueId": "issue-1",
            "issueName": "Tea",
            "customData": {"plan": "a"},
            "customer": {"customerId": "customer-1"},
            "noticeUrls": ["http://127.0.0.1:9/keys"],
            "displayAmount": 100,
            "currency": "CURRENCY_KRW",
        }
        billing_key = self.issue(emulator, **fields)["billingKey"]
        info = shop.get(f"/billing-keys/{billing_key}").json()
        assert (info["issueId"], info["issueName"]) == ("issue-1", "Tea")
        assert (info["customData"], info["customer"]["id"]) == ('{"plan":"a"}', "customer-1")
        urls = [each.url for each in emulator.deliveries if each.type.startswith("BillingKey.")]
        assert urls[-2:] == ["http://127.0.0.1:9/keys"] * 2

    def test_manual_approval(self, emulator: Emulator, shop: Shop) -> None:
        result = self.issue(emulator, "authenticated")
        assert result["billingKey"] == "NEEDS_CONFIRMATION"
        body = {"billingIssueToken": result["billingIssueToken"]}
        assert shop.post("/billing-keys/confirm", json=body).json()["billingKey"]


class TestBillingKeysWithAPayment:
    PATH = "issue-billing-key-and-pay"

    def request(self, **fields: Any) -> dict[str, Any]:
        return order(payMethod=..., billingKeyAndPayMethod="MOBILE", **fields)

    def test_paid(self, emulator: Emulator, shop: Shop) -> None:
        fields = {"taxFreeAmount": 1000, "customData": {"a": 1}, "customer": {"fullName": "Hong"}}
        request = self.request(**fields)
        result = leave(emulator, self.PATH, request, "issued")
        payment = shop.get_payment(request["paymentId"])
        assert result == {
            "paymentId": request["paymentId"],
            "txId": payment["transactionId"],
            "billingKey": payment["billingKey"],
            "transactionType": "ISSUE_BILLING_KEY_AND_PAY",
        }
        assert payment["amount"]["taxFree"] == 1000
        assert (payment["customData"], payment["customer"]["name"]) == ('{"a":1}', "Hong")

    def test_manual_approval(self, emulator: Emulator, shop: Shop) -> None:
        request = self.request()
        result = leave(emulator, self.PATH, request, "authenticated")
        assert result["billingKey"] == result["txId"] == "NEEDS_CONFIRMATION"
        path = "/billing-keys/confirm-issue-and-pay"
        body = {"billingIssueToken": result["billingIssueToken"]}
        shop.post(path, json=body).raise_for_status()
        assert shop.get_payment(request["paymentId"])["status"] == "PAID"

    def test_declined(self, emulator: Emulator) -> None:
        emulator.decline(pg_code="LIMIT", pg_message="over the limit")
        request = self.request()
        result = leave(emulator, self.PATH, request, "issued")
        payment = emulator.payments[request["paymentId"]]
        assert payment["status"] == "FAILED"
        assert result == {
            "transactionType": "ISSUE_BILLING_KEY_AND_PAY",
            "billingKey": payment["billingKey"],  # which is issued
            "paymentId": request["paymentId"],
            "txId": payment["transactionId"],
            "code": "FAILURE_TYPE_PG",
            "message": "over the limit",
            "pgCode": "LIMIT",
            "pgMessage": "over the limit",
        }


class TestIdentityVerifications:
    PATH = "identity-verification"

    def test_verified(self, emulator: Emulator, shop: Shop) -> None:
        customer = {
            "customerId": "customer-1",
            "fullName": "김영희",
            "phoneNumber": "01098765432",
            "gender": "FEMALE",
            "birthYear": "2010",
            "birthMonth": "02",
            "birthDay": "28",
        }
        request = identity(customer=customer, customData="x", bypass={})
        result = leave(emulator, self.PATH, request, "verified")
        found = shop.get(f"/identity-verifications/{request['identityVerificationId']}").json()
        assert (found["status"], found["customData"]) == ("VERIFIED", "x")
        assert found["pgTxId"] == result["identityVerificationTxId"]
        verified = found["verifiedCustomer"]
        assert (verified["id"], verified["name"]) == ("customer-1", "김영희")
        assert (verified["birthDate"], verified["gender"]) == ("2010-02-28", "FEMALE")

    def test_failed_and_again(self, emulator: Emulator, shop: Shop) -> None:
        request = identity()
        path = f"/identity-verifications/{request['identityVerificationId']}"
        failed = leave(emulator, self.PATH, request, "failed")
        assert shop.get(path).json()["failure"]["pgCode"] == failed["pgCode"]
        left = leave(emulator, self.PATH, request, "leave")
        assert shop.get(path).json()["status"] == "READY"
        verified = leave(emulator, self.PATH, request, "verified")
        assert shop.get(path).json()["status"] == "VERIFIED"
        attempts = {each["identityVerificationTxId"] for each in (failed, left, verified)}
        assert len(attempts) == 3

    def test_is_listed(self, emulator: Emulator, shop: Shop) -> None:
        request = identity()
        leave(emulator, self.PATH, request, "leave")
        body = {"filter": {"identityVerificationId": request["identityVerificationId"]}}
        items = shop.send_query("GET", "/identity-verifications", body).json()["items"]
        assert [item["id"] for item in items] == [request["identityVerificationId"]]

    def test_birth_date_must_be_one(self, emulator: Emulator) -> None:
        request = identity(customer={"birthMonth": "13"})
        response = check(emulator, self.PATH, request)
        assert (response.status_code, response.json()["code"]) == (400, "BadRequest")

    def test_by_python_and_by_control(self, emulator: Emulator, shop: Shop) -> None:
        name = f"identity-{next(_ids)}"
        emulator.verify_identity(name, customer={"name": {"full": "Hong"}}, store_id="store-2")
        path = f"/identity-verifications/{name}"
        assert error_of(shop.get(path)) == (404, "IDENTITY_VERIFICATION_NOT_FOUND")
        found = shop.get(path, params={"storeId": "store-2"}).json()
        assert found["verifiedCustomer"]["name"] == "Hong"
        url = f"{emulator.url}/_emulator/verify-identity"
        body = {"identityVerificationId": name, "storeId": "store-2"}
        assert httpx.post(url, json=body, verify=False).status_code == 409
