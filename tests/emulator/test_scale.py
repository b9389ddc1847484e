"""What a request costs does not depend on how much the emulator holds: it touches no other record."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_emulator import Emulator
from portone_emulator.state.index import Fields, Index, Period
from portone_emulator.state.time_index import TimeIndex
from portone_emulator.web.dashboard import MAX_ROWS
from portone_emulator.webhooks.queue import DeliveryQueue

from .conftest import START, Shop, charge
from .platform import CONTRACT, PARTNER
from .receiver import receiving

MANY = 30
CLOSED_PORT = "http://127.0.0.1:9"


class Untouchable:
    """Stands for a record that a request must not read."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"a request touched another record: {name}")


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Keep a journal, which must not read other records either."""
    with Emulator(start_at=START, journal=tmp_path / "journal") as emulator:
        yield emulator


def forbid(records: dict[Any, Any], *allowed: object) -> None:
    """Make the records untouchable, except for the allowed keys."""
    for key in set(records) - set(allowed):
        dict.__setitem__(records, key, Untouchable())


def forbid_deliveries(queue: DeliveryQueue) -> int:
    """Make the deliveries untouchable, and return how many there are."""
    for position in range(len(queue.deliveries)):
        list[Any].__setitem__(queue.deliveries, position, Untouchable())
    return len(queue.deliveries)


def schedule(shop: Shop, payment_id: str, billing_key: str, days: int) -> str:
    body = {
        "payment": charge(billing_key),
        "timeToPay": (START + timedelta(days=days)).isoformat(),
    }
    response = shop.post(f"/payments/{payment_id}/schedule", json=body).raise_for_status()
    return response.json()["schedule"]["id"]


class TestSchedules:
    @pytest.fixture(autouse=True)
    def schedules(self, emulator: Emulator, shop: Shop) -> None:
        """Hold many schedules for another billing key, all due in a year or later."""
        billing_key = shop.issue_billing_key()
        for number in range(MANY):
            schedule(shop, f"later-{number}", billing_key, 365 + number)
        forbid(emulator._state.schedules)

    def test_are_created_and_charged(self, emulator: Emulator, shop: Shop) -> None:
        schedule_id = schedule(shop, "order-1", shop.issue_billing_key(), 1)
        emulator.advance(days=2)
        assert shop.get_payment()["status"] == "PAID"
        assert shop.get(f"/payment-schedules/{schedule_id}").json()["status"] == "SUCCEEDED"

    def test_are_revoked_by_billing_key(self, shop: Shop) -> None:
        billing_key = shop.issue_billing_key()
        first = schedule(shop, "order-1", billing_key, 1)
        second = schedule(shop, "order-2", billing_key, 400)
        assert shop.delete(f"/billing-keys/{billing_key}").status_code == 409
        response = shop.send_query("DELETE", "/payment-schedules", {"billingKey": billing_key})
        assert response.json()["revokedScheduleIds"] == [first, second]
        assert shop.delete(f"/billing-keys/{billing_key}").status_code == 200

    def test_do_not_slow_a_payment_down(self, shop: Shop) -> None:
        assert shop.pay().status_code == 200
        assert shop.pay("later-1").json()["type"] == "PAYMENT_SCHEDULE_ALREADY_EXISTS"

    def test_are_listed_from_the_range(self, shop: Shop) -> None:
        schedule_id = schedule(shop, "order-1", shop.issue_billing_key(), 1)
        time_range = {"from": START.isoformat(), "until": (START + timedelta(days=30)).isoformat()}
        listed = shop.send_query("GET", "/payment-schedules", {"filter": time_range}).json()
        assert [each["id"] for each in listed["items"]] == [schedule_id]


class TestPayments:
    @pytest.fixture(autouse=True)
    def payments(self, emulator: Emulator) -> None:
        for number in range(MANY):
            emulator.checkout(f"order-{number}", amount=1000)
            emulator.advance(minutes=1)

    def newest(self, emulator: Emulator, size: int) -> list[str]:
        """Forbid all payments but the newest, and return their IDs, the newest first."""
        newest = list(emulator._state.payments)[: -size - 1 : -1]
        forbid(emulator._state.payments, *newest)
        return [payment_id for _, payment_id in newest]

    @pytest.mark.parametrize("filters", [{}, {"storeId": "store-emulator"}])
    def test_first_page(self, emulator: Emulator, shop: Shop, filters: dict[str, str]) -> None:
        newest = self.newest(emulator, 10)
        listed = shop.send_query("GET", "/payments", {"filter": filters}).json()
        assert [each["id"] for each in listed["items"]] == newest
        assert listed["page"]["totalCount"] == MANY

    def test_filtered_page_reads_the_range_only(self, emulator: Emulator, shop: Shop) -> None:
        newest = self.newest(emulator, 10)
        filters = {"from": (emulator.now - timedelta(minutes=10)).isoformat(), "status": ["PAID"]}
        listed = shop.send_query("GET", "/payments", {"filter": filters}).json()
        assert [each["id"] for each in listed["items"]] == newest
        assert listed["page"]["totalCount"] == 10

    @pytest.mark.parametrize(
        "filters",
        [
            {"status": ["PAID"]},
            {"status": ["PAID", "FAILED"], "methods": ["CARD"], "currency": "KRW"},
            {"storeId": "store-emulator", "pgProvider": ["TOSSPAYMENTS"], "isTest": True},
            {"status": ["PAID"], "sortBy": "STATUS_CHANGED_AT"},
        ],
        ids=str,
    )
    def test_filtered_page(
        self, emulator: Emulator, shop: Shop, filters: dict[str, object]
    ) -> None:
        newest = self.newest(emulator, 10)
        listed = shop.send_query("GET", "/payments", {"filter": filters}).json()
        assert [each["id"] for each in listed["items"]] == newest
        assert listed["page"]["totalCount"] == MANY

    def test_few_among_many(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("rare", "failed", amount=1000, currency="USD")
        forbid(emulator._state.payments, ("store-emulator", "rare"))
        for filters in ({"status": ["FAILED"]}, {"currency": "USD"}):
            listed = shop.send_query("GET", "/payments", {"filter": filters}).json()
            assert [each["id"] for each in listed["items"]] == ["rare"]
            assert listed["page"]["totalCount"] == 1

    def test_range_after_a_cursor(self, emulator: Emulator, shop: Shop) -> None:
        newest = self.newest(emulator, 2)
        body = {"from": (emulator.now - timedelta(minutes=2)).isoformat()}
        listed = shop.send_query("GET", "/payments-by-cursor", body).json()
        assert [each["payment"]["id"] for each in listed["items"]] == newest[::-1]

    def test_story(self, emulator: Emulator, shop: Shop) -> None:
        shop.pay("another").raise_for_status()
        forbid(emulator._state.payments, ("store-emulator", "another"))
        url = f"{emulator.url}/_emulator/payment"
        page = httpx.get(url, params={"paymentId": "another"}, verify=False)
        assert page.status_code == 200
        assert "payInstantly" in page.text

    def test_page_after_a_cursor(self, emulator: Emulator, shop: Shop) -> None:
        newest = self.newest(emulator, 2)
        body = {"cursor": str(MANY - 2)}
        listed = shop.send_query("GET", "/payments-by-cursor", body).json()
        assert [each["payment"]["id"] for each in listed["items"]] == newest[::-1]

    def test_another_payment_and_its_account(self, emulator: Emulator, shop: Shop) -> None:
        emulator.checkout("account", "virtual_account", amount=1000)
        forbid(emulator._state.payments, ("store-emulator", "account"))
        shop.pay("another").raise_for_status()
        shop.cancel("another").raise_for_status()
        emulator.advance(days=7)
        assert shop.get_payment("account")["status"] == "CANCELLED"

    def test_dashboard(self, emulator: Emulator) -> None:
        for number in range(MAX_ROWS):
            emulator.checkout(f"newer-{number}", amount=1000)
        self.newest(emulator, MAX_ROWS)
        assert httpx.get(emulator.url, verify=False).status_code == 200


class TestOtherLists:
    """Of many records, a list reads its page only."""

    def check(
        self,
        records: dict[Any, Any],
        shop: Shop,
        path: str,
        filters: dict[str, object],
        size: int = 5,
    ) -> None:
        forbid(records, *list(records)[-size:])
        body = {"filter": filters, "page": {"number": 0, "size": size}}
        listed = shop.send_query("GET", path, body).json()
        assert len(listed["items"]) == size
        assert listed["page"]["totalCount"] == MANY

    @pytest.mark.parametrize(
        "filters", [{}, {"status": ["ISSUED"]}, {"customerId": "kim"}], ids=str
    )
    def test_billing_keys(self, emulator: Emulator, shop: Shop, filters: dict[str, object]) -> None:
        for _ in range(MANY):
            shop.issue_billing_key(customer={"id": "kim"})
        self.check(emulator._state.billing_keys, shop, "/billing-keys", filters)

    @pytest.mark.parametrize("filters", [{}, {"statuses": ["ISSUED"], "isManual": True}], ids=str)
    def test_cash_receipts(
        self, emulator: Emulator, shop: Shop, filters: dict[str, object]
    ) -> None:
        receipt = {
            "channelKey": "channel-key-1",
            "type": "PERSONAL",
            "orderName": "a book",
            "currency": "KRW",
            "amount": {"total": 1000},
            "customer": {"identityNumber": "01012345678"},
        }
        for number in range(MANY):
            body = {**receipt, "paymentId": f"order-{number}"}
            shop.post("/cash-receipts", json=body).raise_for_status()
        self.check(emulator._state.cash_receipts, shop, "/cash-receipts", filters)

    @pytest.mark.parametrize(
        "filters", [{}, {"statuses": ["VERIFIED"], "customer": {"gender": "MALE"}}], ids=str
    )
    def test_identity_verifications(
        self, emulator: Emulator, shop: Shop, filters: dict[str, object]
    ) -> None:
        for number in range(MANY):
            emulator.verify_identity(f"verification-{number}", customer={"gender": "MALE"})
        path = "/identity-verifications"
        self.check(emulator._state.identity_verifications, shop, path, filters)

    def test_schedules(self, emulator: Emulator, shop: Shop) -> None:
        billing_key = shop.issue_billing_key()
        for number in range(MANY):
            schedule(shop, f"order-{number}", billing_key, 1 + number)
        filters: dict[str, object] = {
            "billingKey": billing_key,
            "status": ["SCHEDULED"],
            "from": START.isoformat(),
            "until": (START + timedelta(days=365)).isoformat(),
        }
        self.check(emulator._state.schedules, shop, "/payment-schedules", filters)

    @pytest.mark.parametrize("filters", [{}, {"tags": ["fruit"]}, {"banks": ["SHINHAN"]}], ids=str)
    def test_partners(self, emulator: Emulator, shop: Shop, filters: dict[str, object]) -> None:
        contract = CONTRACT | {"id": "contract-1"}
        shop.post("/platform/contracts", json=contract).raise_for_status()
        for number in range(MANY):
            partner = PARTNER | {"id": f"partner-{number}"}
            shop.post("/platform/partners", json=partner).raise_for_status()
        partners = emulator._state.records.of_kind[False, "partner"]
        self.check(partners, shop, "/platform/partners", filters)


@pytest.mark.parametrize("urls", [1, MANY])
def test_waiting_webhooks_do_not_slow_others_down(
    emulator: Emulator, shop: Shop, urls: int
) -> None:
    for number in range(MANY):
        shop.pay(f"order-{number}", noticeUrls=[f"{CLOSED_PORT}/{number % urls}"])
    emulator.wait_for_webhooks()
    waiting = forbid_deliveries(emulator._state.delivery_queue)
    with receiving() as receiver:
        shop.pay("another", noticeUrls=[receiver.url])
        emulator.wait_for_webhooks()
        shop.post("/payments/another/resend-webhook", json={}).raise_for_status()
        emulator.wait_for_webhooks()
        assert receiver.types == ["Transaction.Paid"] * 2
    assert emulator.deliveries[waiting].is_delivered


class TestTimeIndex:
    @given(
        st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 9))), max_size=40)
    )
    def test_knows_the_first(self, changes: list[tuple[int, int | None]]) -> None:
        index: TimeIndex[int, str] = TimeIndex()
        expected: dict[int, str] = {}
        for key, time in changes:
            if time is None:
                index.discard(key)
                expected.pop(key, None)
            else:
                index.put(key, str(time))
                expected[key] = str(time)
        assert len(index) == len(expected)
        for key in sorted(expected, key=lambda key: expected[key]):
            assert index.first() == (expected[key], key)
            index.discard(key)
        assert index.first() is None

    def test_finds_a_key_by_bisection(self) -> None:
        index: TimeIndex[int, str] = TimeIndex()
        for number in range(SIZE):
            index.put(number, Time(f"{number * 7919 % SIZE:04}"))
        with few_comparisons():
            index.put(1, Time("2000"))
            index.discard(2)


class TestIndex:
    def test_finds_records_by_bisection(self) -> None:
        index: Index[int, str] = Index(
            lambda time: Fields({"time": time}, {"is odd": (time[-1] in "13579",)}, {})
        )
        for number in range(SIZE):
            index.put(number, Time(f"{number * 7919 % SIZE:04}"))
        with few_comparisons():
            index.put(1, Time("2000"))
            index.discard(2)
            found = index.select({"is odd": [True]}, Period("time", "1000", "3000"))
            assert 900 < len(found) < 1100
            assert len(found.keys("time", is_ascending=False, start=500, size=10)) == 10


SIZE = 4096
COMPARISONS = count()


class Time(str):
    """A text that counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __lt__(self, other: str) -> bool:
        next(COMPARISONS)
        return super().__lt__(other)

    def __gt__(self, other: str) -> bool:
        next(COMPARISONS)
        return super().__gt__(other)

    def __eq__(self, other: object) -> bool:
        next(COMPARISONS)
        return super().__eq__(other)


@contextmanager
def few_comparisons() -> Generator[None]:
    """Check that the block compares times far less often than there are."""
    before = next(COMPARISONS)
    assert before > SIZE  # they are counted
    yield
    assert next(COMPARISONS) - before < 16 * math.log2(SIZE)
