"""Requests as they are sent: paths, queries, bodies and headers."""

from __future__ import annotations

import dataclasses
import http
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from enum import Enum, IntEnum
from math import inf, nan
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portone_async import PortOne, RequestOptions, UnknownVariant, __version__, models
from portone_async._operation import Operation
from portone_async._request import encode_json
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import ORDER, SECRET, WORD, TransportName
from tests.core.server import Server, answer

pytestmark = pytest.mark.anyio


async def test_a_secured_operation_carries_the_secret(server: Server, portone: PortOne) -> None:
    """The scheme is PortOne's own."""
    server.plays(answer())
    await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == f"PortOne {SECRET}"


async def test_a_token_goes_as_a_bearer_token(server: Server, transport: TransportName) -> None:
    """A token of `login_via_api_secret` stands in for the secret."""
    server.plays(answer())
    async with PortOne(access_token="token-1", base_url=server.url, transport=transport) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == "Bearer token-1"


async def test_an_operation_for_tokens_is_not_given_the_secret(
    server: Server, portone: PortOne, transport: TransportName
) -> None:
    """PortOne would refuse it; a token is sent."""
    operation = Operation[None]("revokeToken", "POST", "/tokens/revoke", token_only=True)
    with pytest.raises(
        InvalidArgumentError, match="revokeToken takes an access token, not the API"
    ):
        await portone.call(operation)
    assert server.untouched
    server.plays(answer())
    async with PortOne(access_token="token-1", base_url=server.url, transport=transport) as bearer:
        await bearer.call(operation)
    assert server.request.header("authorization") == "Bearer token-1"


async def test_operations_without_security_carry_no_secret(
    server: Server, portone: PortOne
) -> None:
    """The five operations that anyone may call do not give the secret away."""
    server.plays(*[answer()] * 5)
    await portone.common.get_bank_infos()
    await portone.checkout_profile.evaluate_checkout_profile(
        amount=1, country="KR", currency="KRW", profile_key="profile-1"
    )
    await portone.payment_session.get_payment_session("session-1")
    await portone.auth.login_via_api_secret(api_secret="another")
    await portone.auth.refresh_token(refresh_token="refresh-1")
    assert [request.header("authorization") for request in server.requests] == [None] * 5
    assert [f"{request.method} {request.path}" for request in server.requests] == [
        "GET /banks",
        "GET /checkout-profiles/evaluate",
        "GET /payment-sessions/session-1",
        "POST /login/api-secret",
        "POST /token/refresh",
    ]


async def test_every_change_carries_a_quoted_idempotency_key_of_its_own(
    server: Server, portone: PortOne
) -> None:
    """POST, PUT, PATCH and DELETE carry an RFC 8941 string, another one on each call."""
    server.plays(*[answer()] * 5)
    await portone.payment.cancel_payment("order-1", reason="changed mind")
    await portone.payment.cancel_payment("order-1", reason="changed mind")
    await portone.platform.update_platform_setting(deduct_wht=True)
    await portone.payment.billing_key.delete_billing_key("key-1")
    await portone.platform.reschedule_partner(
        "partner-1",
        applied_at=datetime(2026, 1, 1, tzinfo=UTC),
        update=models.UpdatePlatformPartnerBody(),
    )
    methods = [request.method for request in server.requests]
    assert methods == ["POST", "POST", "PATCH", "DELETE", "PUT"]
    for request in server.requests:
        header = request.header("idempotency-key")
        assert header is not None
        assert header[0] == header[-1] == '"'
        assert 16 <= len(header[1:-1]) <= 256
        assert '"' not in header[1:-1]
    assert len(set(server.keys)) == 5


async def test_a_lookup_carries_no_idempotency_key(server: Server, portone: PortOne) -> None:
    """PortOne ignores it on GET, so it is not sent, not even a given one."""
    server.plays(answer(), answer())
    await portone.payment.get_payment("order-1")
    await portone.payment.get_payments(options=RequestOptions(idempotency_key="my-key-0123456789"))
    assert server.keys == [None, None]


