"""The pages over HTTP, without a browser: their content in both languages, and their forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from portone_emulator import Emulator
from portone_emulator.document.document import load
from portone_emulator.http import request_history
from portone_emulator.http.app import RequestRecord
from portone_emulator.http.request_history import RequestHistory
from portone_emulator.state.clock import Clock
from portone_emulator.state.ids import Ids
from portone_emulator.state.state import Settings, State
from portone_emulator.web.controls import controls
from portone_emulator.web.dashboard import MAX_ROWS
from portone_emulator.web.page_data import page_data
from portone_emulator.web.story import MAX_EVENTS
from portone_emulator.web.times import clock_text, time_element

from .activity import PAYMENT, fill
from .conftest import START, Shop
from .receiver import Receiver, receiving

SUB_STORE = "store-sub"
STORY = "/_emulator/payment"
FORM = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def busy(receiver: Receiver) -> Iterator[Emulator]:
    """An emulator where something of every kind happened; tests must not change that."""
    with (
        Emulator(start_at=START, webhook_url=receiver.url, sub_store_ids=[SUB_STORE]) as emulator,
        Shop(emulator) as shop,
    ):
        fill(emulator, shop, receiver)
        yield emulator


def read(emulator: Emulator, path: str = "/", language: str = "ko", **query: str) -> httpx.Response:
    headers = {"Accept-Language": language}
    return httpx.get(emulator.url + path, params=query, headers=headers, verify=False)


def text_of(html: str) -> str:
    """Return what a reader sees, with one space between elements."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def section(html: str, name: str) -> str:
    """Return a section of a page."""
    [found] = re.findall(rf'<section id="{name}".*?</section>', html)
    return found


@pytest.mark.parametrize(
    ("name", "korean", "english"),
    [
        (
            "payments",
            [
                "결제 내역 4건",
                "부분 취소 PARTIAL_CANCELLED",
                "9,000 KRW 취소됨",
                "가상계좌",
                "입금",
            ],
            ["Payments 4", "PARTIAL_CANCELLED", "9,000 KRW cancelled", "Deposit"],
        ),
        (
            "schedules",
            ["예약 결제 1건", "order-next", "결제 예정 SCHEDULED", "9,900 KRW"],
            ["Payment schedules 1", "2026-08-03 09:00:00 00:00:00 UTC"],
        ),
        (
            "billingKeys",
            ["빌링키 1건", "발급 완료 ISSUED", "고객 ID", "customer-1"],
            ["Billing keys 1", "ISSUED", "Customer ID"],
        ),
        (
            "cashReceipts",
            ["현금영수증 1건", "발급 완료 ISSUED", "소득공제용", "128,000 KRW"],
            ["Cash receipts 1", "Personal"],
        ),
        (
            "identityVerifications",
            ["본인인증 1건", "인증 대기 READY", "SMS", "통신사", "SKT"],
            ["Identity verifications 1", "verification-1", "Carrier"],
        ),
        (
            "platform",
            [
                "파트너 정산 13건",
                "파트너 2건",
                "하나 상점 partner-true 테스트 데이터 승인 완료 APPROVED",
                "계약 2건 계약, 최신순",
                "ten percent contract-1 10 % 매월 D+2",
                "배송비",
                "추가수수료 2.5 %",
                "할인 분담 50 %",
                "정산건 3건",
                "정산 완료 SETTLED 수기 정산 700 KRW 2026-07-03",
                "지급 완료 PAID_OUT 수기 정산 25,000 KRW 2026-07-03",
                "정산 중 IN_PROCESS 주문 정산",
                "정산내역 2건",
                "지급 예정 PAYOUT_PREPARED 수기 정산 700 KRW",
                "지급내역 1건",
                "하나 상점 지급 완료 SUCCEEDED 송금대행 25,000 KRW",
                "역발행 임시저장 DRAFTED",
                "11,000 KRW 2026-07-02",
            ],
            [
                "Partners 2",
                "partner-false APPROVED Not a withholding tax payer contract-1",
                "Monthly D+2",
                "PAYOUT_PREPARED Manual 700 KRW",
                "Issued in reverse DRAFTED",
            ],
        ),
        (
            "webhooks",
            ["웹훅", "재전송", "본문 보기", "500 2026-07-03 18:00:00 09:00:00 UTC"],
            ["Webhooks", "Resend", "Show body", "Transaction.PartialCancelled"],
        ),
        (
            "requests",
            ["API 요청", "GET /payments/order-unknown", "404", "소요 시간"],
            ["API requests", "cancelPayment", "Duration"],
        ),
    ],
)
def test_section(busy: Emulator, name: str, korean: list[str], english: list[str]) -> None:
    for language, expected in (("ko", korean), ("en", english)):
        shown = text_of(section(read(busy, "/", language).text, name))
        assert [each for each in expected if each not in shown] == []


