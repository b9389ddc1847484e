"""What the emulator refuses before it works: secrets, paths, shapes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from portone_async.emulator import Emulator

from .conftest import Shop, refusal
from .replies import DOCUMENT, operations

INVALID = (400, "INVALID_REQUEST")
UNAUTHORIZED = (401, "UNAUTHORIZED")


class TestAuthorization:
    @pytest.mark.parametrize(
        "header", ["PortOne wrong", "PortOne", "Bearer wrong", "Basic YTpi", "", "emulator-secret"]
    )
    def test_anything_else_is_refused(self, shop: Shop, header: str) -> None:
        reply = shop.get("/payments/order-1", headers={"Authorization": header})
        assert refusal(reply) == UNAUTHORIZED
        assert "wrong" not in reply.text

    def test_missing_header(self, shop: Shop) -> None:
        del shop.headers["Authorization"]
        assert refusal(shop.get("/payments/order-1")) == UNAUTHORIZED

    def test_scheme_in_any_case(self, emulator: Emulator, shop: Shop) -> None:
        header = {"Authorization": f"portone {emulator.secret}"}
        assert shop.get("/payments", headers=header).is_success

    def test_every_operation_with_security_asks_for_it(self, shop: Shop) -> None:
        del shop.headers["Authorization"]
        for method, path, operation in operations():
            url = path.replace("{", "").replace("}", "")
            status = shop.request(method, url).status_code
            is_public = not operation.get("security")
            assert (status != 401) == is_public, operation["operationId"]

    def test_token_stands_for_the_secret_for_30_minutes(
        self, emulator: Emulator, shop: Shop
    ) -> None:
        tokens = shop.post("/login/api-secret", json={"apiSecret": emulator.secret}).json()
        bearer = {"Authorization": f"Bearer {tokens['accessToken']}"}
        assert shop.get("/payments", headers=bearer).is_success
        emulator.advance(minutes=30)
        assert refusal(shop.get("/payments", headers=bearer)) == UNAUTHORIZED

    def test_refresh_token_gives_new_ones_for_a_day(self, emulator: Emulator, shop: Shop) -> None:
        tokens = shop.post("/login/api-secret", json={"apiSecret": emulator.secret}).json()
        again = {"refreshToken": tokens["refreshToken"]}
        fresh = shop.post("/token/refresh", json=again).json()
        bearer = {"Authorization": f"Bearer {fresh['accessToken']}"}
        assert shop.get("/payments", headers=bearer).is_success
        emulator.advance(days=1)
        assert refusal(shop.post("/token/refresh", json=again)) == UNAUTHORIZED

    def test_wrong_secret_gives_no_token(self, shop: Shop) -> None:
        assert refusal(shop.post("/login/api-secret", json={"apiSecret": "x"})) == UNAUTHORIZED


class TestPath:
    @pytest.mark.parametrize(
        "path", ["/", "/payment", "/payments/", "/payments/a/b/c", "//payments"]
    )
    def test_unknown(self, emulator: Emulator, shop: Shop, path: str) -> None:
        reply = shop.get(httpx.URL(emulator.url).copy_with(raw_path=path.encode()))
        assert refusal(reply) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE"])
    def test_unknown_method_is_told_the_known_ones(self, shop: Shop, method: str) -> None:
        reply = shop.request(method, "/payments")
        assert refusal(reply) == (405, "METHOD_NOT_ALLOWED")
        assert reply.headers["Allow"] == "GET"

    def test_fixed_segments_come_before_parameters(self, emulator: Emulator, shop: Shop) -> None:
        shop.post("/billing-keys/confirm", json={})
        assert emulator.requests[-1].operation_id == "confirmBillingKey"
        shop.get("/billing-keys/confirm")
        assert emulator.requests[-1].operation_id == "getBillingKeyInfo"

    def test_enum_in_the_path(self, shop: Shop) -> None:
        reply = shop.get("/platform/bank-accounts/NO_SUCH_BANK/123/holder")
        assert refusal(reply) == INVALID
        assert "path.bank" in reply.json()["message"]


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
        reply = shop.pay(**change)
        assert refusal(reply) == INVALID
        assert reply.json()["message"].startswith(field)
        assert "EURO" not in reply.text

    def test_unknown_fields_are_tolerated(self, shop: Shop) -> None:
        assert shop.pay(unheardOf={"a": 1}).is_success

    @pytest.mark.parametrize("content", [b"{", b"", b"[]", b"null", b"\xff", b'{"reason":NaN}'])
    def test_malformed(self, shop: Shop, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        reply = shop.post("/payments/order-1/cancel", content=content, headers=headers)
        assert refusal(reply) == INVALID
        assert reply.json()["message"].startswith("body")

    def test_other_content_type(self, shop: Shop) -> None:
        reply = shop.post("/payments/order-1/cancel", data={"reason": "x"})
        assert refusal(reply) == INVALID
        assert "Content-Type" in reply.json()["message"]

    def test_ten_megabytes(self, shop: Shop) -> None:
        assert refusal(shop.cancel(reason="x" * 10_000_000)) == INVALID

    def test_deeply_nested(self, shop: Shop) -> None:
        content = b'{"reason":"x","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        headers = {"Content-Type": "application/json"}
        reply = shop.post("/payments/order-1/cancel", content=content, headers=headers)
        assert refusal(reply) == INVALID


class TestQuery:
    def test_json_in_the_query(self, shop: Shop) -> None:
        for text in ("{", "[]", ""):
            reply = shop.get("/payments", params={"requestBody": text})
            assert refusal(reply) == INVALID
            assert "query.requestBody" in reply.json()["message"]

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
        reply = shop.ask("GET", "/payments", body)
        assert refusal(reply) == INVALID
        assert f"query.requestBody.{field}" in reply.json()["message"]

    def test_required(self, shop: Shop) -> None:
        path = "/payment-reconciliations/settlements/vat-report"
        reply = shop.get(path)
        assert refusal(reply) == INVALID
        assert reply.json()["message"] == "query.requestBody: is required"

    def test_types(self, shop: Shop) -> None:
        reply = shop.get("/platform/partners/1", params={"test": "yes"})
        assert refusal(reply) == INVALID
        assert "query.test" in reply.json()["message"]
        assert shop.get("/platform/partners/1", params={"test": "true", "x": "1"}).is_success

    def test_body_of_a_get_is_ignored(self, shop: Shop) -> None:
        body = json.dumps({"page": {"size": -1}})
        assert shop.request("GET", "/payments", content=body).is_success


def test_every_operation_refuses_an_invalid_body(shop: Shop) -> None:
    for method, path, operation in operations():
        if "requestBody" in operation:
            url = path.replace("{bank}", "SHINHAN").replace("{", "").replace("}", "")
            reply = shop.request(method, url, json=[])
            assert refusal(reply) == INVALID, operation["operationId"]


def test_the_document_is_the_repositorys(shop: Shop) -> None:
    assert len(operations()) == 147
    assert DOCUMENT["openapi"].startswith("3.1")