async def test_the_callers_idempotency_key_is_used(server: Server, portone: PortOne) -> None:
    """A key makes a call repeatable across processes."""
    server.plays(answer())
    options = RequestOptions(idempotency_key="refund-of-order-1")
    await portone.payment.cancel_payment("order-1", reason="changed mind", options=options)
    assert server.request.header("idempotency-key") == '"refund-of-order-1"'


async def test_the_body_of_a_get_goes_into_the_query(server: Server, portone: PortOne) -> None:
    """As the JSON text of one parameter, decodable to exactly what was given."""
    server.plays(answer())
    await portone.payment.get_payments(
        page=models.PageInput(number=0, size=50),
        filter=models.PaymentFilterInput(
            from_=datetime(2026, 1, 1, tzinfo=UTC), status=["PAID"], store_id="가게 &=+#1"
        ),
    )
    request = server.request
    assert request.body == b""
    assert request.header("content-type") is None
    assert list(request.query) == ["requestBody"]
    assert json.loads(request.query["requestBody"]) == {
        "page": {"number": 0, "size": 50},
        "filter": {"from": "2026-01-01T00:00:00Z", "status": ["PAID"], "storeId": "가게 &=+#1"},
    }


async def test_the_body_of_a_delete_goes_into_the_query(server: Server, portone: PortOne) -> None:
    """`DELETE /payment-schedules` takes the same parameter."""
    server.plays(answer())
    await portone.payment.payment_schedule.revoke_payment_schedules(schedule_ids=["a", "b"])
    assert server.request.method == "DELETE"
    assert server.request.body == b""
    assert json.loads(server.request.query["requestBody"]) == {"scheduleIds": ["a", "b"]}


async def test_flags_and_body_share_a_query(server: Server, portone: PortOne) -> None:
    """A `test` flag stands beside `requestBody`, written in lower case."""
    server.plays(answer())
    await portone.b2b.counterparty.get_b2b_counterparties(test=True, page=models.PageInput(size=1))
    assert server.request.query["test"] == "true"
    assert json.loads(server.request.query["requestBody"]) == {"page": {"size": 1}}


async def test_an_empty_body_is_sent_where_one_is_required(
    server: Server, portone: PortOne
) -> None:
    """`{}` in the body or in `requestBody`; nothing at all where the body is optional."""
    server.plays(*[answer()] * 3)
    await portone.payment.capture_payment("order-1")
    await portone.payment.payment_schedule.revoke_payment_schedules()
    await portone.payment.get_payments()
    post, delete, get = server.requests
    assert (post.body, post.header("content-type")) == (b"{}", "application/json")
    assert delete.query == {"requestBody": "{}"}
    assert get.target == "/payments"


async def test_none_is_absent(server: Server, portone: PortOne) -> None:
    """In query and body alike, and inside of models."""
    server.plays(answer(), answer())
    await portone.payment.get_payment("order-1", store_id=None)
    await portone.payment.cancel_payment("order-1", reason="r", amount=None, requester=None)
    get, post = server.requests
    assert get.target == "/payments/order-1"
    assert post.json == {"reason": "r"}


async def test_zero_and_false_are_not_absent(server: Server, portone: PortOne) -> None:
    """Only `None` is."""
    server.plays(answer(), answer())
    await portone.payment.cancel_payment("order-1", reason="", amount=0, skip_webhook=False)
    await portone.platform.get_platform_setting(test=False)
    post, get = server.requests
    assert post.json == {"reason": "", "amount": 0, "skipWebhook": False}
    assert get.query == {"test": "false"}


@pytest.fixture
async def store(server: Server, transport: TransportName) -> AsyncIterator[PortOne]:
    """A client that acts for a store."""
    async with PortOne(
        SECRET, store_id="store-1", base_url=server.url, transport=transport
    ) as portone:
        yield portone