def test_sections_are_linked_with_their_counts(busy: Emulator) -> None:
    page = read(busy).text
    links = re.findall(r'<a href="#(\w+)"[^>]*>(.*?)</a>', page)
    assert [name for name, _ in links[1:]] == re.findall(r'<section id="(\w+)"', page)
    assert ("빌링키 1") in [text_of(label) for _, label in links]


def test_numbers_are_aligned(busy: Emulator) -> None:
    payments = section(read(busy).text, "payments")
    assert '<th scope="col" role="columnheader" class="number">금액</th>' in payments
    assert (
        len(re.findall(r'<td role="cell" class="number"[^>]*><span class="money">', payments)) == 4
    )


def test_empty_sections_are_closed(emulator: Emulator) -> None:
    page = read(emulator).text
    assert "아직 결제가 없습니다" in page
    assert "<details open>" in section(page, "payments")
    assert "<details open>" not in section(page, "platform")


def test_times_are_korean_with_utc_beside() -> None:
    assert clock_text("2026-07-03T09:00:00.5Z") == "2026-07-03 18:00:00 KST / 09:00:00 UTC"
    assert text_of(time_element("2026-07-03T16:00:00Z")) == "2026-07-04 01:00:00 07-03 16:00:00 UTC"
    assert "9999-12-31 23:59:59" in time_element("9999-12-31T23:00:00Z")


def test_pages_hold_no_secrets_and_no_personal_data(busy: Emulator) -> None:
    hidden = [busy.secret, busy.webhook_secret, "9503152", "01098765432", "01012345678", "110123"]
    hidden += ["kim@example.com", "김하나", "whsec_"]
    for path in ("/", "/_emulator/live", f"{STORY}?paymentId={PAYMENT}"):
        page = read(busy, path).text
        assert [each for each in hidden if each in page] == []


