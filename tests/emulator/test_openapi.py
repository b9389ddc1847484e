"""The controls by their OpenAPI description: whoever follows it can do all that Python can."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from portone_emulator import DeliveryFaults, Emulator, __version__
from portone_emulator.document.document import load
from portone_emulator.web.control import Control
from portone_emulator.web.controls import controls

from .conftest import START, Shop
from .platform import Marketplace

PAYMENT = "order20261130001"
CONTROLS = controls(load())
# How a process has its emulator, and its files. `await_webhooks` is `wait_for_webhooks`.
OF_THE_PROCESS = {"start", "stop", "save", "load", "await_webhooks"}


def ready(emulator: Emulator) -> None:
    emulator.checkout(PAYMENT, "ready", amount=1000)


def paid(emulator: Emulator) -> None:
    emulator.checkout(PAYMENT, amount=1000)


def notified(emulator: Emulator) -> None:
    emulator.checkout(PAYMENT, amount=1000, notice_urls=["http://127.0.0.1:9/"])


def virtual_account(emulator: Emulator) -> None:
    emulator.checkout(PAYMENT, "virtual_account", amount=1000)


def pay_pending(emulator: Emulator) -> None:
    emulator.checkout(PAYMENT, "pay_pending", amount=1000)


def cancelling(emulator: Emulator) -> None:
    paid(emulator)
    emulator.pend_cancellations()
    emulator.cancel(PAYMENT)


def shipped(emulator: Emulator) -> None:
    emulator.checkout(PAYMENT, amount=1000, is_escrow=True)
    logistics = {"company": "CJ", "invoiceNumber": "123", "sentAt": "2026-07-03T10:00:00Z"}
    with Shop(emulator) as shop:
        shop.post(f"/payments/{PAYMENT}/escrow/logistics", json={"logistics": logistics})


def settled(emulator: Emulator) -> None:
    shop = Marketplace(emulator)
    shop.add_contract()
    shop.add_partner()
    due = (emulator.now + timedelta(days=1)).date().isoformat()
    body = {"partnerId": "partner-1", "settlementAmount": 500, "settlementDate": due}
    shop.post("/platform/transfers/manual", json=body).raise_for_status()
    emulator.advance(days=2)


BEFORE: dict[str, Callable[[Emulator], None]] = {
    "leave": ready,
    "deposit": virtual_account,
    "approve": pay_pending,
    "cancel": paid,
    "resend-webhook": notified,
    "complete-cancellation": cancelling,
    "fail-cancellation": cancelling,
    "escrow": shipped,
    "pay-partners": settled,
}
"""What must have happened before the example of a control."""


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    with Emulator(start_at=START) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def document(served: Emulator) -> dict[str, Any]:
    return httpx.get(f"{served.url}/_emulator/openapi.json", verify=False).json()


class Described:
    """An operation of the description, and how a client that knows only the description calls it."""

    def __init__(self, emulator: Emulator, path: str, method: str, operation: Any) -> None:
        self.name: str = operation["operationId"]
        self.method = method
        self._url = emulator.url + path
        self._operation = operation
        body = operation.get("requestBody", {"content": {"application/json": {"schema": {}}}})
        self.media: dict[str, Any] = body["content"]["application/json"]

    def call(self, body: Any = None) -> httpx.Response:
        return httpx.request(self.method, self._url, json=body, verify=False)

    def check(self, response: httpx.Response) -> None:
        assert response.status_code == 200, (self.name, response.text)
        content = self._operation["responses"]["200"]["content"]["application/json"]
        jsonschema.validate(response.json(), content["schema"])
        known = content["schema"]["properties"]
        assert self.method == "GET" or response.json().keys() <= known.keys()


@pytest.fixture(scope="module")
def described(served: Emulator, document: Any) -> list[Described]:
    return [
        Described(served, path, method.upper(), operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_it_is_valid(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["info"]["version"] == __version__


def test_each_operation_is_as_described(served: Emulator, described: list[Described]) -> None:
    assert {each.name for each in described if each.method == "POST"} == set(CONTROLS)
    for each in described:
        served.reset()
        BEFORE.get(each.name, lambda _: None)(served)
        body = each.media.get("example")
        if each.name == "restore":
            body = {"snapshot": served.snapshot()}
        elif each.name == "resend-webhook":
            body = {"webhookId": served.deliveries[0].id}
        each.check(each.call(body))


def test_each_control_refuses_what_is_not_described(described: list[Described]) -> None:
    for each in described:
        if each.method == "POST":
            wrong = {**each.media["example"], "noSuchProperty": 1}
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(wrong, each.media["schema"])
            response = each.call(wrong)
            assert response.status_code == 400, each.name
            assert "noSuchProperty" in response.json()["message"]


class Recorder:
    """Stands for an emulator, and notes which of its methods is called with what."""

    def __init__(self, kind: type, called: set[tuple[str, str]]) -> None:
        self._kind = kind
        self._called = called

    def __getattr__(self, name: str) -> Any:
        if name == "webhooks":
            return Recorder(DeliveryFaults, self._called)
        method = getattr(self._kind, name)

        def call(*args: Any, **kwargs: Any) -> None:
            given = inspect.signature(method).bind(self, *args, **kwargs).arguments
            self._called.update((name, parameter) for parameter in given)

        return call


def test_a_control_can_do_whatever_python_can() -> None:
    called: set[tuple[str, str]] = set()
    for control in CONTROLS.values():
        for body in bodies(control):
            # It may want the result of a call, which is only noted.
            with suppress(AttributeError, TypeError, ValueError):
                control.run(cast("Any", Recorder(Emulator, called)), body)
    methods = public_methods(Emulator) | public_methods(DeliveryFaults)
    for name in {*OF_THE_PROCESS, "apply"}:  # the queue applies delivery faults
        del methods[name]
    can = {
        (name, parameter)
        for name, method in methods.items()
        for parameter in inspect.signature(method).parameters
    }
    assert can - called == set()


def public_methods(kind: type) -> dict[str, Callable[..., Any]]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


def bodies(control: Control) -> Iterator[dict[str, Any]]:
    """Yield the required properties, with each of the others."""
    required = {name: value(control.properties[name]) for name in control.required}
    yield required
    for name, schema in control.properties.items():
        yield {**required, name: value(schema)}


def value(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2026-11-30T00:00:00Z"
    kind = schema.get("type", "string")
    examples = {"string": "x", "integer": 1, "number": 1, "boolean": True, "object": {"x": 1}}
    return ["x"] if kind == "array" else examples[kind if isinstance(kind, str) else kind[0]]


class TestHealth:
    def test_a_probe_of_a_container_is_answered(self, served: Emulator) -> None:
        for path in ("health", "openapi.json"):
            headers = {"Host": "10.0.0.7:8000"}
            url = f"{served.url}/_emulator/{path}"
            assert httpx.get(url, headers=headers, verify=False).status_code == 200
            assert httpx.head(url, headers=headers, verify=False).status_code == 200
            assert httpx.post(url, headers=headers, verify=False).status_code == 403

    def test_it_tells_version_and_times_and_no_secret(self, served: Emulator) -> None:
        response = httpx.get(f"{served.url}/_emulator/health", verify=False)
        health = response.json()
        assert (health["status"], health["version"]) == ("ok", __version__)
        assert health["uptimeSeconds"] > 0
        assert served.secret not in response.text
        assert served.webhook_secret not in response.text