async def test_the_store_goes_where_an_operation_takes_one(server: Server, store: PortOne) -> None:
    """Into query, body, `requestBody` or filter, whichever it is."""
    server.plays(*[answer()] * 4)
    await store.payment.get_payment("order-1")
    await store.payment.cancel_payment("order-1", reason="r")
    await store.payment.get_all_payments_by_cursor(size=2)
    await store.payment.get_payments(page=models.PageInput(size=1))
    query, body, in_query, in_filter = server.requests
    assert query.query == {"storeId": "store-1"}
    assert body.json == {"reason": "r", "storeId": "store-1"}
    assert json.loads(in_query.query["requestBody"]) == {"size": 2, "storeId": "store-1"}
    assert json.loads(in_filter.query["requestBody"]) == {
        "page": {"size": 1},
        "filter": {"storeId": "store-1"},
    }


async def test_a_scheduled_charge_is_the_stores(server: Server, store: PortOne) -> None:
    """Its store id is one of the charge's own fields; one that is given there stays."""
    server.plays(*[answer()] * 2)
    for own in (None, "store-2"):
        charge = models.BillingKeyPaymentScheduleInput(
            billing_key="key-1",
            order_name="order",
            amount=models.PaymentAmountInput(total=1),
            currency="KRW",
            store_id=own,
        )
        await store.payment.payment_schedule.create_payment_schedule(
            "order-1", payment=charge, time_to_pay=datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert charge.store_id == own
    stores = [request.json["payment"]["storeId"] for request in server.requests]
    assert stores == ["store-1", "store-2"]


async def test_the_store_goes_nowhere_else(server: Server, store: PortOne) -> None:
    """An operation that knows no store is not told of one."""
    server.plays(*[answer()] * 3)
    await store.common.get_bank_infos()
    await store.platform.update_platform_setting(deduct_wht=True)
    await store.b2b.counterparty.get_b2b_counterparties()
    for request in server.requests:
        assert "store" not in request.target + request.body.decode()


async def test_a_given_store_wins(server: Server, store: PortOne) -> None:
    """The client's store never overrides the call's."""
    server.plays(*[answer()] * 3)
    await store.payment.get_payment("order-1", store_id="store-2")
    await store.payment.cancel_payment("order-1", reason="r", store_id="store-2")
    await store.payment.get_payments(filter=models.PaymentFilterInput(store_id="store-2"))
    query, body, in_filter = server.requests
    assert query.query == {"storeId": "store-2"}
    assert body.json == {"reason": "r", "storeId": "store-2"}
    assert json.loads(in_filter.query["requestBody"]) == {"filter": {"storeId": "store-2"}}


async def test_a_filter_of_the_caller_is_not_written_to(server: Server, store: PortOne) -> None:
    """The default goes into the request, not into the caller's object."""
    server.plays(answer())
    given_filter = models.PaymentFilterInput(status=["PAID"])
    await store.payment.get_payments(filter=given_filter)
    assert given_filter.store_id is None
    assert json.loads(server.request.query["requestBody"])["filter"]["storeId"] == "store-1"


def encode_uri_component(text: str) -> str:
    """JavaScript's, by ECMA-262 section 19.2.6.5."""
    alike = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
    return "".join(
        character if character in alike else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in text
    )


IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40) | st.sampled_from(
    [
        "a/b",
        "a/.../b",
        "%2e%2e",
        "a..b/..c/d..",
        "%",
        "?a=b",
        "#",
        "결제 1",
        "...",
        "a\\b",
        "!'()*~",
        ";=&+",
        "\r\nX: y",
        "\x00",
    ]
)


@given(identifier=IDS.filter(lambda text: not {".", ".."} & set(re.split(r"[/\\]", text))))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
async def test_ids_are_escaped_as_encode_uri_component_does(
    server: Server, portone: PortOne, identifier: str
) -> None:
    """Whatever an id holds, it stays the one path segment that it is."""
    server.requests.clear()
    server.plays(answer())
    await portone.payment.get_payment(identifier)
    assert server.request.target == f"/payments/{encode_uri_component(identifier)}"


