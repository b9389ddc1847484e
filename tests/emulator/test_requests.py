"""Validation before processing: credentials, paths, queries, bodies."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load

from .conftest import Shop, error_of
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
        assert error_of(shop.post("/token/refresh", json=again)) == UNAUTHORIZED

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

    def test_other_content_type(self, shop: Shop) -> None:
        response = shop.post("/payments/order-1/cancel", data={"reason": "x"})
        assert error_of(response) == INVALID
        assert "Content-Type" in response.json()["message"]

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
        response = shop.get("/platform/partners/1", params={"test": "yes"})
        assert error_of(response) == INVALID
        assert "query.test" in response.json()["message"]
        assert shop.get("/platform/partners/1", params={"test": "true", "x": "1"}).is_success

    def test_body_of_a_get_is_ignored(self, shop: Shop) -> None:
        body = json.dumps({"page": {"size": -1}})
        assert shop.request("GET", "/payments", content=body).is_success


def test_every_operation_rejects_an_invalid_body(shop: Shop) -> None:
    for method, path, operation in operations():
        if "requestBody" in operation:
            url = path.replace("{bank}", "SHINHAN").replace("{", "").replace("}", "")
            response = shop.request(method, url, json=[])
            assert error_of(response) == INVALID, operation["operationId"]


def test_document_is_the_repositorys(shop: Shop) -> None:
    listed = {operation["operationId"] for _, _, operation in operations()}
    assert listed == load().operations.keys()
    assert DOCUMENT["openapi"].startswith("3.1")