class TestStory:
    def test_tells_everything_in_the_order_of_time(self, busy: Emulator) -> None:
        events = re.findall("<li class=.*?</li>(?=<li class=|</ol></section>)", self.of(busy))
        shown = [text_of(event) for event in events]
        times = [re.findall(r'datetime="([^"]+)"', event)[0] for event in events]
        assert times == sorted(times)
        expected = [
            "결제 시도 카드 39,000 KRW 책 두 권",
            "결제 결제 완료 PAID",
            "웹훅 Transaction.Ready",
            "웹훅 Transaction.Paid",
            "요청 200 GET /payments/order-paid getPayment",
            "요청 200 POST /payments/order-paid/cancel cancelPayment",
            "결제 취소 취소 완료 SUCCEEDED 9,000 KRW changed mind · API",
            "웹훅 Transaction.PartialCancelled",
        ]
        assert [[each in event for event in shown].index(True) for each in expected] == list(
            range(8)
        )

    def test_has_each_attempt_and_the_body_of_a_webhook(self, busy: Emulator) -> None:
        [paid] = [item for item in self.of(busy).split("<li class=") if "Transaction.Paid" in item]
        assert re.findall(r'badge \w+">(\w+)', paid)[0] == "500"
        assert text_of(paid).count("UTC") >= 2
        assert "&quot;paymentId&quot;:&quot;order-paid&quot;" in paid

    def test_of_a_virtual_account(self, busy: Emulator) -> None:
        shown = text_of(read(busy, STORY, paymentId="order-account").text)
        assert "결제 가상계좌 발급 완료 VIRTUAL_ACCOUNT_ISSUED" in shown
        assert "현금영수증 발급 완료 ISSUED 128,000 KRW 소득공제용" in shown

    def test_of_a_failure_and_of_a_schedule(self, busy: Emulator) -> None:
        failed = text_of(read(busy, STORY, "en", paymentId="order-failed").text)
        assert "Payment FAILED the payment company declined" in failed
        scheduled = text_of(read(busy, STORY, "en", paymentId="order-next").text)
        assert "Payment schedules SCHEDULED 9,900 KRW" in scheduled

    def test_of_refused_requests_only(self, busy: Emulator) -> None:
        response = read(busy, STORY, "en", paymentId="order-unknown")
        assert response.status_code == 200
        assert "Request 404 GET /payments/order-unknown" in text_of(response.text)

    @pytest.mark.parametrize(
        ("query", "status", "shown"),
        [
            ({"paymentId": "never"}, 404, "이 결제에 대한 기록이 없습니다."),
            ({"paymentId": "<b>"}, 404, "&lt;b&gt; 이력"),
            (
                {"paymentId": "order-open", "storeId": SUB_STORE},
                404,
                "이 결제에 대한 기록이 없습니다.",
            ),
            ({"paymentId": PAYMENT, "storeId": "other"}, 403, "FORBIDDEN"),
            ({}, 400, "INVALID_REQUEST"),
        ],
    )
    def test_of_nothing(
        self, busy: Emulator, query: dict[str, str], status: int, shown: str
    ) -> None:
        response = read(busy, STORY, **query)
        assert response.status_code == status
        assert shown in response.text

    def test_has_the_requests_of_its_own_store_only(self) -> None:
        """A request's store is that of its query or body, even if it is refused otherwise."""
        path, own, sub = "/payments/order-1", "store-emulator", {"storeId": SUB_STORE}
        with Emulator(sub_store_ids=[SUB_STORE]) as emulator, Shop(emulator) as shop:
            shop.event_hooks = {}
            shop.get(path)
            shop.get(path, params=sub)
            shop.get(path, params=sub, headers={"Authorization": "PortOne wrong"})
            shop.post(f"{path}/cancel", json={"reason": 1, **sub})
            shop.post(f"{path}/cancel", params=sub, json={"reason": "the query has no store"})
            shop.post(f"{path}/schedule", json={"payment": sub})
            shop.post(f"{path}/instant", content='\ufeff{"storeId": "store-sub"}')
            shop.post(f"{path}/capture", content=b'{"storeId"')
            shop.post(f"{path}/confirm", json=[sub])
            shop.get(path, params={"storeId": "other"})
            shown = {
                store: re.findall(
                    r"/payments/order-1(\S*)", text_of(self.in_store(emulator, store))
                )
                for store in (own, SUB_STORE)
            }
            links = re.findall(r"storeId=([\w-]+)", section(read(emulator).text, "requests"))
        assert shown == {
            own: ["", "/cancel", "/capture", "/confirm"],
            SUB_STORE: ["", "", "/cancel", "/schedule", "/instant"],
        }
        assert Counter(links) == {own: 4, SUB_STORE: 5}

    def test_is_for_this_machine_only(self, busy: Emulator) -> None:
        for path in (STORY, "/_emulator/live"):
            headers = {"Host": "evil.test"}
            url = f"{busy.url}{path}?paymentId={PAYMENT}"
            assert httpx.get(url, headers=headers, verify=False).status_code == 403

    def test_is_live(self, emulator: Emulator) -> None:
        emulator.checkout("order-1", "ready", amount=1000)
        first = read(emulator, "/_emulator/live", paymentId="order-1")
        known = {"If-None-Match": first.headers["ETag"], "Accept-Language": "ko"}
        emulator.checkout("order-2", amount=1000)
        again = httpx.get(str(first.url), headers=known, verify=False)
        assert again.status_code == 304
        emulator.leave_checkout("order-1")
        changed = httpx.get(str(first.url), headers=known, verify=False)
        assert "결제 완료" in changed.text

    def test_has_the_latest_events_only(self, emulator: Emulator) -> None:
        with Shop(emulator) as shop:
            shop.event_hooks = {}
            for _ in range(MAX_EVENTS + 1):
                shop.get("/payments/order-1")
        page = read(emulator, STORY, paymentId="order-1").text
        assert page.count("<li class=") == MAX_EVENTS
        assert f"{MAX_EVENTS + 1}건 중 최근 {MAX_EVENTS}건" in page

    @staticmethod
    def in_store(emulator: Emulator, store_id: str) -> str:
        return read(emulator, STORY, paymentId="order-1", storeId=store_id).text

    @staticmethod
    def of(emulator: Emulator) -> str:
        return read(emulator, STORY, paymentId=PAYMENT).text