@given(text=st.text(st.characters(codec="utf-8"), max_size=40))
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
async def test_query_values_arrive_as_given(server: Server, portone: PortOne, text: str) -> None:
    """Plain ones and those inside of `requestBody`."""
    server.requests.clear()
    server.plays(answer(), answer())
    await portone.payment.get_payment("order-1", store_id=text)
    await portone.payment.get_payments(filter=models.PaymentFilterInput(store_id=text))
    plain, in_body = server.requests
    assert plain.query == {"storeId": text}
    assert json.loads(in_body.query["requestBody"]) == {"filter": {"storeId": text}}


async def test_two_ids_in_a_path_do_not_mix(server: Server, portone: PortOne) -> None:
    """An id that looks like the other's placeholder stays an id."""
    server.plays(answer())
    await portone.b2b.tax_invoice.delete_b2b_tax_invoice_attachment("{attachmentId}", "b")
    assert server.request.path == "/b2b/tax-invoices/%7BattachmentId%7D/attachments/b"


@pytest.mark.parametrize(
    "identifier",
    [
        *("", ".", "..", "../x", "x/..", "a/../b", "a/./b", "./a", "/..", "../", "//..//"),
        *("..\\x", "a\\..\\b", "a\\.", "a/..\\b", "\\..", ".\\"),
        *("\ud800", None, 5, b"order-1", ["order-1"], 1.5),
    ],
)
async def test_ids_that_would_call_something_else_are_refused(
    server: Server, portone: PortOne, identifier: Any
) -> None:
    """Nothing is sent, so the secret goes nowhere.

    Also with a dot segment inside: a gateway that unescapes `%2F` before it normalizes the path would call another
    operation.
    """
    with pytest.raises(InvalidArgumentError, match="payment_id"):
        await portone.payment.get_payment(identifier)
    with pytest.raises(InvalidArgumentError, match="payment_id"):
        await portone.payment.cancel_payment(identifier, reason="r")
    assert server.untouched


async def test_a_request_too_long_for_a_url_is_refused(server: Server, portone: PortOne) -> None:
    """With this package's error and without the URL in it."""
    with pytest.raises(InvalidArgumentError, match="too long") as caught:
        await portone.payment.payment_schedule.revoke_payment_schedules(
            schedule_ids=["schedule"] * 10_000
        )
    assert len(str(caught.value)) < 200
    assert server.untouched


async def test_dates_in_a_query_are_written_as_dates(server: Server, portone: PortOne) -> None:
    """As `YYYY-MM-DD` inside of `requestBody`."""
    server.plays(answer())
    await portone.reconciliation.get_payment_reconciliation_settlement_vat_report(
        date_range=models.DateRange(from_=date(2026, 1, 1), until=date(2026, 1, 31))
    )
    assert json.loads(server.request.query["requestBody"]) == {
        "dateRange": {"from": "2026-01-01", "until": "2026-01-31"}
    }


class Number(int, Enum):
    """A number with a name, and a text that is not its value."""

    FIVE = 5

    def __str__(self) -> str:
        return "Number.FIVE"


class Requester(str, Enum):  # noqa: UP042  (which a StrEnum is not the same as)
    """A text with a name."""

    ADMIN = "ADMIN"

    def __str__(self) -> str:
        return "Requester.ADMIN"


class Priority(IntEnum):
    HIGH = 1


class Plain(Enum):
    A = "a/b"
    B = True


class Money(int):
    """A number that is printed for people."""

    def __repr__(self) -> str:
        return f"{int(self):,} won"


