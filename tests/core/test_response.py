"""Responses: as they came, and beside a typed value."""

from __future__ import annotations

import json
import pickle

import pytest

from portone_async import (
    PortOne,
    RawResponse,
    RequestOptions,
    TypedResponse,
    errors,
    models,
    with_response,
)
from portone_async.converter import converter
from portone_async.errors import RequestInfo
from tests.core.conftest import ORDER, WORD, paid
from tests.core.server import Server, Step, answer, empty, error, reset, until_close

INFO = RequestInfo("GET", "/payments/{paymentId}", "getPayment")


@pytest.mark.anyio
async def test_a_typed_response_has_the_response_behind_it(
    server: Server, portone: PortOne
) -> None:
    """Status, headers and raw body of the last attempt beside the value."""
    content = json.dumps(paid()).encode()
    server.plays(empty(503, {"X-Number": "1"}), answer(content, headers={"X-Number": "2"}))
    typed = await with_response(portone.payment.get_payment, "order-1")
    assert isinstance(typed, TypedResponse)
    assert isinstance(typed.value, models.PaidPayment)
    response = typed.response
    assert (response.status, response.headers["x-number"]) == (200, "2")
    assert response.content == content
    assert response.attempts == 2
    assert response.request.operation_id == "getPayment"
    assert ORDER not in repr(response)


@pytest.mark.anyio
async def test_a_typed_response_keeps_the_calls_options(server: Server, portone: PortOne) -> None:
    """Its headers and its own callback among them."""
    server.plays(answer(paid()))
    seen: list[RawResponse] = []
    options = RequestOptions(headers={"X-Trace": "1"}, on_response=seen.append)
    typed = await with_response(portone.payment.get_payment, "order-1", options=options)
    assert server.request.header("x-trace") == "1"
    assert seen == [typed.response]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (error("PAYMENT_NOT_FOUND", 404), errors.PaymentNotFoundError),
        (empty(500), errors.InternalServerError),
        (until_close(b'{"status"'), errors.ResponseError),
    ],
)
async def test_a_callback_sees_the_final_response_of_an_error_too(
    server: Server, portone: PortOne, step: Step, kind: type[errors.PortOneError]
) -> None:
    """Once, whatever came before it."""
    server.plays(empty(503))
    server.always = step
    seen: list[RawResponse] = []
    with pytest.raises(kind) as caught:
        await portone.payment.get_payment(
            "order-1", options=RequestOptions(on_response=seen.append)
        )
    assert len(seen) == 1
    assert seen[0].attempts == len(server.requests) >= 2
    assert isinstance(caught.value, errors.APIError | errors.ResponseError)
    assert seen[0].status == caught.value.status
    assert seen[0].content == caught.value.content


@pytest.mark.anyio
@pytest.mark.parametrize("earlier", [[], [empty(503)]])
async def test_a_callback_sees_nothing_where_nothing_came(
    server: Server, portone: PortOne, earlier: list[Step]
) -> None:
    """A broken connection has no response, whatever an earlier attempt had."""
    server.plays(*earlier)
    server.always = reset()
    seen: list[RawResponse] = []
    with pytest.raises(errors.APIConnectionError):
        await portone.payment.get_payment(
            "order-1", options=RequestOptions(on_response=seen.append)
        )
    assert seen == []


def test_responses_print_no_bodies() -> None:
    """Nor headers: they may be a person's."""
    response = RawResponse(200, {"x-name": WORD}, f'"{WORD}"'.encode(), INFO)
    assert WORD not in repr(response)
    assert WORD not in repr(TypedResponse(WORD, response))
    assert WORD not in repr(TypedResponse([WORD], response))
    payment = models.PageInfo(number=1, size=2, total_count=3)
    assert "PageInfo(number=1" in repr(TypedResponse(payment, response))


def test_an_unreadable_response_keeps_what_came() -> None:
    """The decoder's own error is not attached: it holds the body."""
    response = RawResponse(200, {"x-a": "b"}, WORD.encode(), INFO, 2)
    with pytest.raises(errors.ResponseError) as caught:
        response.json()
    assert str(caught.value) == ("the response (200) to GET /payments/{paymentId} is not JSON")
    assert (caught.value.status, caught.value.headers, caught.value.content) == (
        200,
        {"x-a": "b"},
        WORD.encode(),
    )
    assert caught.value.attempts == 2
    assert caught.value.request is INFO
    assert caught.value.__context__ is None


@pytest.mark.anyio
async def test_models_can_be_pickled(server: Server, portone: PortOne) -> None:
    """With fields, variants and digits that this version does not know."""
    server.plays(
        answer(
            paid(
                newField={"a": [1]},
                paidAt="2026-07-03T09:00:00.123456789Z",
                method={"type": "PaymentMethodCard", "approvalNumber": "1"},
                escrow={"status": "NEW", "a": 1},
                disputes=[{"status": "PENDING"}],
            )
        )
    )
    payment = await portone.payment.get_payment("order-1")
    again = pickle.loads(pickle.dumps(payment))  # noqa: S301  (bytes of our own)
    assert again == payment
    assert type(again) is type(payment) is models.PaidPayment
    assert again.additional_properties == {"newField": {"a": [1]}}
    assert converter.unstructure(again) == converter.unstructure(payment)
    assert "123456789" in str(converter.unstructure(again))


def test_responses_can_be_pickled() -> None:
    """As results are that a worker hands over."""
    response = RawResponse(200, {"x-a": "b"}, b"{}", INFO, 2)
    typed = TypedResponse(models.PageInfo(number=1, size=2, total_count=3), response)
    assert pickle.loads(pickle.dumps(typed)) == typed  # noqa: S301  (bytes of our own)