class TestResend:
    @pytest.fixture
    def emulator(self, receiver: Receiver) -> Iterator[Emulator]:
        with Emulator(webhook_url=receiver.url) as emulator:
            receiver.received.clear()
            emulator.checkout("order-1", amount=1000)
            emulator.wait_for_webhooks()
            yield emulator

    def test_sends_the_same_webhook_again(self, emulator: Emulator, receiver: Receiver) -> None:
        first, *_ = emulator.deliveries
        assert self.resend(emulator, first.id).status_code == 200
        emulator.wait_for_webhooks()
        assert [webhook.id for webhook in receiver.received].count(first.id) == 2
        assert "수동 재전송" in read(emulator).text

    def test_is_not_retried(self, emulator: Emulator, receiver: Receiver) -> None:
        receiver.statuses.append(500)
        emulator.resend_webhook(emulator.deliveries[0].id)
        emulator.wait_for_webhooks()
        assert emulator.deliveries[-1].attempts[0].status == 500
        assert emulator.deliveries[-1].next_attempt_at is None

    def test_of_a_billing_key(self, emulator: Emulator, receiver: Receiver) -> None:
        emulator.issue_billing_key()
        emulator.resend_webhook(emulator.deliveries[-1].id)
        emulator.wait_for_webhooks()
        assert receiver.types[-2:] == ["BillingKey.Issued"] * 2

    def test_of_an_unknown_webhook(self, emulator: Emulator) -> None:
        response = self.resend(emulator, "unknown")
        assert (response.status_code, response.json()["type"]) == (404, "WEBHOOK_NOT_FOUND")

    @staticmethod
    def resend(emulator: Emulator, webhook_id: str) -> httpx.Response:
        url = f"{emulator.url}/_emulator/resend-webhook"
        return httpx.post(url, json={"webhookId": webhook_id}, verify=False)


