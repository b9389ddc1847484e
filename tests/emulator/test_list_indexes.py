"""Lists come from indexes: whatever changed before, they are what a look at each record would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_emulator import Emulator
from portone_emulator.errors import EmulatedAPIError
from portone_emulator.http.validation import ParsedRequest
from portone_emulator.state.index import Fields, Index, Period
from portone_emulator.state.json_values import format_datetime

from .conftest import CARD, START, charge

Json: TypeAlias = dict[str, Any]

# The index alone, with all that fields can be.


class Item(NamedTuple):
    created: str
    ended: str | None
    status: str
    owners: tuple[str, ...]
    tags: tuple[str, ...]

    def values(self, name: str) -> tuple[Hashable, ...]:
        return {"status": (self.status,), "owner": self.owners, "tag": self.tags}[name]


def fields_of(item: Item) -> Fields:
    return Fields(
        times={"created": item.created, "ended": item.ended},
        facets={"status": (item.status,)},
        lookups={"owner": item.owners, "tag": item.tags},
    )


TIMES = st.sampled_from("123456789")
ITEMS = st.builds(
    Item,
    created=TIMES,
    ended=st.none() | TIMES,
    status=st.sampled_from(["PAID", "FAILED", "READY"]),
    owners=st.sampled_from([(), ("kim",), ("lee",)]),
    tags=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple),
)
CHANGES = st.lists(st.tuples(st.integers(0, 50), st.none() | ITEMS), max_size=120)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from(["PAID", "FAILED", "READY", "other"]), max_size=3),
        "owner": st.lists(st.sampled_from(["kim", "lee", "other"]), max_size=2),
        "tag": st.lists(st.sampled_from(["a", "b", "c", "other"]), max_size=3),
        "unknown": st.just(["ignored"]),
    },
)
PERIODS = st.none() | st.builds(Period, st.sampled_from(["created", "ended"]), TIMES, TIMES)


def in_order(items: Iterable[tuple[int, Item]], time: str, *, is_ascending: bool) -> list[int]:
    """Sort as lists do: those of the same time by arrival, those without the time last."""
    numbered = [(getattr(item, time), number, key) for number, (key, item) in enumerate(items)]
    dated = sorted(each for each in numbered if each[0] is not None)
    rest = [each for each in numbered if each[0] is None]
    ordered = [*dated, *rest] if is_ascending else [*dated[::-1], *rest[::-1]]
    return [key for _, _, key in ordered]


@given(
    changes=CHANGES,
    wanted=WANTED,
    period=PERIODS,
    time=st.sampled_from(["created", "ended"]),
    is_ascending=st.booleans(),
    start=st.integers(0, 12),
    size=st.integers(1, 9),
    has_check=st.booleans(),
)
def test_a_selection_is_a_plain_filter(
    *,
    changes: list[tuple[int, Item | None]],
    wanted: dict[str, list[str]],
    period: Period | None,
    time: str,
    is_ascending: bool,
    start: int,
    size: int,
    has_check: bool,
) -> None:
    index: Index[int, Item] = Index(fields_of)
    items: dict[int, Item] = {}
    for key, item in changes:
        if item is None:
            index.discard(key)
            items.pop(key, None)
        else:
            index.put(key, item)
            items[key] = item

    def matches(key: int, item: Item) -> bool:
        return (
            all(
                not values or any(value in values for value in item.values(name))
                for name, values in wanted.items()
                if name != "unknown"
            )
            and (
                period is None or period.first <= (getattr(item, period.time) or "") <= period.last
            )
            and (key % 2 == 0 or not has_check)
        )

    found = index.select(wanted, period, (lambda key: key % 2 == 0) if has_check else None)
    expected = [(key, item) for key, item in items.items() if matches(key, item)]
    ordered = in_order(expected, time, is_ascending=is_ascending)
    assert len(found) == len(expected)
    assert found.keys(time, is_ascending=is_ascending) == ordered
    page = found.keys(time, is_ascending=is_ascending, start=start, size=size)
    assert page == ordered[start : start + size]
    assert +found.count_by("status") == Counter(item.status for _, item in expected)
    tags = {tag for item in items.values() for tag in item.tags}
    assert set(index.values_of("tag")) == tags


# The lists of the emulator, after random requests.

STORES = ("store-emulator", "store-a", "store-b")
ALL_TIMES = {"from": "0001-01-01T00:00:00Z", "until": "9999-01-01T00:00:00Z"}


class Account:
    """Sends random requests to an emulator, and compares its lists with its records."""

    def __init__(self, emulator: Emulator, seed: int) -> None:
        self.emulator = emulator
        self.random = Random(seed)
        self.number = 0
        self.billing_keys: list[tuple[str, str]] = []

    def send(self, operation_id: str, body: Json, **path: str) -> Any:
        state = self.emulator._state
        handler = self.emulator._api.handlers[operation_id]
        with state.lock:
            return handler(state, ParsedRequest(path=path, query={}, body=body))

    def act(self) -> None:
        """Do something, which may be refused."""
        self.number += 1
        actions = [self.checkout, self.pay, self.cancel, self.issue_receipt, self.issue_key]
        actions += [self.schedule, self.verify, self.delete_key, self.revoke, self.advance]
        with suppress(EmulatedAPIError):
            self.random.choice(actions)()

    def payment_id(self) -> str:
        return f"order-{self.random.randrange(self.number)}"

    def store(self) -> Json:
        return {"storeId": self.random.choice(STORES)}

    def checkout(self) -> None:
        outcome: Any = self.random.choice(["paid", "failed", "ready", "pay_pending"])
        method: Any = self.random.choice(["card", "transfer", "mobile"])
        currency = self.random.choice(["KRW", "USD"])
        store_id = self.store()["storeId"]
        self.emulator.checkout(
            self.payment_id(),
            outcome,
            amount=1000,
            method=method,
            currency=currency,
            store_id=store_id,
        )

    def pay(self) -> None:
        body = {"channelKey": "k", "orderName": "a book", "amount": {"total": 1000}}
        body |= {"currency": "KRW", "method": {"card": {"credential": CARD}}, **self.store()}
        self.send("payInstantly", body, paymentId=self.payment_id())

    def cancel(self) -> None:
        body = {"reason": "x", "amount": self.random.choice([1, 1000]), **self.store()}
        self.send("cancelPayment", body, paymentId=self.payment_id())

    def issue_receipt(self) -> None:
        body = {"channelKey": "k", "type": self.random.choice(["PERSONAL", "CORPORATE"])}
        body |= {"orderName": "a book", "currency": "KRW", "amount": {"total": 1000}}
        payment_id = self.payment_id()
        store = self.store()
        self.send("issueCashReceipt", {**body, **store, "paymentId": payment_id})
        if self.random.random() < 0.5:
            handler = self.emulator._api.handlers["cancelCashReceiptByPaymentId"]
            request = ParsedRequest(path={"paymentId": payment_id}, query=store, body={})
            with self.emulator._state.lock:
                handler(self.emulator._state, request)

    def issue_key(self) -> None:
        store = self.store()
        customer = {"id": f"customer-{self.random.randrange(3)}"}
        body = {"channelKey": "k", "method": {"card": {"credential": CARD}}, "customer": customer}
        info = self.send("issueBillingKey", {**body, **store})["billingKeyInfo"]
        self.billing_keys.append((store["storeId"], info["billingKey"]))

    def a_key(self) -> tuple[str, str]:
        if not self.billing_keys:
            self.issue_key()
        return self.random.choice(self.billing_keys)

    def delete_key(self) -> None:
        store_id, billing_key = self.a_key()
        request = ParsedRequest(
            path={"billingKey": billing_key}, query={"storeId": store_id}, body={}
        )
        with self.emulator._state.lock:
            self.emulator._api.handlers["deleteBillingKey"](self.emulator._state, request)

    def schedule(self) -> None:
        store_id, billing_key = self.a_key()
        time = format_datetime(self.emulator.now + timedelta(minutes=self.random.randrange(1, 90)))
        body = {"payment": {**charge(billing_key), "storeId": store_id}, "timeToPay": time}
        self.send("createPaymentSchedule", body, paymentId=self.payment_id())

    def revoke(self) -> None:
        store_id, billing_key = self.a_key()
        self.send("revokePaymentSchedules", {"storeId": store_id, "billingKey": billing_key})

    def verify(self) -> None:
        outcome: Any = self.random.choice(["verified", "failed"])
        gender = self.random.choice(["MALE", "FEMALE"])
        customer = {"fullName": self.random.choice(["Kim", "Lee"]), "gender": gender}
        store_id = self.store()["storeId"]
        self.emulator.verify_identity(
            f"verification-{self.random.randrange(self.number)}",
            outcome,
            customer=customer,
            store_id=store_id,
        )

    def advance(self) -> None:
        self.emulator.advance(minutes=self.random.randrange(1, 60))

    def check(self, kind: Kind) -> int:
        """Compare a kind's lists by all its filters and times; return how many items were listed."""
        listed = 0
        late = {"from": format_datetime(START + timedelta(hours=6)), "until": ALL_TIMES["until"]}
        for chosen, sort, order, times in product(
            kind.filters, kind.times, ("ASC", "DESC"), (ALL_TIMES, late)
        ):
            for time_range in kind.times:
                listed += self._compare(kind, chosen, (time_range, times), (sort, order))
        return listed

    def _compare(
        self, kind: Kind, chosen: Json, ranged: tuple[str, Json], ordered: tuple[str, str]
    ) -> int:
        (time_range, limits), (sort, order) = ranged, ordered
        records = list(getattr(self.emulator._state, kind.part).values())
        body = kind.body(chosen | limits, time_range, sort, order)
        if body is None:
            return 0
        size = 3
        response = self.send(kind.operation, {**body, "page": {"number": 1, "size": size}})
        first, last = format_limits(limits)
        matching = [
            (number, record)
            for number, record in enumerate(records)
            if all(kind.read(record, name) in wanted_of(value) for name, value in chosen.items())
            and first <= (kind.times[time_range](record) or "") <= last
        ]
        read = kind.times[sort]
        dated = sorted(
            (each for each in matching if read(each[1])), key=lambda each: (read(each[1]), each[0])
        )
        rest = [each for each in matching if not read(each[1])]
        if order == "DESC":
            dated.reverse()
            rest.reverse()
        expected = [kind.id(record) for _, record in [*dated, *rest]]
        assert response["page"]["totalCount"] == len(expected), body
        page = [item[kind.id_field] for item in response["items"]]
        assert page == expected[size : 2 * size], body
        return len(page)


