"""Validation before processing: credentials, paths, queries, bodies."""

from __future__ import annotations

import codecs
import json
from typing import Any

import httpx
import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load

from .conftest import Shop, charge, error_of
from .response_checks import DOCUMENT, operations

INVALID = (400, "INVALID_REQUEST")
UNAUTHORIZED = (401, "UNAUTHORIZED")


class TestAuthorization:
    @pytest.mark.parametrize(
        "header", ["PortOne wrong", "PortOne", "Bearer wrong", "Basic YTpi", "", "emulator-secret"]
    )
    def test_anything_else_is_rejected(self, shop: Shop, header: str) -> None:
        response = shop.get("/payments/order-1", headers={"Authorization": header})
        assert error_of(response) == UNAUTHORIZED
        assert "wrong" not in response.text

    def test_missing_header(self, shop: Shop) -> None:
        del shop.headers["Authorization"]
        assert error_of(shop.get("/payments/order-1")) == UNAUTHORIZED

    def test_scheme_in_any_case(self, emulator: Emulator, shop: Shop) -> None:
        header = {"Authorization": f"portone {emulator.secret}"}
        assert shop.get("/payments", headers=header).is_success

    def test_every_operation_with_security_requires_it(self, shop: Shop) -> None:
        del shop.headers["Authorization"]
        for method, path, operation in operations():
            url = path.replace("{", "").replace("}", "")
            status = shop.request(method, url).status_code
            is_public = not operation.get("security")
            assert (status != 401) == is_public, operation["operationId"]

    def test_access_token_is_valid_for_30_minutes(self, emulator: Emulator, shop: Shop) -> None:
        tokens = shop.post("/login/api-secret", json={"apiSecret": emulator.secret}).json()
        bearer = {"Authorization": f"Bearer {tokens['accessToken']}"}
        assert shop.get("/payments", headers=bearer).is_success
        emulator.advance(minutes=30)
        assert error_of(shop.get("/payments", headers=bearer)) == UNAUTHORIZED

    def test_refresh_token_is_valid_for_a_day(self, emulator: Emulator, shop: Shop) -> None:
        tokens = shop.post("/login/api-secret", json={"apiSecret": emulator.secret}).json()
        again = {"refreshToken": tokens["refreshToken"]}
        fresh = shop.post("/token/refresh", json=again).json()
        bearer = {"Authorization": f"Bearer {fresh['accessToken']}"}
        assert shop.get("/payments", headers=bearer).is_success
        emulator.advance(days=1)
        again = {"refreshToken": fresh["refreshToken"]}
        assert error_of(shop.post("/token/refresh", json=again)) == UNAUTHORIZED

    def test_login_and_refresh_end_earlier_refresh_tokens(
        self, emulator: Emulator, shop: Shop
    ) -> None:
        def login() -> dict[str, str]:
            return shop.post("/login/api-secret", json={"apiSecret": emulator.secret}).json()

        def refresh(tokens: dict[str, str]) -> httpx.Response:
            return shop.post("/token/refresh", json={"refreshToken": tokens["refreshToken"]})

        first, second = login(), login()
        assert error_of(refresh(first)) == UNAUTHORIZED
        third = refresh(second).json()
        assert error_of(refresh(second)) == UNAUTHORIZED
        assert error_of(shop.post("/login/api-secret", json={"apiSecret": "x"})) == UNAUTHORIZED
        assert refresh(third).is_success
        for tokens in (first, second, third):  # access tokens are not ended
            bearer = {"Authorization": f"Bearer {tokens['accessToken']}"}
            assert shop.get("/payments", headers=bearer).is_success

    def test_wrong_secret_gives_no_token(self, shop: Shop) -> None:
        assert error_of(shop.post("/login/api-secret", json={"apiSecret": "x"})) == UNAUTHORIZED


class TestPath:
    @pytest.mark.parametrize(
        "path", ["/", "/payment", "/payments/", "/payments/a/b/c", "//payments"]
    )
    def test_unknown(self, emulator: Emulator, shop: Shop, path: str) -> None:
        response = shop.get(httpx.URL(emulator.url).copy_with(raw_path=path.encode()))
        assert error_of(response) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE"])
    def test_unknown_method_gets_the_allowed_ones(self, shop: Shop, method: str) -> None:
        response = shop.request(method, "/payments")
        assert error_of(response) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["Allow"] == "GET"

    def test_fixed_segments_come_before_parameters(self, emulator: Emulator, shop: Shop) -> None:
        shop.post("/billing-keys/confirm", json={})
        assert emulator.requests[-1].operation_id == "confirmBillingKey"
        shop.get("/billing-keys/confirm")
        assert emulator.requests[-1].operation_id == "getBillingKeyInfo"

    def test_enum_in_the_path(self, shop: Shop) -> None:
        response = shop.get("/platform/bank-accounts/NO_SUCH_BANK/123/holder")
        assert error_of(response) == INVALID
        assert "path.bank" in response.json()["message"]


