"""Requests as they go over the wire."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portone_async import PortOne, PortOneError, RequestOptions, Timeout, errors, models
from portone_async.errors import InvalidArgumentError
from tests.core.conftest import SECRET
from tests.core.server import Server, answer, gzipped, silence

pytestmark = pytest.mark.anyio


async def test_a_secured_operation_carries_the_secret(server: Server, portone: PortOne) -> None:
    """The scheme is PortOne's own."""
    server.plays(answer())
    await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == f"PortOne {SECRET}"


async def test_a_token_goes_as_a_bearer_token(server: Server) -> None:
    """A token of `login_via_api_secret` stands in for the secret."""
    server.plays(answer())
    async with PortOne(access_token="token-1", base_url=server.url) as portone:
        await portone.payment.get_payment("order-1")
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


@pytest.mark.parametrize(
    "key", ["short", "x" * 257, 'quoted-"-0123456789', "한글" * 10, "with space 0123456789"]
)
def test_a_key_that_portone_would_refuse_is_refused(key: str) -> None:
    """16 to 256 of the characters that PortOne recommends."""
    with pytest.raises(InvalidArgumentError) as caught:
        RequestOptions(idempotency_key=key)
    assert key not in str(caught.value)


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
async def store(server: Server) -> Any:
    async with PortOne(SECRET, store_id="store-1", base_url=server.url) as portone:
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