class Forms(HTMLParser):
    """Collects the forms of a page: the control and the names of the fields of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            assert values["method"] == "post"
            self.found.append((values["action"] or "", []))
        elif tag in {"input", "select", "button"} and values.get("name"):
            self.found[-1][1].append(values["name"] or "")


class TestForms:
    def test_every_form_uses_a_control_that_is_guarded(self, busy: Emulator) -> None:
        known = controls(load())
        pages = [read(busy).text, read(busy, STORY, paymentId=PAYMENT).text]
        forms = {action: names for page in pages for action, names in Forms(page).found}
        assert len(forms) > 10
        for action, names in forms.items():
            control = known[action.removeprefix("/_emulator/")]
            assert set(names) <= control.properties.keys()
            for site in ("cross-site", "same-site"):
                headers = {**FORM, "Sec-Fetch-Site": site}
                response = httpx.post(busy.url + action, data={}, headers=headers, verify=False)
                assert response.status_code == 403

    @pytest.mark.parametrize(
        ("referer", "location"),
        [
            ("", "/"),
            ("{url}/", "/"),
            ("{url}/_emulator/payment?paymentId=order-1", "/_emulator/payment?paymentId=order-1"),
            ("{url}/_emulator/state", "/"),
            ("http://[", "/"),
            ("{url}//evil.test/_emulator/payment", "/"),
            ("https://evil.test/_emulator/payment?paymentId=a", "/_emulator/payment?paymentId=a"),
        ],
    )
    def test_form_leads_back_to_its_page(
        self, emulator: Emulator, referer: str, location: str
    ) -> None:
        response = self.send(emulator, "decline", referer.format(url=emulator.url), times="1")
        assert (response.status_code, response.headers["location"]) == (303, location)

    @pytest.mark.parametrize(
        ("page", "title"),
        [("/", "포트원 에뮬레이터"), (f"{STORY}?paymentId=order-1", "order-1 이력")],
    )
    def test_page_shows_the_error(self, emulator: Emulator, page: str, title: str) -> None:
        emulator.checkout("order-1", amount=1000)
        response = self.send(emulator, "deposit", emulator.url + page, paymentId="order-1")
        assert response.status_code == 409
        assert f"<h1>{title}</h1>" in response.text
        assert "입금을 기다리는 결제가 아닙니다." in response.text

    def test_error_for_programs_is_in_their_language(self, emulator: Emulator) -> None:
        url = f"{emulator.url}/_emulator/cancel"
        for headers, message in (
            ({}, "this store has no payment with this ID"),
            ({"Accept-Language": "ko"}, "해당 결제 ID의 결제가 없습니다."),
        ):
            body = {"paymentId": "order-1"}
            response = httpx.post(url, json=body, headers=headers, verify=False)
            assert response.json() == {"type": "PAYMENT_NOT_FOUND", "message": message}

    def test_scenarios(self, emulator: Emulator) -> None:
        with Shop(emulator) as shop:
            shop.event_hooks = {}
            fault = {"operationId": "getPayments", "kind": "503", "delay": "", "times": "1"}
            assert self.send(emulator, "faults", **fault).status_code == 303
            assert shop.get("/payments").status_code == 503
            error = {"operationId": "getPayments", "type": "FORBIDDEN", "times": "1"}
            assert self.send(emulator, "refuse", **error).status_code == 303
            assert shop.get("/payments").json()["type"] == "FORBIDDEN"
            change = {"operationId": "getPayments", "change": "unknown_field", "field": "new"}
            change |= {"value": "1", "times": "1"}
            assert self.send(emulator, "future", **change).status_code == 303
            assert shop.get("/payments").json()["new"] == "1"
            decline = {"pgCode": "LIMIT", "pgMessage": "", "times": "1"}
            assert self.send(emulator, "decline", **decline).status_code == 303
            assert shop.pay().json()["pgCode"] == "LIMIT"
            assert self.send(emulator, "pend-cancellations", times="1").status_code == 303
            shop.pay("order-2")
            assert shop.cancel("order-2").json()["cancellation"]["status"] == "REQUESTED"
            step = {"days": "1", "hours": "", "minutes": "0.5"}
            assert self.send(emulator, "advance", **step).status_code == 303
            assert "2026-07-04 18:00:30 KST" in read(emulator).text

    @staticmethod
    def send(emulator: Emulator, control: str, referer: str = "", **fields: str) -> httpx.Response:
        headers = {**FORM, "Accept-Language": "ko", "Referer": referer}
        url = f"{emulator.url}/_emulator/{control}"
        return httpx.post(url, data=fields, headers=headers, verify=False)


class Counted:
    """A request that notes when it is looked at."""

    def __init__(self, record: RequestRecord, looked_at: set[int]) -> None:
        self._record = record
        self._looked_at = looked_at

    def __getattr__(self, name: str) -> Any:
        self._looked_at.add(id(self))
        return getattr(self._record, name)


def test_data_of_many_looks_at_the_latest_only(busy: Emulator) -> None:
    looked_at = 0

    class Payment:
        @property
        def view(self) -> dict[str, Any]:
            nonlocal looked_at
            looked_at += 1
            return {}

    settings = Settings("store", "merchant", frozenset(), None, None, "secret")
    state = State(load(), settings, Clock(START), Ids(0))
    state.payments = {("store", str(number)): Payment() for number in range(100_000)}  # pyright: ignore[reportAttributeAccessIssue]
    requests = RequestHistory()
    seen: set[int] = set()
    for _ in range(100_000):
        requests.append(Counted(busy.requests[0], seen))  # pyright: ignore[reportArgumentType]
    seen.clear()
    taken = page_data(state, requests, MAX_ROWS)
    assert (taken["counts"]["payments"], taken["counts"]["requests"]) == (100_000, 100_000)
    assert (looked_at, len(seen)) == (MAX_ROWS, MAX_ROWS)


def test_the_oldest_requests_are_dropped(busy: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_history, "MAX_REQUEST_RECORDS", 3)
    about = next(record for record in busy.requests if record.payment is not None)
    other = next(record for record in busy.requests if record.payment != about.payment)
    assert about.payment is not None
    requests = RequestHistory()
    for record in (about, other, about, other):
        requests.append(record)
    assert list(requests) == [other, about, other]
    assert requests.latest(2) == [other, about]
    assert requests.of_payment(about.payment, 9) == ([about], 1)
    requests.append(other)
    requests.append(other)
    assert requests.of_payment(about.payment, 9) == ([], 0)
