"""The payment window, as a shop's page and a browser without our script meet it."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from portone_async.emulator import Emulator

from .conftest import Shop
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


def heard(reply: httpx.Response) -> dict[str, str]:
    assert reply.status_code == 303
    return {
        name: value for name, [value] in parse_qs(urlsplit(reply.headers["location"]).query).items()
    }


def look(emulator: Emulator, query: str, payment_id: str = "order-1") -> httpx.Response:
    return httpx.get(f"{emulator.url}/checkout/{payment_id}?{query}", verify=False)


def test_shows_order_name_and_amount(emulator: Emulator) -> None:
    page = look(emulator, "totalAmount=123456&currency=USD&orderName=A+book").text
    assert "A book" in page
    assert "1,234.56 USD" in page
    assert emulator.payments == {}


def test_knows_what_was_registered(emulator: Emulator, shop: Shop) -> None:
    shop.post(
        "/payments/order-1/pre-register", json={"totalAmount": 2000, "currency": "USD"}
    ).raise_for_status()
    assert "20.00 USD" in look(emulator, "").text


def test_knows_what_failed_before(emulator: Emulator) -> None:
    emulator.checkout("order-1", "failed", amount=700, order_name="A lamp")
    page = look(emulator, "").text
    assert "A lamp" in page
    assert "700 KRW" in page


def test_paid_leads_back(emulator: Emulator) -> None:
    reply = leave(emulator, "paid", redirect=DONE)
    assert reply.headers["location"].startswith("https://shop.test/done?lang=ko&")
    assert reply.headers["location"].endswith("#top")
    tx_id = emulator.payments["order-1"]["transactionId"]
    assert heard(reply) == {
        "lang": "ko",
        "transactionType": "PAYMENT",
        "paymentId": "order-1",
        "txId": tx_id,
    }


def test_failed_leads_back_with_code_and_message(emulator: Emulator) -> None:
    said = heard(leave(emulator, "failed", redirect="http://localhost:3000"))
    assert said["code"] == "PG_PROVIDER"
    assert said["message"]
    assert emulator.payments["order-1"]["status"] == "FAILED"


def test_virtual_account_is_issued(emulator: Emulator) -> None:
    assert "code" not in heard(leave(emulator, "virtual_account", redirect=DONE))
    assert emulator.payments["order-1"]["status"] == "VIRTUAL_ACCOUNT_ISSUED"


def test_leaving_is_told_and_the_payment_stays_open(emulator: Emulator) -> None:
    said = heard(leave(emulator, "leave", redirect=DONE))
    assert said["code"] == "FAILURE_TYPE_PG"
    assert said["txId"] == emulator.payments["order-1"]["transactionId"]
    assert emulator.payments["order-1"]["status"] == "READY"


def test_without_an_address_the_window_says_what_happened(emulator: Emulator) -> None:
    reply = leave(emulator, "paid")
    assert reply.status_code == 200
    assert emulator.payments["order-1"]["transactionId"] in reply.text


@pytest.mark.parametrize("payment_id", ["a/b", "a?b#c", "..", "결제 1", "a%2Fb", "a\nb", '"><b>'])
def test_any_payment_id(emulator: Emulator, payment_id: str) -> None:
    raw = b"/checkout/" + quote(payment_id, safe="").encode().replace(b".", b"%2E")
    url = httpx.URL(emulator.url).copy_with(raw_path=raw)
    headers = {"Origin": emulator.url}
    data = {"outcome": "paid", "totalAmount": "1000", "redirect": DONE}
    reply = httpx.post(url, data=data, headers=headers, verify=False)
    assert heard(reply)["paymentId"] == payment_id
    assert list(emulator.payments) == [payment_id]
    dashboard = httpx.get(emulator.url, verify=False).text
    assert "<b>" not in dashboard


def test_paid_twice_is_refused_and_leads_back_by_hand(emulator: Emulator) -> None:
    leave(emulator, "paid")
    reply = leave(emulator, "paid", redirect=DONE)
    assert reply.status_code == 409
    assert "code=ALREADY_PAID" in reply.text


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
def test_leads_to_web_pages_only(emulator: Emulator, redirect: str) -> None:
    reply = leave(emulator, "paid", redirect=redirect)
    assert reply.status_code == 400
    assert "location" not in reply.headers
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
def test_leads_to_no_other_shop_than_it_was_started_for(
    path: str, outcome: str, name: str, redirect: str
) -> None:
    with Emulator(shop_origins=["https://shop.test/"]) as emulator:
        emulator.checkout("order-1", "failed", amount=1000)  # so the window knows what it is for
        url = f"{emulator.url}/{path}"

        def post(**redirects: str) -> httpx.Response:
            data = {"outcome": outcome, **redirects}
            return httpx.post(url, data=data, headers={"Origin": emulator.url}, verify=False)

        both = {"redirect": DONE, "redirectUrl": DONE} | {name: redirect}
        opened = httpx.get(url, params={name: redirect}, verify=False)
        for answer in (opened, post(**{name: redirect}), post(**both)):
            assert answer.status_code == 400
            assert f"query.{name}" in answer.text
        assert emulator.payments["order-1"]["status"] == "FAILED"
        assert emulator._state.billing_keys == {}
        assert post(**{name: DONE}).headers["location"].startswith("https://shop.test/done?")


def test_a_redirect_that_is_no_text_is_refused(emulator: Emulator) -> None:
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
def test_says_what_is_wrong_with_the_address(emulator: Emulator, query: str, named: str) -> None:
    reply = look(emulator, query)
    assert 400 <= reply.status_code < 500
    assert named in reply.text


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


def test_form_sends_back_what_the_address_says(emulator: Emulator) -> None:
    said = {
        "totalAmount": "1000",
        "isEscrow": "true",
        "noticeUrls": ["http://127.0.0.1:9/1", "http://127.0.0.1:9/2"],
        "customData": '"quoted"',
        "redirect": DONE,
    }
    page = look(emulator, urlencode(said, doseq=True)).text
    fields = re.findall('<input type="hidden" name="(.*?)" value="(.*?)">', page)
    sent: dict[str, list[str]] = {}
    for name, value in fields:
        sent.setdefault(name, []).append(html.unescape(value))
    assert (
        said.items()
        <= {name: values if len(values) > 1 else values[0] for name, values in sent.items()}.items()
    )


class TestFormsWithoutOurScript:
    def post(self, emulator: Emulator, control: str, **fields: str) -> httpx.Response:
        headers = {"Origin": emulator.url, "Accept": "text/html,*/*"}
        url = f"{emulator.url}/_emulator/{control}"
        return httpx.post(url, data=fields, headers=headers, verify=False)

    def test_lead_back_to_the_page(self, emulator: Emulator) -> None:
        reply = self.post(
            emulator, "checkout", paymentId="order-1", totalAmount="1000", outcome="paid"
        )
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
        assert emulator.payments["order-1"]["status"] == "PAID"

    def test_show_what_was_wrong_on_the_page(self, emulator: Emulator) -> None:
        reply = self.post(emulator, "deposit", paymentId="none")
        assert reply.status_code == 404
        assert "this store has no payment of this id" in reply.text
        assert reply.headers["content-type"].startswith("text/html")


class TestCards:
    """The window at `/issue-billing-key/{customer_id}`."""

    def leave(self, emulator: Emulator, outcome: str, **fields: str) -> httpx.Response:
        return httpx.post(
            f"{emulator.url}/issue-billing-key/customer-1",
            data={"outcome": outcome, **fields},
            headers={"Origin": emulator.url, "Accept": "text/html"},
            verify=False,
        )

    def test_shows_whose_card_it_is_and_what_for(self, emulator: Emulator) -> None:
        url = f"{emulator.url}/issue-billing-key/customer-1?issueName=%3Cb%3ETea%3C/b%3E"
        page = httpx.get(url, verify=False).text
        assert "&lt;b&gt;Tea&lt;/b&gt;" in page
        assert "customer-1" in page
        assert "0 KRW" not in page

    def test_takes_what_the_shops_page_tells_the_browser_sdk(
        self, emulator: Emulator, shop: Shop
    ) -> None:
        told = {
            "storeId": emulator.store_id,
            "channelKey": "channel-key-1",
            "billingKeyMethod": "CARD",
            "issueId": "issue-1",
            "issueName": "Tea",
            "redirectUrl": DONE,
        }
        url = f"{emulator.url}/issue-billing-key/customer-1?{urlencode(told)}"
        page = httpx.get(url, verify=False).text
        fields = re.findall('<input type="hidden" name="(.*?)" value="(.*?)">', page)
        sent = {name: html.unescape(value) for name, value in fields}
        assert sent.pop("redirect") == told.pop("redirectUrl")
        assert sent == told
        said = heard(self.leave(emulator, "issued", **sent, redirect=DONE))
        info = shop.get(f"/billing-keys/{said['billingKey']}").json()
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
    def test_says_what_is_wrong_with_the_address(
        self, emulator: Emulator, query: str, status: int, named: str
    ) -> None:
        reply = httpx.get(f"{emulator.url}/issue-billing-key/customer-1?{query}", verify=False)
        assert reply.status_code == status
        assert named in reply.text

    @pytest.mark.parametrize("customer_id", ["a/b", "..", "고객 1", '"><b>x</b>', "a\nb"])
    def test_any_customer_id(self, emulator: Emulator, shop: Shop, customer_id: str) -> None:
        raw = b"/issue-billing-key/" + quote(customer_id, safe="").encode().replace(b".", b"%2E")
        url = httpx.URL(emulator.url).copy_with(raw_path=raw)
        assert "<b>" not in httpx.get(url, verify=False).text
        headers = {"Origin": emulator.url}
        data = {"outcome": "issued", "redirect": DONE}
        said = heard(httpx.post(url, data=data, headers=headers, verify=False))
        info = shop.get(f"/billing-keys/{said['billingKey']}").json()
        assert info["customer"]["id"] == customer_id

    @pytest.mark.parametrize(
        ("outcome", "events"),
        [("issued", ["Ready", "Issued"]), ("failed", ["Ready", "Failed"]), ("leave", [])],
    )
    def test_webhooks_tell_what_became_of_it(self, outcome: str, events: list[str]) -> None:
        with receiving() as receiver, Emulator(webhook_url=receiver.url) as emulator:
            self.leave(emulator, outcome)
            emulator.wait_for_webhooks()
            assert receiver.types == [f"BillingKey.{event}" for event in events]

    def test_stores_a_card(self, emulator: Emulator, shop: Shop) -> None:
        said = heard(self.leave(emulator, "issued", redirect=DONE))
        assert said.keys() == {"lang", "transactionType", "billingKey"}
        assert said["transactionType"] == "ISSUE_BILLING_KEY"
        info = shop.get(f"/billing-keys/{said['billingKey']}").json()
        assert info["status"] == "ISSUED"
        assert info["customer"]["id"] == "customer-1"

    def test_hands_a_token_to_confirm(self, emulator: Emulator, shop: Shop) -> None:
        said = heard(self.leave(emulator, "authenticated", redirect=DONE))
        token = {"billingIssueToken": said["billingIssueToken"]}
        assert shop.post("/billing-keys/confirm", json=token).json()["billingKey"]

    @pytest.mark.parametrize(
        ("outcome", "code"), [("failed", "PG_PROVIDER"), ("leave", "FAILURE_TYPE_PG")]
    )
    def test_stores_none(self, emulator: Emulator, outcome: str, code: str) -> None:
        said = heard(self.leave(emulator, outcome, redirect=DONE))
        assert said["code"] == code
        assert said["message"]
        assert "billingKey" not in said

    def test_without_a_redirect_it_tells_the_key(self, emulator: Emulator) -> None:
        page = self.leave(emulator, "issued")
        assert page.status_code == 200
        assert "billing-key" in page.text

    def test_what_cannot_be(self, emulator: Emulator) -> None:
        assert self.leave(emulator, "paid").status_code == 400
        assert self.leave(emulator, "issued", redirect="javascript:alert(1)").status_code == 400
        refused = self.leave(emulator, "issued", storeId="store-of-another", redirect=DONE)
        assert refused.status_code == 403
        assert "customer-1" not in refused.text

    def test_another_sites_page_cannot_press_its_buttons(self, emulator: Emulator) -> None:
        reply = httpx.post(
            f"{emulator.url}/issue-billing-key/customer-1",
            data={"outcome": "issued"},
            headers={"Origin": "https://elsewhere.test"},
            verify=False,
        )
        assert reply.status_code == 403

    def test_other_programs_play_it_by_a_control(self, emulator: Emulator) -> None:
        reply = httpx.post(
            f"{emulator.url}/_emulator/issue-billing-key",
            json={"customerId": "customer-1"},
            verify=False,
        )
        assert reply.json()["billingKey"]
