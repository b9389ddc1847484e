"""The payment and billing-key windows, and the dashboard's forms, without the script."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from portone_emulator import Emulator

from .conftest import Shop, error_of
from .receiver import receiving

DONE = "https://shop.test/done?lang=ko#top"


def leave(
    emulator: Emulator, outcome: str, payment_id: str = "order-1", **fields: str
) -> httpx.Response:
    return httpx.post(
        f"{emulator.url}/checkout/{payment_id}",
        data={"outcome": outcome, "totalAmount": "1000", **fields},
        headers={"Origin": emulator.url, "Accept": "text/html"},
        verify=False,
    )


def redirect_query(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303
    return {
        name: value
        for name, [value] in parse_qs(urlsplit(response.headers["location"]).query).items()
    }


def open_window(emulator: Emulator, query: str, payment_id: str = "order-1") -> httpx.Response:
    return httpx.get(f"{emulator.url}/checkout/{payment_id}?{query}", verify=False)


def test_shows_order_name_and_amount(emulator: Emulator) -> None:
    page = open_window(emulator, "totalAmount=123456&currency=USD&orderName=A+book").text
    assert "A book" in page
    assert "1,234.56 USD" in page
    assert emulator.payments == {}


def test_defaults_to_the_pre_registered_order(emulator: Emulator, shop: Shop) -> None:
    shop.post(
        "/payments/order-1/pre-register", json={"totalAmount": 2000, "currency": "USD"}
    ).raise_for_status()
    assert "20.00 USD" in open_window(emulator, "").text


def test_defaults_to_the_failed_attempts_order(emulator: Emulator) -> None:
    emulator.checkout("order-1", "failed", amount=700, order_name="A lamp")
    page = open_window(emulator, "").text
    assert "A lamp" in page
    assert "700 KRW" in page


def test_paid_redirects(emulator: Emulator) -> None:
    response = leave(emulator, "paid", redirect=DONE)
    assert response.headers["location"].startswith("https://shop.test/done?lang=ko&")
    assert response.headers["location"].endswith("#top")
    tx_id = emulator.payments["order-1"]["transactionId"]
    assert redirect_query(response) == {
        "lang": "ko",
        "transactionType": "PAYMENT",
        "paymentId": "order-1",
        "txId": tx_id,
    }


def test_failed_redirects_with_code_and_message(emulator: Emulator) -> None:
    result = redirect_query(leave(emulator, "failed", redirect="http://localhost:3000"))
    assert result["code"] == "FAILURE_TYPE_PG"
    assert result["message"]
    failure = emulator.payments["order-1"]["failure"]
    assert (result["pgCode"], result["pgMessage"]) == (failure["pgCode"], failure["pgMessage"])
    assert emulator.payments["order-1"]["status"] == "FAILED"


def test_virtual_account_is_issued(emulator: Emulator) -> None:
    assert "code" not in redirect_query(leave(emulator, "virtual_account", redirect=DONE))
    assert emulator.payments["order-1"]["status"] == "VIRTUAL_ACCOUNT_ISSUED"


def test_leaving_is_reported_and_the_payment_stays_open(emulator: Emulator) -> None:
    result = redirect_query(leave(emulator, "leave", redirect=DONE))
    assert result["code"] == "FAILURE_TYPE_PG"
    assert result["pgCode"] == "PAY_PROCESS_CANCELED"
    assert result["pgMessage"]
    assert result["txId"] == emulator.payments["order-1"]["transactionId"]
    assert emulator.payments["order-1"]["status"] == "READY"


def test_without_a_redirect_the_window_shows_the_result(emulator: Emulator) -> None:
    response = leave(emulator, "paid")
    assert response.status_code == 200
    assert emulator.payments["order-1"]["transactionId"] in response.text


@pytest.mark.parametrize("payment_id", ["a/b", "a?b#c", "..", "결제 1", "a%2Fb", "a\nb", '"><b>'])
def test_any_payment_id(emulator: Emulator, payment_id: str) -> None:
    raw = b"/checkout/" + quote(payment_id, safe="").encode().replace(b".", b"%2E")
    url = httpx.URL(emulator.url).copy_with(raw_path=raw)
    headers = {"Origin": emulator.url}
    data = {"outcome": "paid", "totalAmount": "1000", "redirect": DONE}
    response = httpx.post(url, data=data, headers=headers, verify=False)
    assert redirect_query(response)["paymentId"] == payment_id
    assert list(emulator.payments) == [payment_id]
    dashboard = httpx.get(emulator.url, verify=False).text
    assert "<b>" not in dashboard


def test_paying_twice_is_rejected_with_a_link_to_the_shop(emulator: Emulator) -> None:
    leave(emulator, "paid")
    response = leave(emulator, "paid", redirect=DONE)
    assert response.status_code == 409
    assert "code=PaymentAlreadyPaid" in response.text
    opened = open_window(emulator, urlencode({"redirect": DONE}))
    assert opened.status_code == 409
    assert "code=PaymentAlreadyPaid" in opened.text


@pytest.mark.parametrize(
    "redirect",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//shop.test",
        "/done",
        "ftp://a",
        "http:",
        "http://[",
        "http://a\r\nb",
    ],
)
def test_redirects_to_web_pages_only(emulator: Emulator, redirect: str) -> None:
    response = leave(emulator, "paid", redirect=redirect)
    assert response.status_code == 400
    assert "location" not in response.headers
    assert emulator.payments == {}


@pytest.mark.parametrize("name", ["redirect", "redirectUrl"])
@pytest.mark.parametrize(
    ("path", "outcome"), [("checkout/order-1", "paid"), ("issue-billing-key/customer-1", "issued")]
)
@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.test/done",
        "https://shop.test.evil.test/done",
        "https://shop.test@evil.test/done",
        "https://shop.test\\@evil.test/done",
        "https://shop.test:8443/done",
        "http://shop.test/done",
    ],
)
def test_redirects_only_to_shop_origins(path: str, outcome: str, name: str, redirect: str) -> None:
    with Emulator(shop_origins=["https://shop.test/"]) as emulator:
        emulator.checkout("order-1", "failed", amount=1000)  # so that the window has an order
        url = f"{emulator.url}/{path}"

        def post(**redirects: str) -> httpx.Response:
            data = {"outcome": outcome, **redirects}
            return httpx.post(url, data=data, headers={"Origin": emulator.url}, verify=False)

        both = {"redirect": DONE, "redirectUrl": DONE} | {name: redirect}
        opened = httpx.get(url, params={name: redirect}, verify=False)
        for response in (opened, post(**{name: redirect}), post(**both)):
            assert response.status_code == 400
            assert f"query.{name}" in response.text
        assert emulator.payments["order-1"]["status"] == "FAILED"
        assert emulator._state.billing_keys == {}
        assert post(**{name: DONE}).headers["location"].startswith("https://shop.test/done?")


def test_redirect_must_be_a_string(emulator: Emulator) -> None:
    url = f"{emulator.url}/checkout/order-1"
    body = {"outcome": "paid", "totalAmount": 1, "redirect": ["https://shop.test"]}
    assert httpx.post(url, json=body, verify=False).status_code == 400


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "totalAmount"),
        ("totalAmount=many", "totalAmount"),
        ("totalAmount=-1", "totalAmount"),
        ("totalAmount=1&currency=wone", "currency"),
        ("totalAmount=1&storeId=other", "storeId"),
        ("totalAmount=1&colour=red", "colour"),
        ("totalAmount=%ff", "form"),
    ],
)
def test_invalid_query_is_explained(emulator: Emulator, query: str, named: str) -> None:
    response = open_window(emulator, query)
    assert 400 <= response.status_code < 500
    assert named in response.text


def test_hostile_names_are_text(emulator: Emulator) -> None:
    name = "<script>alert(1)</script>"
    page = httpx.get(
        f"{emulator.url}/checkout/x",
        params={"totalAmount": "1", "orderName": name, "redirect": f"http://a/?{name}"},
        verify=False,
    ).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_sub_store() -> None:
    with Emulator(sub_store_ids=["store-2"]) as emulator:
        leave(emulator, "paid", storeId="store-2", noticeUrls="http://127.0.0.1:9/hook")
        assert emulator.payments["order-1"]["storeId"] == "store-2"


def test_form_posts_to_the_address_with_the_query(emulator: Emulator) -> None:
    query = {
        "totalAmount": "1000",
        "isEscrow": "true",
        "noticeUrls": ["http://127.0.0.1:9/1", "http://127.0.0.1:9/2"],
        "customData": '"quoted"',
        "redirect": DONE,
    }
    url = f"{emulator.url}/checkout/order-1?{urlencode(query, doseq=True)}"
    page = httpx.get(url, verify=False).text
    assert '<form method="post" class="choices">' in page  # without `action`: its own address
    headers = {"Origin": emulator.url}
    response = httpx.post(url, data={"outcome": "paid"}, headers=headers, verify=False)
    assert redirect_query(response)["paymentId"] == "order-1"
    payment = emulator.payments["order-1"]
    assert (payment["amount"]["total"], payment["customData"]) == (1000, '"quoted"')
    assert payment["escrow"]["status"] == "BEFORE_REGISTERED"
    urls = {delivery.url for delivery in emulator.deliveries}
    assert urls == {"http://127.0.0.1:9/1", "http://127.0.0.1:9/2"}


class TestFormsWithoutTheScript:
    def post(self, emulator: Emulator, control: str, **fields: str) -> httpx.Response:
        headers = {"Origin": emulator.url, "Accept": "text/html,*/*"}
        url = f"{emulator.url}/_emulator/{control}"
        return httpx.post(url, data=fields, headers=headers, verify=False)

    def test_redirect_to_the_dashboard(self, emulator: Emulator) -> None:
        response = self.post(
            emulator, "checkout", paymentId="order-1", totalAmount="1000", outcome="paid"
        )
        assert (response.status_code, response.headers["location"]) == (303, "/")
        assert emulator.payments["order-1"]["status"] == "PAID"

    def test_show_the_error_on_the_dashboard(self, emulator: Emulator) -> None:
        response = self.post(emulator, "deposit", paymentId="none")
        assert response.status_code == 404
        assert "this store has no payment with this ID" in response.text
        assert response.headers["content-type"].startswith("text/html")


class TestBillingKeyWindow:
    """The window at `/issue-billing-key/{customer_id}`."""

    def leave(self, emulator: Emulator, outcome: str, **fields: str) -> httpx.Response:
        return httpx.post(
            f"{emulator.url}/issue-billing-key/customer-1",
            data={"outcome": outcome, **fields},
            headers={"Origin": emulator.url, "Accept": "text/html"},
            verify=False,
        )

    def test_shows_customer_and_issue_name(self, emulator: Emulator) -> None:
        url = f"{emulator.url}/issue-billing-key/customer-1?issueName=%3Cb%3ETea%3C/b%3E"
        page = httpx.get(url, verify=False).text
        assert "&lt;b&gt;Tea&lt;/b&gt;" in page
        assert "customer-1" in page
        assert "0 KRW" not in page

    def test_accepts_the_browser_sdks_parameters(self, emulator: Emulator, shop: Shop) -> None:
        query = {
            "storeId": emulator.store_id,
            "channelKey": "channel-key-1",
            "billingKeyMethod": "CARD",
            "issueId": "issue-1",
            "issueName": "Tea",
            "redirectUrl": DONE,
        }
        url = f"{emulator.url}/issue-billing-key/customer-1?{urlencode(query)}"
        assert "Tea" in httpx.get(url, verify=False).text
        headers = {"Origin": emulator.url}
        response = httpx.post(url, data={"outcome": "issued"}, headers=headers, verify=False)
        result = redirect_query(response)
        info = shop.get(f"/billing-keys/{result['billingKey']}").json()
        assert (info["issueId"], info["issueName"]) == ("issue-1", "Tea")
        assert info["channels"][0]["key"] == "channel-key-1"

    @pytest.mark.parametrize(
        ("query", "status", "named"),
        [
            ("billingKeyMethod=PIGEON", 400, "billingKeyMethod"),
            ("colour=red", 400, "colour"),
            ("storeId=other", 403, "storeId"),
            ("issueName=%ff", 400, "form"),
        ],
    )
    def test_invalid_query_is_explained(
        self, emulator: Emulator, query: str, status: int, named: str
    ) -> None:
        response = httpx.get(f"{emulator.url}/issue-billing-key/customer-1?{query}", verify=False)
        assert response.status_code == status
        assert named in response.text

    @pytest.mark.parametrize("customer_id", ["a/b", "..", "고객 1", '"><b>x</b>', "a\nb"])
    def test_any_customer_id(self, emulator: Emulator, shop: Shop, customer_id: str) -> None:
        raw = b"/issue-billing-key/" + quote(customer_id, safe="").encode().replace(b".", b"%2E")
        url = httpx.URL(emulator.url).copy_with(raw_path=raw)
        assert "<b>" not in httpx.get(url, verify=False).text
        headers = {"Origin": emulator.url}
        data = {"outcome": "issued", "redirect": DONE}
        result = redirect_query(httpx.post(url, data=data, headers=headers, verify=False))
        info = shop.get(f"/billing-keys/{result['billingKey']}").json()
        assert info["customer"]["id"] == customer_id

    @pytest.mark.parametrize(
        ("outcome", "events"),
        [("issued", ["Ready", "Issued"]), ("failed", ["Ready", "Failed"]), ("leave", ["Ready"])],
    )
    def test_webhooks(self, outcome: str, events: list[str]) -> None:
        with receiving() as receiver, Emulator(webhook_url=receiver.url) as emulator:
            self.leave(emulator, outcome)
            emulator.wait_for_webhooks()
            assert receiver.types == [f"BillingKey.{event}" for event in events]

    def test_registers_a_card(self, emulator: Emulator, shop: Shop) -> None:
        result = redirect_query(self.leave(emulator, "issued", redirect=DONE))
        assert result.keys() == {"lang", "transactionType", "billingKey"}
        assert result["transactionType"] == "ISSUE_BILLING_KEY"
        info = shop.get(f"/billing-keys/{result['billingKey']}").json()
        assert info["status"] == "ISSUED"
        assert info["customer"]["id"] == "customer-1"

    def test_returns_a_token_to_confirm(self, emulator: Emulator, shop: Shop) -> None:
        result = redirect_query(self.leave(emulator, "authenticated", redirect=DONE))
        assert result["billingKey"] == "NEEDS_CONFIRMATION"
        token = {"billingIssueToken": result["billingIssueToken"]}
        assert shop.post("/billing-keys/confirm", json=token).json()["billingKey"]

    @pytest.mark.parametrize("outcome", ["failed", "leave"])
    def test_registers_no_card(self, emulator: Emulator, shop: Shop, outcome: str) -> None:
        result = redirect_query(self.leave(emulator, outcome, redirect=DONE))
        assert result["code"] == "FAILURE_TYPE_PG"
        assert result["message"]
        assert result["pgCode"]
        assert result["pgMessage"]
        unknown = shop.get(f"/billing-keys/{result['billingKey']}")
        assert error_of(unknown) == (404, "BILLING_KEY_NOT_FOUND")

    def test_without_a_redirect_it_shows_the_key(self, emulator: Emulator) -> None:
        page = self.leave(emulator, "issued")
        assert page.status_code == 200
        assert "billing-key" in page.text

    def test_invalid_requests(self, emulator: Emulator) -> None:
        assert self.leave(emulator, "paid").status_code == 400
        assert self.leave(emulator, "issued", redirect="javascript:alert(1)").status_code == 400
        rejected = self.leave(emulator, "issued", storeId="store-of-another", redirect=DONE)
        assert rejected.status_code == 403
        assert "customer-1" not in rejected.text

    def test_another_sites_page_cannot_use_its_buttons(self, emulator: Emulator) -> None:
        response = httpx.post(
            f"{emulator.url}/issue-billing-key/customer-1",
            data={"outcome": "issued"},
            headers={"Origin": "https://elsewhere.test"},
            verify=False,
        )
        assert response.status_code == 403

    def test_control_for_programs(self, emulator: Emulator) -> None:
        response = httpx.post(
            f"{emulator.url}/_emulator/issue-billing-key",
            json={"customerId": "customer-1"},
            verify=False,
        )
        assert response.json()["billingKey"]