def wanted_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def format_limits(limits: Json) -> tuple[str, str]:
    return limits["from"], limits["until"]


class Kind(NamedTuple):
    """How a kind of record is listed, read without the index's own code."""

    operation: str
    part: str
    id_field: str
    id: Callable[[Any], str]
    times: dict[str, Callable[[Any], str | None]]
    read: Callable[[Any, str], Any]
    filters: list[Json]

    def body(self, filters: Json, time_range: str, sort: str, order: str) -> Json | None:
        """Return the request's body; `None` if the operation has no such range."""
        if self.part == "payments":
            name = {"REQUESTED_AT": "CREATED_AT"}.get(time_range, time_range)
            order_fields = {"timestampType": name, "sortBy": sort, "sortOrder": order}
            return {"filter": {**filters, **order_fields}}
        if self.part == "schedules":
            if time_range != "TIME_TO_PAY":
                return None
            return {"filter": filters, "sort": {"by": sort, "order": order}}
        return {
            "filter": {**filters, "timeRangeField": time_range},
            "sort": {"by": sort, "order": order},
        }


def read_payment(payment: Any, name: str) -> Any:
    view = payment.view
    return {
        "storeId": view["storeId"],
        "status": "PENDING" if view["status"] == "PAY_PENDING" else view["status"],
        "currency": view["currency"],
        "methods": view.get("method", {}).get("type", "").removeprefix("PaymentMethod").upper(),
        "isScheduled": "scheduleId" in view,
        "cashReceiptStatus": view.get("cashReceipt", {}).get("status"),
    }[name]