async def test_enums_are_sent_by_their_value(server: Server, portone: PortOne) -> None:
    """In a query, in a path and in a body: never by their name."""
    server.plays(*[answer()] * 3)
    await portone.request(
        "GET",
        "/things",
        query={
            "a": Number.FIVE,
            "b": Requester.ADMIN,
            "c": Priority.HIGH,
            "d": http.HTTPStatus.OK,
            "e": Money(1000),
            "f": date(2026, 1, 1),
            "g": datetime(2026, 1, 1, tzinfo=UTC),
            "h": Plain.A,
            "i": Plain.B,
        },
    )
    await portone.payment.get_payment(Requester.ADMIN, store_id=Requester.ADMIN)
    await portone.payment.cancel_payment(
        "order-1",
        reason=Requester.ADMIN,
        amount=Number.FIVE,
        requester=Requester.ADMIN,  # pyright: ignore[reportArgumentType]
    )
    raw, get, post = server.requests
    assert raw.query == {
        "a": "5",
        "b": "ADMIN",
        "c": "1",
        "d": "200",
        "e": "1000",
        "f": "2026-01-01",
        "g": "2026-01-01T00:00:00Z",
        "h": "a/b",
        "i": "true",
    }
    assert get.target == "/payments/ADMIN?storeId=ADMIN"
    assert post.json == {"reason": "ADMIN", "amount": 5, "requester": "ADMIN"}


class Unsendable(Enum):
    NAN = nan
    OTHER = ("a", 1)


@pytest.mark.parametrize(
    "value", [nan, inf, -inf, 1.5, Unsendable.NAN, Unsendable.OTHER, object(), [1], {"a": 1}, b"x"]
)
async def test_query_values_that_no_query_carries_are_refused(
    server: Server, portone: PortOne, value: Any
) -> None:
    """Of a type that has no one way to be written."""
    with pytest.raises(InvalidArgumentError, match="page takes a str, int, bool, date or datetime"):
        await portone.request("GET", "/things", query={"page": value})
    with pytest.raises(InvalidArgumentError, match="storeId takes a str"):
        await portone.payment.get_payment("order-1", store_id=value)
    assert server.untouched


@pytest.mark.parametrize(
    "value",
    ["\ud800", 10**5000, datetime(2026, 1, 1)],  # noqa: DTZ001
    ids=["half", "digits", "naive"],
)
async def test_query_values_that_cannot_be_written_are_refused(
    server: Server, portone: PortOne, value: Any
) -> None:
    """Half of a character, more digits than Python writes, a time without a zone."""
    with pytest.raises(InvalidArgumentError, match=r"^page"):
        await portone.request("GET", "/things", query={"page": value})
    assert server.untouched


@dataclasses.dataclass
class Amount:
    total: float
    currency: Any = None


NAN = {
    "itself": nan,
    "infinity": inf,
    "minus infinity": -inf,
    "in a dict": {"a": {"b": nan, "c": None}},
    "in a list": [None, [nan]],
    "in a tuple": (1, inf),
    "in an enum": Unsendable.NAN,
    "in an enum of a list": [Unsendable.NAN],
    "in a dataclass": Amount(nan),
    "in an enum in a dataclass": Amount(1.5, Unsendable.NAN),
    "in a dataclass in a list": [Amount(1.5), Amount(-inf)],
    "in a model": models.PageInput(number=nan),  # pyright: ignore[reportArgumentType]
    "in a model's model": models.PaymentAmountInput(total=1, additional_properties={"tax": [nan]}),
    "in an unknown variant": UnknownVariant(tag="NEW", raw={"amount": {"total": nan}}),
}


@pytest.mark.parametrize("value", NAN.values(), ids=NAN)
async def test_nan_and_infinity_are_refused(server: Server, portone: PortOne, value: Any) -> None:
    """JSON has none, and `null` would mean something else: "cancel everything", say."""
    for json_value in (value, [value], {"a": value, "b": None}):
        for method in ("POST", "GET", "DELETE"):
            with pytest.raises(InvalidArgumentError, match="NaN or Infinity"):
                await portone.request(method, "/things", json=json_value)
    assert server.untouched


@pytest.mark.parametrize("value", [nan, inf, -inf])
async def test_nan_and_infinity_are_refused_in_operations(
    server: Server, portone: PortOne, value: float
) -> None:
    """As an argument, in a model, and in fields that this version does not know."""
    amount: Any = value
    with pytest.raises(InvalidArgumentError, match="amount must be an integer"):
        await portone.payment.cancel_payment("order-1", reason="r", amount=amount)
    with pytest.raises(InvalidArgumentError, match="number must be an integer"):
        await portone.payment.get_payments(page=models.PageInput(number=amount))
    with pytest.raises(InvalidArgumentError, match="NaN or Infinity"):
        await portone.payment.get_payments(
            page=models.PageInput(number=1, additional_properties={"new": {"ratio": value}})
        )
    assert server.untouched