async def test_the_environment_gives_secret_and_store(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PORTONE_API_SECRET` and `PORTONE_STORE_ID`."""
    monkeypatch.setenv("PORTONE_API_SECRET", "from-the-environment")
    monkeypatch.setenv("PORTONE_STORE_ID", "store-of-the-environment")
    server.plays(answer())
    async with PortOne(base_url=server.url) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == "PortOne from-the-environment"
    assert server.request.query == {"storeId": "store-of-the-environment"}


async def test_arguments_win_over_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given is used."""
    monkeypatch.setenv("PORTONE_API_SECRET", "from-the-environment")
    monkeypatch.setenv("PORTONE_STORE_ID", "store-of-the-environment")
    server.plays(answer())
    async with PortOne("given", store_id="store-1", base_url=server.url) as portone:
        await portone.payment.get_payment("order-1")
    assert server.request.header("authorization") == "PortOne given"
    assert server.request.query == {"storeId": "store-1"}


def test_no_secret_is_an_error_of_its_own() -> None:
    """It says where to put one."""
    with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET"):
        PortOne()
    with pytest.raises(InvalidArgumentError, match="PORTONE_API_SECRET"):
        PortOne("")
    with pytest.raises(InvalidArgumentError, match="not both"):
        PortOne("a", access_token="b")


@pytest.mark.parametrize("mark", ["\n", "\r\n", " ", "\t", "\x00", "é", "비밀"])
@pytest.mark.parametrize("pattern", ["{0}{1}", "{1}{0}", "mark{1}{0}er"])
def test_a_secret_that_no_header_carries_is_refused_unrepeated(mark: str, pattern: str) -> None:
    """A line feed read along from a file, say."""
    secret = pattern.format(SECRET, mark)
    for build in (PortOne, lambda token: PortOne(access_token=token)):
        with pytest.raises(InvalidArgumentError) as caught:
            build(secret)
        assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.args!r}"
        assert caught.value.__cause__ is None


def test_a_client_does_not_print_its_secret() -> None:
    """Neither it nor its namespaces."""
    portone = PortOne(SECRET)
    shown = f"{portone!r} {portone} {portone.payment!r} {portone._settings!r}"
    assert SECRET not in shown


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
        "../x",
        "a/../b",
        "%2e%2e",
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


@given(identifier=IDS.filter(lambda text: text not in (".", "..")))
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


@pytest.mark.parametrize("identifier", ["", ".", "..", "\ud800", None, 5])
async def test_ids_that_would_call_something_else_are_refused(
    server: Server, portone: PortOne, identifier: Any
) -> None:
    """Nothing is sent, so the secret goes nowhere."""
    with pytest.raises(InvalidArgumentError, match="payment"):
        await portone.payment.get_payment(identifier)
    assert server.untouched


async def test_options_of_one_call(server: Server, portone: PortOne) -> None:
    """Headers of the call are added; a general one of the client's is replaced, not doubled."""
    server.plays(answer(), answer())
    headers = {"X-Trace": "trace-1", "User-Agent": "my-shop/1"}
    await portone.payment.get_payment("order-1", options=RequestOptions(headers=headers))
    await portone.payment.get_payment("order-1")
    first, second = server.requests
    assert first.header("x-trace") == "trace-1"
    assert first.header("user-agent") == "my-shop/1"
    assert second.header("x-trace") is None
    assert (second.header("user-agent") or "").startswith("portone-async/")


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Idempotency-Key",
        "Content-Type",
        "Content-Length",
        "Host",
        "Transfer-Encoding",
    ],
)
def test_the_clients_own_headers_are_refused(name: str) -> None:
    """They have arguments of their own, or follow from the request."""
    with pytest.raises(InvalidArgumentError, match=name):
        RequestOptions(headers={name: "x"})


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "a\r\nX-B: b"), ("X A", "word"), ("X-A", "가"), ("", "word")]
)
def test_headers_that_http_cannot_carry_are_refused(name: str, value: str) -> None:
    """No header smuggles another one in."""
    with pytest.raises(InvalidArgumentError) as caught:
        RequestOptions(headers={name: value})
    assert value not in str(caught.value)


async def test_a_call_may_be_less_patient_than_its_client(server: Server, portone: PortOne) -> None:
    """A timeout of the call, in seconds or step by step."""
    server.plays(silence(), silence())
    for timeout in (0.02, Timeout(read=0.02)):
        options = RequestOptions(timeout=timeout, max_retries=0)
        with pytest.raises(errors.APITimeoutError):
            await portone.payment.get_payment("order-1", options=options)
    assert len(server.requests) == 2


@pytest.mark.parametrize("timeout", [0, -1, True, "5", float("nan")])
def test_a_timeout_takes_seconds(timeout: Any) -> None:
    """Above 0."""
    with pytest.raises(InvalidArgumentError):
        RequestOptions(timeout=timeout)
    with pytest.raises(InvalidArgumentError):
        PortOne("x", timeout=timeout)


@pytest.mark.parametrize("retries", [-1, True, 1.5, "2"])
def test_max_retries_takes_a_whole_number(retries: Any) -> None:
    """From 0."""
    with pytest.raises(InvalidArgumentError):
        RequestOptions(max_retries=retries)
    with pytest.raises(InvalidArgumentError):
        PortOne("x", max_retries=retries)


@pytest.mark.parametrize(
    "url",
    ["", "api.portone.io", "ftp://a", "https://user:pass@host", "https://a?b=c", "https://a b"],
)
def test_a_base_url_that_cannot_be_right_is_refused(url: str) -> None:
    """At once, not with the first call."""
    with pytest.raises(InvalidArgumentError, match="base_url"):
        PortOne("x", base_url=url)


async def test_a_base_url_may_have_a_path(server: Server) -> None:
    """With or without a slash at its end."""
    server.plays(answer(), answer())
    for url in (f"{server.url}/proxy/v2", f"{server.url}/proxy/v2/"):
        async with PortOne("x", base_url=url) as portone:
            await portone.payment.get_payment("order-1")
    assert [request.path for request in server.requests] == ["/proxy/v2/payments/order-1"] * 2


async def test_a_request_too_long_for_a_url_is_refused(server: Server, portone: PortOne) -> None:
    """With this package's error and without the URL in it."""
    with pytest.raises(InvalidArgumentError, match="too long") as caught:
        await portone.payment.payment_schedule.revoke_payment_schedules(
            schedule_ids=["schedule"] * 10_000
        )
    assert len(str(caught.value)) < 200
    assert server.untouched


async def test_a_compressed_answer_is_read(server: Server, portone: PortOne) -> None:
    """gzip is asked for and understood."""
    server.plays(gzipped({"status": "PAID", "id": "order-1"}))
    payment = await portone.payment.get_payment("order-1")
    assert isinstance(payment, models.PaidPayment)
    assert payment.id == "order-1"
    assert "gzip" in (server.request.header("accept-encoding") or "")


async def test_dates_in_a_query_are_written_as_dates(server: Server, portone: PortOne) -> None:
    """As `YYYY-MM-DD` inside of `requestBody`."""
    server.plays(answer())
    await portone.reconciliation.get_payment_reconciliation_settlement_vat_report(
        date_range=models.DateRange(from_=date(2026, 1, 1), until=date(2026, 1, 31))
    )
    assert json.loads(server.request.query["requestBody"]) == {
        "dateRange": {"from": "2026-01-01", "until": "2026-01-31"}
    }


def test_everything_refused_is_an_error_of_this_package() -> None:
    """And a `ValueError`, as Python's own would be."""
    assert issubclass(InvalidArgumentError, PortOneError)
    assert issubclass(InvalidArgumentError, ValueError)