def at(name: str) -> Callable[[Json], str | None]:
    return lambda record: record.get(name)


BY_STORE: list[Json] = [{"storeId": "store-a"}]
KINDS = [
    Kind(
        "getPayments",
        "payments",
        "id",
        lambda payment: payment.id,
        {
            "REQUESTED_AT": lambda payment: payment.view["requestedAt"],
            "STATUS_CHANGED_AT": lambda payment: payment.view["statusChangedAt"],
        },
        read_payment,
        [
            {},
            *BY_STORE,
            {"status": ["PAID"]},
            {"status": ["PENDING", "FAILED"], "currency": "KRW"},
            {"storeId": "store-b", "methods": ["CARD", "MOBILE"], "status": ["PAID"]},
            {"isScheduled": True},
            {"cashReceiptStatus": "ISSUED"},
        ],
    ),
    Kind(
        "getBillingKeyInfos",
        "billing_keys",
        "billingKey",
        lambda info: info["billingKey"],
        {"REQUESTED_AT": at("requestedAt"), "DELETED_AT": at("deletedAt")},
        lambda info, name: {
            "storeId": info["storeId"],
            "customerId": info["customer"]["id"],
            "status": info["status"],
        }[name],
        [
            {},
            *BY_STORE,
            {"status": ["DELETED"]},
            {"customerId": "customer-1"},
            {"customerId": "customer-1", "storeId": "store-a", "status": ["ISSUED"]},
        ],
    ),
    Kind(
        "getPaymentSchedules",
        "schedules",
        "id",
        lambda schedule: schedule.fields["id"],
        {
            "TIME_TO_PAY": lambda schedule: schedule.fields["timeToPay"],
            "COMPLETED_AT": lambda schedule: schedule.fields.get("completedAt"),
        },
        lambda schedule, name: {"storeId": schedule.key[0], "status": schedule.status}[name],
        [*BY_STORE, {"storeId": "store-b", "status": ["SCHEDULED", "SUCCEEDED"]}],
    ),
    Kind(
        "getCashReceipts",
        "cash_receipts",
        "paymentId",
        lambda receipt: receipt["paymentId"],
        {"ISSUED_AT": at("issuedAt"), "CANCELLED_AT": at("cancelledAt")},
        lambda receipt, name: (
            receipt["status" if name == "statuses" else name.removesuffix("s")]
            if name in {"statuses", "types"}
            else receipt[name]
        ),
        [
            {},
            *BY_STORE,
            {"statuses": ["CANCELLED"]},
            {"types": ["CORPORATE"], "statuses": ["ISSUED"]},
            {"orderName": "a book", "storeId": "store-b"},
        ],
    ),
    Kind(
        "getIdentityVerifications",
        "identity_verifications",
        "id",
        lambda record: record["id"],
        {"REQUESTED_AT": at("requestedAt"), "VERIFIED_AT": at("verifiedAt")},
        lambda record, name: record["status" if name == "statuses" else name],
        [{}, *BY_STORE, {"statuses": ["VERIFIED"]}, {"statuses": ["FAILED"], "storeId": "store-b"}],
    ),
]