def test_null_is_written_where_nothing_is_nan() -> None:
    """In a text, as a value, and as what a dataclass has."""
    value = {"a": None, "b": "null", "c": [1.5, Amount(1.5)], "d": (Requester.ADMIN, None, True)}
    assert json.loads(encode_json(value)) == {
        "a": None,
        "b": "null",
        "c": [1.5, {"total": 1.5, "currency": None}],
        "d": ["ADMIN", None, True],
    }


async def test_an_argument_that_json_cannot_hold_is_refused(
    server: Server, portone: PortOne
) -> None:
    """Without being repeated."""
    itself: list[Any] = []
    itself.append(itself)
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in (object(), {1: 2}, {"a": {1, 2}}, b"x", 1j):
        with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
            await portone.request("POST", "/things", json=value)
    for value in (itself, deep, {"a": itself}):
        with pytest.raises(InvalidArgumentError, match="json is nested too deeply"):
            await portone.request("POST", "/things", json=value)
    with pytest.raises(InvalidArgumentError, match="amount is nested too deeply"):
        await portone.payment.cancel_payment("order-1", reason="r", amount=deep)
    assert server.untouched


async def test_an_argument_of_another_type_is_refused_by_its_name(
    server: Server, portone: PortOne
) -> None:
    """A wrong type is named, and its value not shown."""
    wrong: Any = WORD
    with pytest.raises(InvalidArgumentError, match=r"cancelPayment: amount must be") as caught:
        await portone.payment.cancel_payment(ORDER, reason=WORD, amount=wrong)
    assert WORD not in str(caught.value)
    naive: Any = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(InvalidArgumentError, match=r"applied_at: a datetime without a time zone"):
        await portone.platform.reschedule_partner(
            "partner-1", applied_at=naive, update=models.UpdatePlatformPartnerBody()
        )
    with pytest.raises(InvalidArgumentError, match=r"^since: a datetime without a time zone"):
        await portone.request("GET", "/things", query={"since": naive})
    with pytest.raises(InvalidArgumentError, match=r"filter must be an object"):
        async with PortOne("x", store_id="store-1", base_url=server.url) as store:
            await store.payment.get_payments(filter=wrong)
    assert server.untouched


async def test_these_headers_are_sent_and_no_others(server: Server, portone: PortOne) -> None:
    """The transports add none of their own, and none of httpx's defaults."""
    cancellation = {"status": "SUCCEEDED", "id": "cancellation-1", "totalAmount": 1000}
    server.plays(answer(), answer({"cancellation": cancellation}))
    await portone.payment.get_payment("order-1")
    await portone.payment.cancel_payment("order-1", reason="x")
    common = {
        "host": server.url.removeprefix("http://"),
        "accept": "application/json",
        "user-agent": f"portone-async/{__version__}",
        "accept-encoding": "gzip",
        "authorization": f"PortOne {SECRET}",
    }
    looked_up, cancelled = server.requests
    assert dict(looked_up.headers) == common
    assert dict(cancelled.headers) == common | {
        "content-type": "application/json",
        "content-length": str(len(cancelled.body)),
        "idempotency-key": f'"{cancelled.key}"',
    }


async def test_a_store_of_the_query_is_not_in_the_body(server: Server) -> None:
    operation = Operation[None]("find", "POST", "/things", store="query", body="CancelPaymentBody")
    server.plays(answer({}))
    async with PortOne(SECRET, base_url=server.url, store_id="store-1") as portone:
        await portone.call(operation, body={"reason": "x"})
    assert server.request.query == {"storeId": "store-1"}
    assert server.request.json == {"reason": "x"}