class TestBody:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"orderName": 1}, "body.orderName"),
            ({"amount": None}, "body.amount"),
            ({"amount": {}}, "body.amount.total"),
            ({"amount": {"total": "1000"}}, "body.amount.total"),
            ({"amount": {"total": 1000.0}}, "body.amount.total"),
            ({"amount": {"total": 2**63}}, "body.amount.total"),
            ({"amount": {"total": True}}, "body.amount.total"),
            ({"currency": "EURO"}, "body.currency"),
            ({"products": [{"id": "1"}]}, "body.products.0"),
        ],
        ids=str,
    )
    def test_message_names_the_field_and_not_the_value(
        self, shop: Shop, change: dict[str, Any], field: str
    ) -> None:
        response = shop.pay(**change)
        assert error_of(response) == INVALID
        assert response.json()["message"].startswith(field)
        assert "EURO" not in response.text

    def test_unknown_fields_are_ignored(self, shop: Shop) -> None:
        assert shop.pay(unheardOf={"a": 1}).is_success

    @pytest.mark.parametrize("content", [b"{", b"", b"[]", b"null", b"\xff", b'{"reason":NaN}'])
    def test_malformed(self, shop: Shop, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        response = shop.post("/payments/order-1/cancel", content=content, headers=headers)
        assert error_of(response) == INVALID
        assert response.json()["message"].startswith("body")

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain;charset=UTF-8",  # what PortOne's JavaScript SDK sends
            "application/json; charset=euc-kr",
            "application/x-www-form-urlencoded",
            "nonsense",
            None,
        ],
    )
    @pytest.mark.parametrize("start", [b"", codecs.BOM_UTF8, b" \r\n\t"], ids=str)
    def test_is_json_whatever_its_content_type(
        self, emulator: Emulator, shop: Shop, content_type: str | None, start: bytes
    ) -> None:
        emulator.checkout("order-1", amount=1000)
        headers = {} if content_type is None else {"Content-Type": content_type}
        content = start + '{"reason": "\ubcc0\uc2ec"}'.encode()
        cancelled = shop.post("/payments/order-1/cancel", content=content, headers=headers)
        assert cancelled.json()["cancellation"]["reason"] == "\ubcc0\uc2ec"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "euc-kr"])
    def test_other_encodings(self, shop: Shop, encoding: str) -> None:
        content = '{"reason": "\ubcc0\uc2ec"}'.encode(encoding)
        headers = {"Content-Type": f"application/json; charset={encoding}"}
        response = shop.post("/payments/order-1/cancel", content=content, headers=headers)
        assert error_of(response) == INVALID
        assert response.json()["message"] == "body: is not valid JSON in UTF-8"

    def test_form(self, shop: Shop) -> None:
        response = shop.post("/payments/order-1/cancel", data={"reason": "x"})
        assert error_of(response) == INVALID

    @pytest.mark.parametrize("content", [b"", b" \n", codecs.BOM_UTF8])
    def test_empty(self, emulator: Emulator, shop: Shop, content: bytes) -> None:
        response = shop.post("/payments/order-1/cancel", content=content)
        assert response.json()["message"] == "body: is required"
        emulator.checkout("order-1", amount=1000)
        no_body = shop.post("/identity-verifications/iv-1/resend", content=content)
        assert error_of(no_body) == (404, "IDENTITY_VERIFICATION_NOT_FOUND")
        assert shop.request("GET", "/payments", content=content).json()["page"]["totalCount"] == 1

    def test_ten_megabytes(self, shop: Shop) -> None:
        assert error_of(shop.cancel(reason="x" * 10_000_000)) == INVALID

    def test_deeply_nested(self, shop: Shop) -> None:
        content = b'{"reason":"x","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        headers = {"Content-Type": "application/json"}
        response = shop.post("/payments/order-1/cancel", content=content, headers=headers)
        assert error_of(response) == INVALID


class TestQuery:
    def test_json_in_the_query(self, shop: Shop) -> None:
        for text in ("{", "[]", ""):
            response = shop.get("/payments", params={"requestBody": text})
            assert error_of(response) == INVALID
            assert "query.requestBody" in response.json()["message"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"page": {"size": "10"}}, "page.size"),
            ({"page": {"size": 2**31}}, "page.size"),
            ({"filter": {"status": ["DONE"]}}, "filter.status.0"),
            ({"filter": {"from": "yesterday"}}, "filter.from"),
            ({"filter": {"from": "2026-07-03T00:00:00"}}, "filter.from"),
            ({"filter": {"from": "2026-07-03"}}, "filter.from"),
            ({"filter": {"from": "2026-13-03T00:00:00Z"}}, "filter.from"),
            ({"filter": {"from": "0001-01-01T00:00:00+09:00"}}, "filter.from"),
            ({"filter": {"until": "9999-12-31T23:59:59-09:00"}}, "filter.until"),
        ],
        ids=str,
    )
    def test_its_fields_are_checked(self, shop: Shop, body: dict[str, Any], field: str) -> None:
        response = shop.send_query("GET", "/payments", body)
        assert error_of(response) == INVALID
        assert f"query.requestBody.{field}" in response.json()["message"]

    def test_required(self, shop: Shop) -> None:
        path = "/payment-reconciliations/settlements/vat-report"
        response = shop.get(path)
        assert error_of(response) == INVALID
        assert response.json()["message"] == "query.requestBody: is required"

    def test_types(self, shop: Shop) -> None:
        response = shop.get("/platform/setting", params={"test": "yes"})
        assert error_of(response) == INVALID
        assert "query.test" in response.json()["message"]
        assert shop.get("/platform/setting", params={"test": "true", "x": "1"}).is_success