def check_all(account: Account) -> None:
    for kind in KINDS:
        assert account.check(kind) > 0, kind.operation


@pytest.mark.parametrize("seed", range(3))
def test_lists_are_plain_filters_after_random_requests(seed: int) -> None:
    emulator = Emulator(start_at=START, any_store=True)
    account = Account(emulator, seed)
    for _ in range(400):
        account.act()
    check_all(account)
    restored = Emulator(start_at=START, any_store=True)
    restored.restore(emulator.snapshot())
    again = Account(restored, seed)
    check_all(again)
    again.number, again.billing_keys = account.number, account.billing_keys
    for _ in range(100):
        again.act()
    check_all(again)


def test_lists_are_plain_filters_after_a_journal_is_replayed(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with Emulator(start_at=START, any_store=True, journal=file) as emulator:
        account = Account(emulator, 0)
        for _ in range(400):
            account.act()
    with Emulator(start_at=START, any_store=True, journal=file) as emulator:
        check_all(Account(emulator, 0))


@pytest.mark.parametrize("operation", ["getAllPaymentsByCursor", "getAllPaymentEventsByCursor"])
@pytest.mark.parametrize("size", [1, 7])
def test_cursors_walk_through_a_period(operation: str, size: int) -> None:
    emulator = Emulator(start_at=START, any_store=True)
    account = Account(emulator, 0)
    for _ in range(300):
        account.act()
    state = emulator._state
    times = {
        "from": format_datetime(START + timedelta(hours=2)),
        "until": format_datetime(START + timedelta(hours=9)),
    }
    for store_id in STORES:
        body: Json = {**times, "storeId": store_id, "size": size}
        seen: list[Any] = []
        while items := account.send(operation, body)["items"]:
            assert len(items) <= size
            seen += [item.get("payment", item.get("paymentEvent")) for item in items]
            body["cursor"] = items[-1]["cursor"]
        if operation == "getAllPaymentsByCursor":
            expected = [
                payment.view
                for payment in state.payments.values()
                if payment.store_id == store_id
                and times["from"] <= payment.transactions[0].fields["requestedAt"] <= times["until"]
            ]
        else:
            expected = [
                event
                for event in state.events
                if event["storeId"] == store_id
                and times["from"] <= event["createdAt"] <= times["until"]
            ]
        assert seen == expected
        assert seen
