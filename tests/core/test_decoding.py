"""From responses to models and errors, and what is loaded for that before anything is sent."""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Literal, get_args

import pytest
from attrs import evolve

from portone_async import (
    PortOne,
    RawResponse,
    RequestOptions,
    _reading,
    _registry,
    api,
    errors,
    models,
)
from portone_async import _decoding as decoding
from portone_async._decoding import (
    check_download,
    check_success,
    preload,
    read_error,
    read_response,
)
from portone_async._model import Model, UnknownVariant
from portone_async._operation import Operation
from portone_async._registry import Reader
from portone_async.errors import RequestInfo
from tests.core.conftest import ORDER, SECRET, WORD, TransportName, Waits, paid
from tests.core.server import Server, answer, error

CANCELLED = {"cancellation": {"status": "SUCCEEDED", "id": "cancellation-1", "totalAmount": 1000}}
INFO = RequestInfo("POST", "/payments/{paymentId}/cancel", "cancelPayment", "key")


@pytest.fixture
def nothing_is_loaded() -> Iterator[None]:
    """Forget which operations were called before."""
    caches = (decoding._preload, _registry.model_reader, _registry.error_classes)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


class NoFileDescriptors(MetaPathFinder):
    """Finds a module, and cannot open its file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname == self.name:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return None


def break_module(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: Literal["OSError", "ModuleNotFoundError"]
) -> None:
    """Have importing a module fail."""
    if kind == "ModuleNotFoundError":
        monkeypatch.setitem(sys.modules, name, None)
    else:
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(sys, "meta_path", [NoFileDescriptors(name), *sys.meta_path])


NEEDED = [
    "portone_async.models.cancel_payment_response",
    "portone_async.models.succeeded_payment_cancellation",
    "portone_async.models.failed_payment_cancellation",
    "portone_async.models.errors",
    "email.utils",
]


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_loaded")
@pytest.mark.parametrize("module", NEEDED)
@pytest.mark.parametrize("kind", ["OSError", "ModuleNotFoundError"])
async def test_a_change_whose_response_could_not_be_read_is_not_sent(
    server: Server,
    portone: PortOne,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    kind: Literal["OSError", "ModuleNotFoundError"],
) -> None:
    """The cancel would be carried out, and its result lost. As soon as modules can be imported it is sent."""
    server.always = answer(CANCELLED)
    with monkeypatch.context() as patch:
        break_module(patch, module, kind)
        with pytest.raises(errors.APIConnectionError, match=f"was not sent: .*{kind}") as caught:
            await portone.payment.cancel_payment("order-1", reason="r")
    assert server.untouched
    assert caught.value.may_have_reached is False
    assert caught.value.attempts == 0
    assert caught.value.is_transient == (kind == "OSError")
    assert caught.value.request.operation_id == "cancelPayment"
    assert type(caught.value.__cause__).__name__ == kind
    response = await portone.payment.cancel_payment("order-1", reason="r")
    assert isinstance(response.cancellation, models.SucceededPaymentCancellation)


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_loaded")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_raw_change_whose_errors_could_not_be_read_is_not_sent(
    server: Server, portone: PortOne, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Or else PortOne's refusal would be unreadable."""
    monkeypatch.setitem(sys.modules, "portone_async.models.errors", None)
    with pytest.raises(errors.APIConnectionError, match="was not sent"):
        await portone.request(method, "/things")
    assert server.untouched


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_loaded")
@pytest.mark.parametrize("module", ["portone_async._validation", "portone_async.models.enums"])
async def test_a_strict_change_needs_what_compares_it_with_the_document(
    server: Server, transport: TransportName, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """Also where no argument was compared before."""
    monkeypatch.setitem(sys.modules, module, None)
    async with PortOne(SECRET, base_url=server.url, strict=True, transport=transport) as portone:
        with pytest.raises(errors.APIConnectionError, match="was not sent"):
            await portone.payment.close_virtual_account("order-1")
    assert server.untouched


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_loaded")
async def test_a_lookup_loads_only_what_it_needs(
    server: Server, portone: PortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be repeated at any time."""
    server.plays(answer(paid()))
    monkeypatch.setitem(sys.modules, "portone_async.models.errors", None)
    monkeypatch.setitem(sys.modules, "email.utils", None)
    assert isinstance(await portone.payment.get_payment("order-1"), models.PaidPayment)


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_loaded")
async def test_everything_is_loaded_once(
    server: Server, portone: PortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the second call on nothing is looked for."""
    server.plays(answer(CANCELLED), answer(CANCELLED))
    await portone.payment.cancel_payment("order-1", reason="r")
    for name in NEEDED:
        monkeypatch.setitem(sys.modules, name, None)
    await portone.payment.cancel_payment("order-1", reason="r")


def operations() -> dict[str, Operation[Any]]:
    """Every generated operation."""
    found: dict[str, Operation[Any]] = {}
    for module in pkgutil.walk_packages(api.__path__, "portone_async.api."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Operation):
                found[value.id] = value
    return found


OPERATIONS = operations()


def reachable(name: str, seen: set[type[Model]]) -> set[type[Model]]:
    """The models that a field of a type may hold, by the annotations of the models."""
    kind = getattr(models, name)
    for model in get_args(kind) or (kind,):
        if isinstance(model, type) and issubclass(model, Model) and model not in seen:
            seen.add(model)
            for annotation in model.__annotations__.values():
                for word in re.findall(r"\w+", str(annotation)):
                    if word in models._MODULES:
                        reachable(word, seen)
    return seen


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_model_that_a_response_may_hold_is_loaded(operation: Operation[Any]) -> None:
    """Variants of unions too, which are imported when one is met, and their fields."""
    if operation.response is None:
        return
    loaded: set[Reader] = set()
    decoding._load(_registry.model_reader(operation.response), loaded)
    modules = {reader.__module__ for reader in loaded}
    assert {model.__module__ for model in reachable(operation.response, set())} <= modules


def test_operations_without_a_response_load_the_errors() -> None:
    """There is no model."""
    operation = OPERATIONS["attachB2bTaxInvoiceFile"]
    assert operation.response is None
    preload(operation, INFO, strict=True)


# Reading


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_loaded")
@pytest.mark.parametrize("kind", ["OSError", "ModuleNotFoundError"])
async def test_a_lookup_that_cannot_be_read_is_an_error_of_this_package(
    server: Server,
    portone: PortOne,
    waits: Waits,
    monkeypatch: pytest.MonkeyPatch,
    kind: Literal["OSError", "ModuleNotFoundError"],
) -> None:
    """And retried, as another call may free a file descriptor."""
    server.always = answer(paid())
    with monkeypatch.context() as patch:
        break_module(patch, "portone_async.models.payment", kind)
        with pytest.raises(errors.ResponseError, match=f"could not be decoded: {kind}") as caught:
            await portone.payment.get_payment("order-1")
    assert caught.value.content
    assert len(waits) == 2
    assert isinstance(await portone.payment.get_payment("order-1"), models.PaidPayment)


@pytest.mark.anyio
async def test_a_success_of_another_shape_stays_as_it_came(
    server: Server, portone: PortOne, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not raise: the call was carried out."""
    server.plays(answer([WORD]), answer({"status": "NEW", "a": 1}))
    assert await portone.payment.get_payment("order-1") == [WORD]
    assert await portone.payment.get_payment("order-1") == UnknownVariant(
        tag="NEW", raw={"status": "NEW", "a": 1}
    )
    assert WORD not in caplog.text


@pytest.mark.anyio
async def test_a_strict_client_names_the_mismatch_and_does_not_retry(
    server: Server,
    waits: Waits,
    transport: TransportName,
    discreet: Callable[..., None],
) -> None:
    """A whole response of another shape would have the same shape again."""
    server.always = answer(paid())
    async with PortOne(
        SECRET, base_url=server.url, strict=True, retry=waits.policy(), transport=transport
    ) as portone:
        with pytest.raises(errors.ResponseError, match="differs from the document") as caught:
            await portone.payment.get_payment(ORDER)
    assert caught.value.path
    assert len(server.requests) == 1
    discreet(caught.value)


@pytest.mark.anyio
async def test_a_strict_client_reads_what_the_document_says(
    server: Server, transport: TransportName
) -> None:
    server.plays(answer({"items": []}))
    async with PortOne(SECRET, base_url=server.url, strict=True, transport=transport) as portone:
        assert await portone.common.get_bank_infos() == models.GetBankInfosResponse(items=[])


def response(status: int, content: bytes) -> RawResponse:
    return RawResponse(status, {"a": "b"}, content, INFO, 2)


def test_an_error_has_the_class_of_its_type_and_else_of_its_status() -> None:
    """And all that came."""
    operation = OPERATIONS["cancelPayment"]
    known = read_error(operation, response(409, b'{"type": "PAYMENT_NOT_PAID", "message": "m"}'))
    new = read_error(operation, response(409, b'{"type": "NEW_TYPE"}'))
    assert type(known) is errors.PaymentNotPaidError
    assert type(new) is errors.ConflictError
    assert (known.type, known.message, known.attempts) == ("PAYMENT_NOT_PAID", "m", 2)
    assert (known.content, known.headers) == (
        b'{"type": "PAYMENT_NOT_PAID", "message": "m"}',
        {"a": "b"},
    )
    assert not known.may_have_reached
    assert read_error(operation, response(409, b'{"type": "NEW_TYPE"}'), True).may_have_reached  # noqa: FBT003


@pytest.mark.parametrize("read", [read_response, check_success, check_download])
def test_whoever_reads_a_response_raises_the_operations_error(read: Callable[..., Any]) -> None:
    """And does not forget that an earlier attempt may have been carried out."""
    for operation in OPERATIONS.values():
        for name in operation.errors:
            kind: type[errors.APIError] = getattr(errors, name)
            refusal = response(400, f'{{"type": "{kind.types[0]}"}}'.encode())
            for may_have_reached in (False, True):
                with pytest.raises(kind) as caught:
                    read(operation, refusal, may_have_reached)
                assert caught.value.may_have_reached is may_have_reached
                assert caught.value.content == refusal.content


def test_of_two_classes_of_a_type_the_operation_decides() -> None:
    """Some values of `type` mean two things."""
    kinds: dict[str, set[type[errors.APIError]]] = {}
    for operation in OPERATIONS.values():
        for name in operation.errors:
            kind: type[errors.APIError] = getattr(errors, name)
            for value in kind.types:
                found = read_error(operation, response(400, f'{{"type": "{value}"}}'.encode()))
                kinds.setdefault(value, set()).add(type(found))
                assert type(found) is kind
                assert found.type == value
    assert max(map(len, kinds.values())) == 2


@pytest.mark.anyio
async def test_a_type_is_only_looked_up_in_json_objects(server: Server, portone: PortOne) -> None:
    """Elsewhere the status says what there is to say."""
    server.plays(
        *(answer(content, 404) for content in (b"[]", b"null", b"5", b"{", b"", b'{"type": null}')),
        error("PAYMENT_NOT_FOUND", 404),
    )
    for _ in range(6):
        with pytest.raises(errors.NotFoundError) as caught:
            await portone.payment.get_payment("order-1", options=RequestOptions(max_retries=0))
        assert type(caught.value) is errors.NotFoundError
    with pytest.raises(errors.PaymentNotFoundError):
        await portone.payment.get_payment("order-1")


# --- the garbage collector waits ---

LIST: Operation[Any] = Operation("getPayments", "GET", "/payments", response="GetPaymentsResponse")


def page_of(count: int) -> RawResponse:
    items = b",".join([json.dumps(paid()).encode()] * count)
    return RawResponse(200, {}, b'{"items":[' + items + b"]}", INFO)


@pytest.fixture
def on_while_reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether the collector was on, each time that a body was read. It is left as it was."""
    seen: list[bool] = []
    was_on, reader = gc.isenabled(), decoding.model_reader("GetPaymentsResponse")

    def read(raw: Any) -> Any:
        seen.append(gc.isenabled())
        return reader(raw)

    monkeypatch.setattr(decoding, "model_reader", lambda _name: read)
    yield seen
    (gc.enable if was_on else gc.disable)()


@pytest.mark.parametrize(("count", "on"), [(10, True), (5_000, False)])
def test_the_collector_waits_while_a_large_response_is_read(
    on_while_reading: list[bool], count: int, on: bool
) -> None:
    gc.enable()
    assert len(read_response(LIST, page_of(count)).items) == count
    assert (on_while_reading, gc.isenabled()) == ([on], True)


def test_a_program_that_turned_the_collector_off_finds_it_off(on_while_reading: list[bool]) -> None:
    gc.disable()
    read_response(LIST, page_of(5_000))
    assert (on_while_reading, gc.isenabled()) == ([False], False)


@pytest.mark.usefixtures("on_while_reading")
def test_the_collector_is_on_again_after_a_large_response_that_cannot_be_read() -> None:
    gc.enable()
    with pytest.raises(errors.ResponseError):
        read_response(LIST, evolve(page_of(5_000), content=b"[" * 500_000))
    assert gc.isenabled()


def test_where_no_content_is_a_success_too_content_is_still_read() -> None:
    operation = Operation[Any]("get", "GET", "/", response="PaymentAmount", may_be_empty=True)
    assert read_response(operation, RawResponse(204, {}, b"", INFO)) is None
    amount = read_response(operation, RawResponse(200, {}, b'{"total": 5}', INFO))
    assert isinstance(amount, models.PaymentAmount)
    assert amount.total == 5


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_body_that_is_no_object_is_returned_as_it_is_and_reported_by_its_model(
    size: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reading, "_reported", set())
    operation = Operation[Any]("get", "GET", "/", response="PaymentAmount")
    content = json.dumps("x" * size).encode()
    assert read_response(operation, RawResponse(200, {}, content, INFO)) == "x" * size
    assert caplog.messages == [
        "JSON from PortOne does not match its document: PaymentAmount is a JSON str"
    ]


def test_a_large_object_is_read_by_its_model() -> None:
    operation = Operation[Any]("get", "GET", "/", response="PaymentAmount")
    content = json.dumps({"total": 5, "unknown": "x" * 300_000}).encode()
    amount = read_response(operation, RawResponse(200, {}, content, INFO))
    assert isinstance(amount, models.PaymentAmount)
    assert amount.total == 5