class TestBodyOfGetAndDelete:
    """PortOne's document has a body for them, which may be in the query instead."""

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8"])
    def test_body_of_a_get_counts(self, emulator: Emulator, shop: Shop, content_type: str) -> None:
        for number in range(3):
            emulator.checkout(f"order-{number}", amount=1000)
        emulator.checkout("order-usd", amount=1000, currency="USD")
        body = {"filter": {"currency": "KRW"}, "page": {"number": 1, "size": 2}}
        headers = {"Content-Type": content_type}
        content = json.dumps(body)
        listed = shop.request("GET", "/payments", content=content, headers=headers).json()
        assert [payment["id"] for payment in listed["items"]] == ["order-0"]
        assert listed["page"] == {"number": 1, "size": 2, "totalCount": 3}
        assert listed == shop.send_query("GET", "/payments", body).json()

    def test_body_of_a_delete_counts(self, shop: Shop) -> None:
        billing_key = shop.issue_billing_key()
        made = schedule(shop, billing_key, "order-1")
        schedule(shop, billing_key, "order-2")
        body = {"scheduleIds": [made]}
        revoked = shop.request("DELETE", "/payment-schedules", json=body).json()
        assert revoked["revokedScheduleIds"] == [made]
        rest = shop.request("DELETE", "/payment-schedules", json={"billingKey": billing_key}).json()
        assert len(rest["revokedScheduleIds"]) == 1

    def test_in_both_places(self, shop: Shop) -> None:
        query = {"requestBody": '{"page": {"number": 0, "size": 5}, "filter": {}}'}

        def get(content: str) -> httpx.Response:
            return shop.request("GET", "/payments", params=query, content=content)

        same = get('{"filter":{},"page":{"size":5,"number":0}}')
        assert same.json()["page"]["size"] == 5
        other = get('{"page": {"number": 0, "size": 6}}')
        assert error_of(other) == INVALID
        assert other.json()["message"] == "body: differs from query.requestBody"
        assert get("{").json()["message"] == "body: is not valid JSON in UTF-8"

    def test_errors_name_the_place(self, shop: Shop) -> None:
        body = {"page": {"size": "10"}}
        in_body = shop.request("GET", "/payments", json=body)
        assert in_body.json()["message"].startswith("body.page.size: ")
        in_query = shop.send_query("GET", "/payments", body)
        assert in_query.json()["message"].startswith("query.requestBody.page.size: ")

    def test_the_same_delete_has_the_same_idempotency_key(self, shop: Shop) -> None:
        billing_key = shop.issue_billing_key()
        schedule(shop, billing_key, "order-1")
        body = {"billingKey": billing_key}
        shop.headers["Idempotency-Key"] = '"0123456789abcdef"'
        first = shop.request("DELETE", "/payment-schedules", json=body)
        again = shop.send_query("DELETE", "/payment-schedules", body)
        assert first.json()["revokedScheduleIds"]
        assert again.json() == first.json()
        other = shop.request("DELETE", "/payment-schedules", json={"billingKey": "other"})
        assert error_of(other) == INVALID


def schedule(shop: Shop, billing_key: str, payment_id: str) -> str:
    body = {"payment": charge(billing_key), "timeToPay": "2026-08-01T00:00:00Z"}
    response = shop.post(f"/payments/{payment_id}/schedule", json=body).raise_for_status()
    return response.json()["schedule"]["id"]


def test_every_operation_rejects_an_invalid_body(shop: Shop) -> None:
    for method, path, operation in operations():
        names = [parameter["name"] for parameter in operation.get("parameters", ())]
        if "requestBody" in {*operation, *names}:
            url = path.replace("{bank}", "SHINHAN").replace("{", "").replace("}", "")
            response = shop.request(method, url, json=[])
            assert error_of(response) == INVALID, operation["operationId"]


def test_document_is_the_repositorys(shop: Shop) -> None:
    listed = {operation["operationId"] for _, _, operation in operations()}
    assert listed == load().operations.keys()
    assert DOCUMENT["openapi"].startswith("3.1")
